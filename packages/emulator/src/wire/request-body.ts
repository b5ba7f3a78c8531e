import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { FabricError } from "./fabric-error.js";

/** The gateway's size limit for bodies that it reads before the handler runs (protocol §5.1). Uploads have no limit. */
const maxSmallBodyBytes = 4 * 1024 * 1024;

/** Reads a stream in batches, because handling each piece of 64 KiB on its own takes longer than copying it. */
export interface BatchReader {
  /**
   * The next pieces, in order: at least a batch, or all that are left. Empty at the end. Rejects with the error of the stream,
   * or with the reason of the signal as soon as that is aborted.
   */
  next(): Promise<readonly Uint8Array[]>;
  /** Stops reading. Does not wait for the stream, which may never respond. */
  end(): void;
}

/**
 * Reads a stream in batches until the signal is aborted.
 * @param batchBytes Size of a batch. Asked for each piece, because it can shrink while other streams begin.
 */
export function readInBatches(
  source: AsyncIterable<Uint8Array>,
  batchBytes: () => number,
  signal: AbortSignal,
): BatchReader {
  return source instanceof RequestBody
    ? source.batches(batchBytes, signal)
    : new IteratorBatches(source, batchBytes, signal);
}

/** Collects pieces until there are enough of them. */
abstract class Batches implements BatchReader {
  readonly #batchBytes: () => number;
  readonly #signal: AbortSignal | undefined;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #hasEnded = false;
  #failure: { readonly reason: unknown } | undefined;
  #settle: (() => void) | undefined;

  constructor(batchBytes: () => number, signal: AbortSignal | undefined) {
    this.#batchBytes = batchBytes;
    this.#signal = signal;
    if (signal?.aborted === true) this.fail(signal.reason);
    signal?.addEventListener("abort", this);
  }

  handleEvent(): void {
    this.fail(this.#signal?.reason);
  }

  next(): Promise<readonly Uint8Array[]> {
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        this.#settle = undefined;
        if (this.#failure === undefined) resolve(this.#take());
        else reject(this.#failure.reason);
      };
      if (this.isEnough) this.#settle();
      else this.request();
    });
  }

  end(): void {
    this.#signal?.removeEventListener("abort", this);
  }

  /** Asks the source for pieces until `isEnough`. */
  protected abstract request(): void;

  protected get isEnough(): boolean {
    return this.#bytes >= this.#batchBytes() || this.#hasEnded || this.#failure !== undefined;
  }

  protected get isWaiting(): boolean {
    return this.#settle !== undefined;
  }

  protected add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.isEnough) this.#settle?.();
  }

  protected complete(): void {
    this.#hasEnded = true;
    this.#settle?.();
  }

  protected fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#settle?.();
  }

  #take(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }
}

class IteratorBatches extends Batches {
  readonly #iterator: AsyncIterator<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>, batchBytes: () => number, signal: AbortSignal) {
    super(batchBytes, signal);
    this.#iterator = source[Symbol.asyncIterator]();
  }

  override end(): void {
    super.end();
    void this.#iterator.return?.().catch(() => undefined);
  }

  protected override request(): void {
    this.#iterator.next().then(
      ({ done, value }) => {
        if (done === true) return this.complete();
        this.add(value);
        if (!this.isEnough) this.request();
      },
      (reason: unknown) => this.fail(reason),
    );
  }
}

/** Listens to a request instead of iterating over it, because an iterator takes several steps for each piece. */
class RequestBatches extends Batches {
  readonly #request: IncomingMessage;

  constructor(
    request: IncomingMessage,
    ahead: readonly Uint8Array[],
    batchBytes: () => number,
    signal: AbortSignal | undefined,
  ) {
    super(batchBytes, signal);
    this.#request = request;
    for (const piece of ahead) this.add(piece);
    if (request.readableEnded) this.complete();
    else if (request.destroyed) this.#onClose();
    request
      .on("data", this.#onData)
      .on("end", this.#onEnd)
      .on("error", this.#onError)
      .on("close", this.#onClose);
    // A listener for data starts the stream.
    request.pause();
  }

  override end(): void {
    super.end();
    const request = this.#request.off("data", this.#onData).off("end", this.#onEnd);
    request.off("error", this.#onError).off("close", this.#onClose);
  }

  protected override request(): void {
    this.#request.resume();
  }

  readonly #onData = (piece: Uint8Array) => {
    this.add(piece);
    // The next batch can arrive while this one is written, but not more than that.
    if (this.isEnough && !this.isWaiting) this.#request.pause();
  };
  readonly #onEnd = () => this.complete();
  readonly #onError = (error: Error) => this.fail(error);
  readonly #onClose = () => {
    if (!this.#request.readableEnded)
      this.fail(new Error("The connection closed before the end of the body."));
  };
}

/** The body of a request as a stream. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage;
  readonly #ahead: Buffer[] = [];

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  /** If a reader stops early, the connection stays open for the response. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const batches = this.batches(() => 1);
    try {
      for (let pieces = await batches.next(); pieces.length > 0; pieces = await batches.next()) yield* pieces;
    } finally {
      batches.end();
    }
  }

  batches(batchBytes: () => number, signal?: AbortSignal): BatchReader {
    return new RequestBatches(this.#request, this.#ahead.splice(0), batchBytes, signal);
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
