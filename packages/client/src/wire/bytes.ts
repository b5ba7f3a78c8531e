import { InvalidInputError } from "../errors/errors.js";

/** Content that can be read again when the client retries a request. */
export type Bytes = Uint8Array | Blob;

/** Content that is too large for memory and is created while it is sent. */
export interface ByteStream {
  /** The exact number of bytes in the stream. */
  readonly size: number;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Throws InvalidInputError for `option` if the value is neither a Uint8Array nor a Blob. */
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

/** Copies bytes out of a SharedArrayBuffer, because `fetch` rejects shared memory. */
export function unsharedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}

/**
 * The Content-Range of a chunk. Throws InvalidInputError for ranges that a server would misread, or store and then refuse
 * at commit (protocol §2.1, §2.5): an empty chunk, an end beyond the file, positions that are not whole numbers.
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
      `must be inside the file, got ${chunk} of a file of ${fileSize} bytes`,
    );
  }
  return `bytes ${startPosition}-${endPosition}/${fileSize}`;
}
