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

/** Copies bytes out of a SharedArrayBuffer, because `fetch` rejects shared memory. */
export function unsharedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
