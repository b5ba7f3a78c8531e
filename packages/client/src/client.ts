import { systemClock } from "./async/clock.js";
import { type ClientOptions, requireClientOptions } from "./http/options.js";
import { once, retrying, retrySettings } from "./http/retry.js";
import { createTransport, type Transport } from "./http/transport.js";
import { type ClusterOperations, clusterOperations } from "./operations/cluster-operations.js";
import {
  type ContentOperations,
  contentOperations,
  type UploadSessionOperations,
  uploadSessionOperations,
} from "./operations/store-operations.js";
import { type PackageOperations, packageOperations } from "./package/packages.js";
import type { UploadEnvironment } from "./upload/upload-run.js";
import { type UploadOperations, uploadOperations } from "./upload/uploads.js";

/**
 * The image store of one cluster. Every method rejects with one of this package's errors: InvalidInputError before
 * anything is sent, CredentialError without a token, FabricError when the server refuses, NetworkError, TimeoutError or
 * AbortError when no answer came, ProtocolError when the answer is not what the API promises. Uploads of whole files have
 * errors of their own.
 */
export interface ImageStoreClient
  extends ContentOperations,
    UploadSessionOperations,
    UploadOperations,
    PackageOperations,
    ClusterOperations {}

/** Makes a client. Sends nothing yet. Throws InvalidInputError for options that cannot work. */
export function createImageStoreClient(options: ClientOptions): ImageStoreClient {
  requireClientOptions(options);
  const http = createTransport(options);
  const environment = createEnvironment(options, http);
  const { gatewayPlatform, retryOptions = {} } = options;
  const retry = retrying(retrySettings(retryOptions, 3), environment);
  return {
    ...contentOperations(http, gatewayPlatform, retry),
    ...uploadSessionOperations(http, retry),
    ...uploadOperations(environment, gatewayPlatform),
    ...packageOperations(environment, gatewayPlatform),
    ...clusterOperations(http, retry),
  };
}

/** Everything that uploads need, for this client and for those built on it. */
export function createEnvironment(
  options: ClientOptions,
  http: Transport = createTransport(options),
): UploadEnvironment {
  const hasSessions = options.gatewayPlatform === "linux" ? false : undefined;
  return {
    operations: {
      // The engine retries by itself.
      ...contentOperations(http, options.gatewayPlatform, once),
      ...uploadSessionOperations(http, once),
      putStream: async (content) =>
        (await import("./operations/write-operations.js")).putContent(http, content),
    },
    gateway: { hasSessions, hasAnswered: false, refusedSize: undefined },
    clock: systemClock,
    random: Math.random,
  };
}
