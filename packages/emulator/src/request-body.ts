import type { IncomingMessage } from "node:http";
import { FabricError } from "./fabric-error.js";

/** The gateway's limit for bodies it reads before the handler runs (protocol §5.1). Uploads have none. */
const maxSmallBodyBytes = 4 * 1024 * 1024;

/** The body, piece by piece. A reader that stops early leaves the connection open, so that it can be answered. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/**
 * Reads a whole body.
 * @throws FabricError `FABRIC_E_MESSAGE_TOO_LARGE` above 4 MiB, at once when the length is announced.
 */
export async function readSmallBody(
  body: AsyncIterable<Uint8Array>,
  announcedLength: string | undefined,
): Promise<Buffer> {
  refuseAbove(Number(announcedLength ?? 0));
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    refuseAbove(length);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function refuseAbove(length: number): void {
  if (length > maxSmallBodyBytes) throw new FabricError("FABRIC_E_MESSAGE_TOO_LARGE");
}
