import { type Clock, onAbort, untilAborted } from "../async/clock.js";
import type { AnyOperationId, RequestContext } from "../errors/errors.js";
import { hexOf } from "../wire/bytes.js";
import type { Limits, Received } from "../wire/request.js";

/** Identifies the request in the cluster's traces. Servers do not return it (protocol §1.6). */
export const requestIdHeader = "X-ServiceFabricRequestId";

/** The context of the same request at another URL. */
export function contextAt(context: RequestContext, url: string): RequestContext {
  return { ...context, request: `${context.request.slice(0, context.request.indexOf(" "))} ${url}` };
}

/** A version 4 UUID. `crypto.randomUUID` is faster but missing on plain http pages. */
export function randomRequestId(): string {
  const { randomUUID }: { randomUUID?: () => string } = crypto;
  if (randomUUID !== undefined) return randomUUID.call(crypto);
  const hex = hexOf(crypto.getRandomValues(new Uint8Array(16)));
  return hex.replace(/(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** The maximum size of a listing response, in bytes. Servers limit a page to about 3 MiB (protocol §1.3). */
export const maxListingBytes = 64 * MiB;

/** The maximum size of any other response, in bytes. */
export const maxAnswerBytes = MiB;

/** The default server timeout of a gateway, in seconds (protocol §5.1). */
const serverDefaultSeconds = 60;

/** Extra time for the network, in seconds. */
const networkSeconds = 30;

/** The slowest supported upload speed, in bytes per second. The time limits of requests allow for it. */
export const slowestBytesPerSecond = 16 * KiB;

const listings: ReadonlySet<AnyOperationId> = new Set(["GetImageStoreContent", "GetImageStoreRootContent"]);

/**
 * The limits of one attempt. The time covers sending the request, waiting, and reading the whole response: the server
 * timeout, 30 seconds for the network, and one second for every 16 KiB of the body.
 */
export function limitsOf(
  operationId: AnyOperationId,
  timeoutSeconds = serverDefaultSeconds,
  bodyBytes = 0,
  answerBytes = listings.has(operationId) ? maxListingBytes : maxAnswerBytes,
): Limits {
  return { ms: attemptMs(timeoutSeconds, bodyBytes), answerBytes };
}

/** The total time limit of one attempt, in milliseconds. */
export function attemptMs(serverSeconds: number, bodyBytes: number): number {
  return Math.ceil((serverSeconds + networkSeconds + bodyBytes / slowestBytesPerSecond) * 1000);
}

/** An attempt exceeded its time limit. */
export class AttemptTimeout extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ETIMEDOUT";

  constructor(ms: number) {
    super(`no complete response within ${Math.round(ms / 1000)} seconds`);
  }
}

/**
 * Makes one attempt at a request and reads the response, with any `fetch`. `send` gets its own signal, because platforms never
 * remove their listeners from a signal.
 *
 * Rejects with AttemptTimeout, the reason of the caller's signal, or the error of `send`.
 */
export async function withLimits(
  clock: Clock,
  callerSignal: AbortSignal | undefined,
  { ms, answerBytes }: Limits,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Received> {
  return limitAttempt(clock, callerSignal, ms, async (signal) => {
    const response = await send(signal);
    return { response, ...(await readContent(response, answerBytes, signal)) };
  });
}

/**
 * Runs an attempt with a signal of its own. After an abort by the caller or `ms` milliseconds, aborts it and rejects with the
 * reason at once, because some platforms reject with another error, or not at all.
 */
export function limitAttempt<Value>(
  clock: Clock,
  callerSignal: AbortSignal | undefined,
  ms: number,
  attempt: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const stop = (reason: unknown) => {
      end();
      // First, because aborting may make the attempt reject.
      reject(reason);
      controller.abort(reason);
    };
    const removeCallback =
      callerSignal === undefined ? () => {} : onAbort(callerSignal, () => stop(callerSignal.reason));
    const cancel = clock.setTimer(ms, () => stop(new AttemptTimeout(ms)));
    const end = () => {
      cancel();
      removeCallback();
    };
    if (callerSignal?.aborted) return stop(callerSignal.reason);
    attempt(controller.signal).then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}

/** Reads the body. Cancels a body that is too large, which closes the connection. */
async function readContent(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Omit<Received, "response">> {
  // The `fetch` of `createNodeFetch` offers content that it has already read. A stream would cost more than the request.
  if ("buffered" in response && response.buffered instanceof Uint8Array) {
    const { buffered } = response;
    return { bytes: buffered, isTooLarge: buffered.byteLength > maxBytes };
  }
  const { body } = response;
  // Some fetch implementations return bodies that are not web streams.
  if (typeof body?.getReader !== "function") {
    const bytes = new Uint8Array(await untilAborted(signal, response.arrayBuffer()));
    return { bytes, isTooLarge: bytes.byteLength > maxBytes };
  }
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  if (signal.aborted) cancel();
  const removeCallback = onAbort(signal, cancel);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    while (size <= maxBytes) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return { bytes: concatenate(pieces, size), isTooLarge: false };
      pieces.push(value);
      size += value.byteLength;
    }
  } finally {
    removeCallback();
  }
  cancel();
  return { bytes: concatenate(pieces, size), isTooLarge: true };
}

function concatenate(pieces: Uint8Array<ArrayBuffer>[], size: number): Uint8Array<ArrayBuffer> {
  const [only, ...more] = pieces;
  if (only !== undefined && more.length === 0) return only;
  const all = new Uint8Array(size);
  let position = 0;
  for (const piece of pieces) {
    all.set(piece, position);
    position += piece.byteLength;
  }
  return all;
}
