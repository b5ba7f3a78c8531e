import type { ClientRequest } from "node:http";
import { TransportError } from "./options.js";
import type { OutgoingBody } from "./request.js";

/** Encrypting makes a copy: only of so much at a time, so that memory stays flat. Over plain HTTP nothing is copied. */
const pieceBytes = 1024 * 1024;

/** Where somebody watches: on a slow network, some pieces each second. */
const watchedPieceBytes = 128 * 1024;

/**
 * Writes a body and ends the request. A failure destroys the request, with the failure as its error.
 * @param onSent Told of further bytes that have been handed to the system.
 */
export function sendBody(
  request: ClientRequest,
  body: OutgoingBody | undefined,
  isEncrypted: boolean,
  onSent?: (bytes: number) => void,
): void {
  const tell = (bytes: number) => {
    if (request.destroyed) return;
    try {
      onSent?.(bytes);
    } catch (error) {
      request.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const streamPieceBytes = onSent === undefined ? Number.POSITIVE_INFINITY : watchedPieceBytes;
  if (body === undefined) request.end();
  else if ("stream" in body) void sendStream(request, body.stream, body.length, streamPieceBytes, tell);
  else if (onSent !== undefined) sendPieces(request, body.bytes, 0, watchedPieceBytes, tell);
  else if (isEncrypted && body.length > pieceBytes) sendPieces(request, body.bytes, 0, pieceBytes, tell);
  else request.end(body.bytes);
}

function sendPieces(
  request: ClientRequest,
  bytes: Uint8Array,
  from: number,
  size: number,
  tell: (bytes: number) => void,
): void {
  const piece = bytes.subarray(from, from + size);
  const next = from + piece.byteLength;
  if (next === bytes.byteLength) request.end(piece, () => tell(piece.byteLength));
  else {
    request.write(piece, (error) => {
      if (error || request.destroyed) return;
      tell(piece.byteLength);
      sendPieces(request, bytes, next, size, tell);
    });
  }
}

async function sendStream(
  request: ClientRequest,
  stream: ReadableStream<Uint8Array>,
  length: number,
  size: number,
  tell: (bytes: number) => void,
): Promise<void> {
  const reader = stream.getReader();
  // The source may be waiting for something that never comes.
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
        tell(piece.byteLength);
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
  throw new TypeError("A stream as body must give Uint8Arrays");
}

function mismatch(found: string): TransportError {
  const message = `the body has ${found} bytes that the content-length header announced`;
  return new TransportError("ERR_CONTENT_LENGTH_MISMATCH", message);
}

/** Resolves when the chunk is handed over; so only one is held at a time. */
function write(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    request.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

export interface ContinueLimits {
  /** Bodies of at least so many bytes wait. */
  readonly minBytes: number;
  readonly timeoutMs: number;
}

/** Sends the head alone over a connection that is there, and the body once the server has asked for it or has been silent for too long. */
export function sendAfterContinue(
  request: ClientRequest,
  { timeoutMs }: ContinueLimits,
  send: () => void,
): void {
  const stop = () => {
    clearTimeout(timer);
    request.off("continue", goOn);
  };
  const goOn = () => {
    stop();
    if (!request.destroyed) send();
  };
  const timer = setTimeout(goOn, timeoutMs);
  request.once("continue", goOn);
  // An answer in its place: the server does not want the body.
  request.once("response", stop);
  request.once("close", stop);
  request.flushHeaders();
}
