import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { FabricError } from "./fabric-error.js";

/** The gateway's size limit for bodies that it reads before the handler runs (protocol §5.1). Uploads have no limit. */
const maxSmallBodyBytes = 4 * 1024 * 1024;

/** The body of a request as a stream. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage;
  readonly #ahead: Buffer[] = [];

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  /** If a reader stops early, the connection stays open for the response. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const rest: AsyncIterableIterator<Uint8Array> = this.#request.iterator({ destroyOnReturn: false });
    // Most bodies have no such beginning, and each generator takes time for every piece.
    return this.#ahead.length === 0 ? rest : joined(this.#ahead.splice(0), rest);
  }

  /**
   * Buffers the body for the reader while `work` is in progress. Without this, a full buffer would block the connection, and with
   * it the TLS handshake that follows the body.
   * @throws `createOverflowError()` as soon as more than `limitBytes` have arrived.
   */
  async readAhead<T>(limitBytes: number, work: Promise<T>, createOverflowError: () => Error): Promise<T> {
    const request = this.#request;
    let length = 0;
    let onData = (_piece: Buffer) => {};
    const overflow = new Promise<never>((_resolve, reject) => {
      onData = (piece) => {
        this.#ahead.push(piece);
        length += piece.length;
        if (length > limitBytes) reject(createOverflowError());
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

async function* joined(
  first: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}

/** A network that all connections share. */
export class Bandwidth {
  readonly #bytesPerSecond: number;
  readonly #closing: AbortSignal;
  /** When all bytes so far have passed. */
  #freeAt = 0;

  /** @param closing Ends every wait. */
  constructor(bytesPerSecond: number, closing: AbortSignal) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#closing = closing;
  }

  async *limit(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      const now = performance.now();
      this.#freeAt = Math.max(this.#freeAt, now) + (piece.length / this.#bytesPerSecond) * 1000;
      // Timers are not more precise. A later piece waits for this one, too.
      const ms = this.#freeAt - now;
      if (ms >= 1) await sleep(ms, undefined, { signal: this.#closing }).catch(() => undefined);
      yield piece;
    }
  }
}

/**
 * Reads a whole body.
 * @throws FabricError `FABRIC_E_MESSAGE_TOO_LARGE` above 4 MiB. If the header announces the length, before reading.
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
