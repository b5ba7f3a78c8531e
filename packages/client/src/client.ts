import { type ContentOperations, contentOperations } from "./content-operations.js";
import type { ClientOptions } from "./options.js";
import { createTransport } from "./transport.js";
import { type UploadSessionOperations, uploadSessionOperations } from "./upload-sessions.js";

/**
 * The image store of one cluster. Every method rejects with one of this package's errors: InvalidInputError before
 * anything is sent, FabricError when the server refuses, NetworkError, TimeoutError or AbortError when no answer came,
 * ProtocolError when the answer is not what the API promises.
 */
export interface ImageStoreClient extends ContentOperations, UploadSessionOperations {}

/** Makes a client. Sends nothing yet. Throws InvalidInputError for an endpoint that cannot be one. */
export function createImageStoreClient(options: ClientOptions): ImageStoreClient {
  const http = createTransport(options);
  return { ...contentOperations(http, options.gatewayPlatform), ...uploadSessionOperations(http) };
}
