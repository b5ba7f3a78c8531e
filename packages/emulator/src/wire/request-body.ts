import type { IncomingMessage } from "node:http";
import { FabricError } from "./fabric-error.js";

/** The gateway's limit for bodies it reads before the handler runs (protocol §5.1). Uploads have none. */
const maxSmallBodyBytes = 4 * 1024 * 1024;

/** The body of a request, piece by piece. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage;
  readonly #ahead: Buffer[] = [];

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  /** A reader that stops early leaves the connection open, so that it can be answered. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield* this.#ahead.splice(0);
    yield* this.#request.iterator({ destroyOnReturn: false });
  }

  /**
   * Keeps the connection moving while `work` goes on: what has arrived of the body is kept for the reader. Without this,
   * a full buffer stops the connection, and with it the TLS handshake that is behind the body.
   * @throws `tooMuch()` as soon as more than `limitBytes` have arrived.
   */
  async readAhead<T>(limitBytes: number, work: Promise<T>, tooMuch: () => Error): Promise<T> {
    const request = this.#request;
    let length = 0;
    let onData = (_piece: Buffer) => {};
    const overflow = new Promise<never>((_resolve, reject) => {
      onData = (piece) => {
        this.#ahead.push(piece);
        length += piece.length;
        if (length > limitBytes) reject(tooMuch());
      };
    });
    request.on("data", onData);
    try {
      return await Promise.race([work, overflow]);
    } finally {
      request.pause();
      request.off("data", onData);
    }
  }
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
