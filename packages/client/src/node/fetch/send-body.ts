import type { ClientRequest } from "node:http";
import { TransportError } from "./options.js";
import type { OutgoingBody } from "./request.js";

/** The piece size over TLS, which limits the memory for encrypted copies. Plain HTTP does not copy. */
const pieceBytes = 1024 * 1024;

/** The piece size with an `onSent` callback, for several calls per second on a slow network. */
const watchedPieceBytes = 128 * 1024;

/**
 * Writes a body and ends the request. Destroys the request with the error after a failure.
 * @param onSent Called with the number of bytes handed to the operating system since the last call.
 */
export function sendBody(
  request: ClientRequest,
  body: OutgoingBody | undefined,
  isEncrypted: boolean,
  onSent?: (bytes: number) => void,
): void {
  const report = (bytes: number) => {
    if (request.destroyed) return;
    try {
      onSent?.(bytes);
    } catch (error) {
      request.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const streamPieceBytes = onSent === undefined ? Number.POSITIVE_INFINITY : watchedPieceBytes;
  if (body === undefined) request.end();
  else if ("stream" in body) void sendStream(request, body.stream, body.length, streamPieceBytes, report);
  else if (onSent !== undefined) sendPieces(request, body.bytes, 0, watchedPieceBytes, report);
  else if (isEncrypted && body.length > pieceBytes) sendPieces(request, body.bytes, 0, pieceBytes, report);
  else request.end(body.bytes);
}

function sendPieces(
  request: ClientRequest,
  bytes: Uint8Array,
  from: number,
  size: number,
  report: (bytes: number) => void,
): void {
  const piece = bytes.subarray(from, from + size);
  const next = from + piece.byteLength;
  if (next === bytes.byteLength) request.end(piece, () => report(piece.byteLength));
  else {
    request.write(piece, (error) => {
      if (error || request.destroyed) return;
      report(piece.byteLength);
      sendPieces(request, bytes, next, size, report);
    });
  }
}

async function sendStream(
  request: ClientRequest,
  stream: ReadableStream<Uint8Array>,
  length: number,
  size: number,
  report: (bytes: number) => void,
): Promise<void> {
  const reader = stream.getReader();
  // The source of the stream may never settle by itself.
  request.once("close", () => void reader.cancel().catch(() => {}));
  let sent = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || request.destroyed) break;
      sent += requireBytes(value).byteLength;
      if (sent > length) throw mismatch(`more than the ${length}`);
      for (let from = 0; from < value.byteLength && !request.destroyed; from += size) {
        const piece = value.subarray(from, from + size);
        await write(request, piece);
        report(piece.byteLength);
      }
    }
    if (sent < length && !request.destroyed) throw mismatch(`${sent} and not the ${length}`);
    request.end();
  } catch (error) {
    request.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function requireBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError("A stream body must contain Uint8Arrays");
}

function mismatch(found: string): TransportError {
  const message = `the body has ${found} bytes that the content-length header announced`;
  return new TransportError("ERR_CONTENT_LENGTH_MISMATCH", message);
}

/** Resolves when the chunk is written, so that only one chunk is in memory at a time. */
function write(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    request.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

export interface ContinueLimits {
  /** The minimum size of bodies that wait. */
  readonly minBytes: number;
  readonly timeoutMs: number;
}

/** Sends only the head of a request, and the body after `100 Continue` or the timeout. */
export function sendAfterContinue(
  request: ClientRequest,
  { timeoutMs }: ContinueLimits,
  send: () => void,
): void {
  const stop = () => {
    clearTimeout(timer);
    request.off("continue", proceed);
  };
  const proceed = () => {
    stop();
    if (!request.destroyed) send();
  };
  const timer = setTimeout(proceed, timeoutMs);
  request.once("continue", proceed);
  // After a response instead of `100 Continue`, do not send the body.
  request.once("response", stop);
  request.once("close", stop);
  request.flushHeaders();
}
