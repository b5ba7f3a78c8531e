import type { IncomingMessage } from "node:http";
import { FabricError } from "./fabric-error.js";

/** The gateway's limit for bodies it reads before the handler runs (protocol §5.1). Uploads have none. */
const maxSmallBodyBytes = 4 * 1024 * 1024;

/** The body, piece by piece. A reader that stops early leaves the connection open, so that it can be answered. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/**
 * Reads past the body of a request that needs none.
 * @throws FabricError `FABRIC_E_MESSAGE_TOO_LARGE` above 4 MiB.
 */
export async function skipSmallBody(request: IncomingMessage): Promise<void> {
  refuseAbove(Number(request.headers["content-length"] ?? 0));
  let length = 0;
  for await (const piece of bodyOf(request)) {
    length += piece.length;
    refuseAbove(length);
  }
}

function refuseAbove(length: number): void {
  if (length > maxSmallBodyBytes) throw new FabricError("FABRIC_E_MESSAGE_TOO_LARGE");
}
