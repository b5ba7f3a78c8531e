import { InvalidInputError } from "../errors/errors.js";

/** What can be sent: both can be read again, so nothing is lost when a request has to be repeated. */
export type Bytes = Uint8Array | Blob;

/** Content too large to hold, made when it is sent. */
export interface ByteStream {
  /** How many bytes it gives, exactly. */
  readonly size: number;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** How many bytes there are. Throws InvalidInputError for `option` when they are not bytes. */
export function byteLength(option: string, bytes: Bytes): number {
  if (bytes instanceof Blob) return bytes.size;
  if (bytes instanceof Uint8Array) return bytes.byteLength;
  throw new InvalidInputError(option, "must be a Uint8Array or a Blob");
}

export function isByteStream(bytes: Bytes | ByteStream): bytes is ByteStream {
  return !(bytes instanceof Blob) && !(bytes instanceof Uint8Array);
}

export function requestBody(
  bytes: Bytes | ByteStream,
): Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> {
  if (isByteStream(bytes)) return bytes.stream();
  return bytes instanceof Blob ? bytes : unsharedBytes(bytes);
}

/** The same bytes, not in memory that other threads can write to: platforms take no such bytes. */
export function unsharedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}

/**
 * The Content-Range of a chunk. Everything a server would take for something else, or store and then refuse at commit,
 * is refused here (protocol §2.1, §2.5): an empty chunk, an end behind the file, positions that are not whole numbers.
 */
export function contentRange(startPosition: number, chunkSize: number, fileSize: number): string {
  if (!Number.isSafeInteger(fileSize) || fileSize < 1) {
    throw new InvalidInputError("fileSize", `must be a whole number of bytes above zero, got ${fileSize}`);
  }
  if (!Number.isSafeInteger(startPosition) || startPosition < 0) {
    throw new InvalidInputError("startPosition", `must be a whole number of bytes, got ${startPosition}`);
  }
  if (chunkSize === 0) throw new InvalidInputError("chunk", "must not be empty");
  const endPosition = startPosition + chunkSize - 1;
  if (endPosition >= fileSize) {
    const chunk = `bytes ${startPosition} to ${endPosition}`;
    throw new InvalidInputError(
      "chunk",
      `must lie inside the file, got ${chunk} of a file of ${fileSize} bytes`,
    );
  }
  return `bytes ${startPosition}-${endPosition}/${fileSize}`;
}
