import type { OperationId } from "@sf-image-store/types";
import type { Answer } from "../answers.js";
import type { Query } from "../router.js";
import type { StorePath } from "../store/store-path.js";

/** A request whose operation and api-version are settled. */
export interface ImageStoreRequest {
  /** The store path in the URL; undefined for operations without one. */
  readonly path: StorePath | undefined;
  readonly query: Query;
  readonly apiVersion: number;
  readonly contentRange: string | undefined;
  /** The body, not read yet. Leaving it early does not break the connection, so an answer can still be sent. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Does one operation. Failures are thrown as FabricError. */
export type Handler = (request: ImageStoreRequest) => Promise<Answer>;

/** The operations that are emulated; every other one answers 501. */
export type Handlers = Partial<Record<OperationId, Handler>>;
