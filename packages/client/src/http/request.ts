import { type OperationId, operations } from "@sf-image-store/types";
import { type Clock, linkedAbort, onAbort, untilAborted } from "../async/clock.js";
import type { RequestContext } from "../errors/errors.js";
import type { Limits, Received } from "../wire/request.js";

/** Names the request in the cluster's traces; servers do not send it back (protocol §1.6). */
export const requestIdHeader = "X-ServiceFabricRequestId";

function isOperationId(id: string): id is OperationId {
  return Object.hasOwn(operations, id);
}

function operationIdOf(request: Request, template: string): OperationId {
  const id = Object.keys(operations)
    .filter(isOperationId)
    .find((one) => operations[one].method === request.method && operations[one].path === template);
  if (id === undefined) throw new Error(`${request.method} ${template} is not in the operation table`);
  return id;
}

export function contextOf(request: Request, template: string): RequestContext {
  return {
    operationId: operationIdOf(request, template),
    request: `${request.method} ${request.url}`,
    requestId: request.headers.get(requestIdHeader) ?? "",
  };
}

/** The same request, as it was sent to another endpoint. */
export function contextAt(context: RequestContext, url: string): RequestContext {
  return { ...context, request: `${context.request.slice(0, context.request.indexOf(" "))} ${url}` };
}

/** A version 4 UUID. The platform's own, which is much cheaper, is missing on plain-http pages. */
export function randomRequestId(): string {
  const { randomUUID }: { randomUUID?: () => string } = crypto;
  if (randomUUID !== undefined) return randomUUID.call(crypto);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** The largest answer that a listing may have, in bytes. Servers end a page at about 3 MiB (protocol §1.3). */
export const maxListingBytes = 64 * MiB;

/** The largest answer that any other request may have, in bytes. */
export const maxAnswerBytes = MiB;

/** How long a gateway works on a request that does not say, in seconds (protocol §5.1). */
const serverDefaultSeconds = 60;

/** What the network may add to that, in seconds. */
const networkSeconds = 30;

/** The slowest network that a request body still gets through in time, in bytes per second. */
const slowestBytesPerSecond = 16 * KiB;

const listings: ReadonlySet<OperationId> = new Set(["GetImageStoreContent", "GetImageStoreRootContent"]);

/**
 * What one attempt at a request may use. The time covers sending, waiting and reading the whole answer: what the server may
 * take, 30 seconds for the network, and a second for every 16 KiB of the body, so that a slow upload is not cut off.
 */
export function limitsOf(operationId: OperationId, query: object | undefined, bodyBytes: number): Limits {
  const given: unknown = query !== undefined && "timeout" in query ? query.timeout : undefined;
  const serverSeconds = typeof given === "number" ? given : serverDefaultSeconds;
  return {
    ms: attemptMs(serverSeconds, bodyBytes),
    answerBytes: listings.has(operationId) ? maxListingBytes : maxAnswerBytes,
  };
}

/** How long one attempt may take in all, in milliseconds. */
export function attemptMs(serverSeconds: number, bodyBytes: number): number {
  return Math.ceil((serverSeconds + networkSeconds + bodyBytes / slowestBytesPerSecond) * 1000);
}

/** An attempt took longer than its limit. */
export class OutOfTime extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ETIMEDOUT";

  constructor(ms: number) {
    super(`no complete answer came within ${Math.round(ms / 1000)} seconds`);
  }
}

/**
 * Makes one attempt at a request and reads its answer, by any `fetch`. `send` gets a signal of its own, which follows the
 * caller's only until this call settles: platforms keep a listener on a signal for as long as it lives.
 *
 * Rejects with OutOfTime, with the caller's reason for aborting, or with what `send` rejected with.
 */
export async function withinLimits(
  clock: Clock,
  callerSignal: AbortSignal | undefined,
  { ms, answerBytes }: Limits,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Received> {
  return withinTime(clock, callerSignal, ms, async (signal) => {
    try {
      const response = await send(signal);
      return { response, ...(await readContent(response, answerBytes, signal)) };
    } catch (error) {
      // Not every platform rejects with the reason.
      throw signal.aborted ? signal.reason : error;
    }
  });
}

/** Gives an attempt a signal that follows the caller's until it settles, and is aborted with OutOfTime after so long. */
export async function withinTime<Value>(
  clock: Clock,
  callerSignal: AbortSignal | undefined,
  ms: number,
  attempt: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const end = linkedAbort(callerSignal);
  const cancel = clock.setTimer(ms, () => end.abort(new OutOfTime(ms)));
  try {
    return await attempt(end.signal);
  } finally {
    cancel();
    end.unlink();
  }
}

/** Cancels what is too large, which ends its connection. */
async function readContent(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Omit<Received, "response">> {
  const { body } = response;
  // Some implementations of fetch have streams of their own.
  if (typeof body?.getReader !== "function") {
    const bytes = new Uint8Array(await untilAborted(signal, response.arrayBuffer()));
    return { bytes, isTooLarge: bytes.byteLength > maxBytes };
  }
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  if (signal.aborted) cancel();
  const unfollow = onAbort(signal, cancel);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    while (size <= maxBytes) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return { bytes: await joined(pieces), isTooLarge: false };
      pieces.push(value);
      size += value.byteLength;
    }
  } finally {
    unfollow();
  }
  cancel();
  return { bytes: await joined(pieces), isTooLarge: true };
}

async function joined(pieces: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  const [only, ...more] = pieces;
  if (only !== undefined && more.length === 0) return only;
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
