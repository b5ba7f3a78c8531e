import type { OperationId } from "@sf-image-store/types";
import type { Answer } from "../answers.js";
import type { Query } from "../query.js";
import type { StorePath } from "../store/store-path.js";

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
