import { isReservedFolder, type OperationId } from "@sf-image-store/types";
import type { StorePath } from "../store/store-path.js";
import type { Answer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import type { Query } from "../wire/query.js";

/** A request whose operation and api-version are settled. */
export interface ImageStoreRequest {
  /** The store path in the URL; undefined for operations without one. */
  readonly path: StorePath | undefined;
  readonly query: Query;
  readonly apiVersion: number;
  readonly contentRange: string | undefined;
  /** How long the work may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The body of a PUT, not read yet. Leaving it early does not break the connection, so an answer can still be sent. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The body of a POST or DELETE, which the gateway reads before anything else; empty for other methods. */
  readonly smallBody: Buffer;
}

/** Does one operation. Failures are thrown as FabricError. */
export type Handler = (request: ImageStoreRequest) => Promise<Answer>;

/** A handler for every operation of the API; one that is missing does not compile. */
export type Handlers = Readonly<Record<OperationId, Handler>>;

/** @throws FabricError `E_INVALIDARG` for a path that decodes to nothing. */
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
