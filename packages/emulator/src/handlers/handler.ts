import { isReservedFolder } from "@sf-image-store/types";
import type { StorePath } from "../store/store-path.js";
import type { Answer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import type { OperationId } from "../wire/operations.js";
import type { Query } from "../wire/query.js";

/** A request with a known operation and a valid api-version. */
export interface ImageStoreRequest {
  /** The store path in the URL. Undefined for operations without one. */
  readonly path: StorePath | undefined;
  /** The name or ID of the resource in the URL, decoded. Undefined for operations without one. */
  readonly resource: string | undefined;
  readonly query: Query;
  readonly apiVersion: number;
  readonly contentRange: string | undefined;
  /** Undefined if the sender did not know the length of the body. */
  readonly contentLength: string | undefined;
  /** Time limit for the work, in milliseconds. */
  readonly timeoutMs: number;
  /** The body of a PUT, not read yet. A handler can respond without reading all of it. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The body of a POST or DELETE, which the gateway reads first. Empty for other methods. */
  readonly smallBody: Buffer;
}

/** Performs one operation. @throws FabricError */
export type Handler = (request: ImageStoreRequest) => Promise<Answer>;

/** A handler for every operation of the API. A missing one is a compile error. */
export type Handlers = Readonly<Record<OperationId, Handler>>;

/** @throws FabricError `E_INVALIDARG` if the decoded path is empty. */
export function requirePath({ path }: ImageStoreRequest): StorePath {
  if (path === undefined) throw new FabricError("E_INVALIDARG");
  return path;
}

/**
 * Throws for a reserved folder, but not for paths inside it (protocol §1.4).
 * @param text The path as sent. The gateway checks it before trimming separators, so `Store\` passes.
 */
export function refuseReservedFolder(text: string): void {
  if (isReservedFolder(text)) {
    throw new FabricError("FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR");
  }
}
