import type { ClientRequest } from "node:http";
import { TransportError } from "./options.js";
import type { OnBodySent, OutgoingBody } from "./request.js";

/** The piece size over TLS, which limits the memory for encrypted copies. Plain HTTP does not copy. */
const pieceBytes = 1024 * 1024;

/** The piece size with an `onSent` callback, for several calls per second on a slow network. */
const watchedPieceBytes = 128 * 1024;

/** The size of the first piece with an `onSent` callback, and of each piece after it returned a promise. */
const pacedPieceBytes = 16 * 1024;

/** Reports sent bytes. Returns the size of the next piece, or a promise of it if the piece has to wait. */
type Report = (bytes: number) => number | Promise<number>;

/**
 * Writes a body and ends the request. Destroys the request with the error after a failure.
 * @param onSent Called with the number of bytes handed to the operating system since the last call. The rest of the body waits
 *   for a promise that it returns.
 */
export function sendBody(
  request: ClientRequest,
  body: OutgoingBody | undefined,
  isEncrypted: boolean,
  onSent?: OnBodySent,
): void {
  const unwatchedBytes = isEncrypted ? pieceBytes : Number.POSITIVE_INFINITY;
  const fail = (error: unknown) => {
    request.destroy(error instanceof Error ? error : new Error(String(error)));
    return 0;
  };
  const report: Report = (bytes) => {
    if (onSent === undefined) return unwatchedBytes;
    if (request.destroyed) return 0;
    try {
      const wait = onSent(bytes);
      return wait === undefined ? watchedPieceBytes : wait.then(() => pacedPieceBytes, fail);
    } catch (error) {
      return fail(error);
    }
  };
  const firstBytes = onSent === undefined ? unwatchedBytes : pacedPieceBytes;
  if (body === undefined) request.end();
  else if ("stream" in body) void sendStream(request, body.stream, body.length, firstBytes, report);
  else sendPieces(request, body.bytes, firstBytes, report);
}

function sendPieces(request: ClientRequest, bytes: Uint8Array, size: number, report: Report): void {
  const piece = bytes.subarray(0, size);
  const rest = bytes.subarray(size);
  if (rest.byteLength === 0) return void request.end(piece, () => void report(piece.byteLength));
  const sendRest = (nextSize: number) => {
    if (!request.destroyed) sendPieces(request, rest, nextSize, report);
  };
  request.write(piece, (error) => {
    if (error || request.destroyed) return;
    const nextSize = report(piece.byteLength);
    if (typeof nextSize === "number") sendRest(nextSize);
    else void nextSize.then(sendRest);
  });
}

async function sendStream(
  request: ClientRequest,
  stream: ReadableStream<Uint8Array>,
  length: number,
  firstSize: number,
  report: Report,
): Promise<void> {
  const reader = stream.getReader();
  // The source of the stream may never settle by itself.
  request.once("close", () => void reader.cancel().catch(() => {}));
  let sent = 0;
  let size = firstSize;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || request.destroyed) break;
      sent += requireBytes(value).byteLength;
      if (sent > length) throw mismatch(`more than the ${length}`);
      for (let from = 0; from < value.byteLength && !request.destroyed; ) {
        const piece = value.subarray(from, from + size);
        await write(request, piece);
        from += piece.byteLength;
        size = await report(piece.byteLength);
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
