import { InvalidInputError } from "./errors.js";

/** What can be sent: both can be read again, so nothing is lost when a request has to be repeated. */
export type Bytes = Uint8Array | Blob;

/** How many bytes there are. Throws InvalidInputError for `option` when they are not bytes. */
export function byteLength(option: string, bytes: Bytes): number {
  if (bytes instanceof Blob) return bytes.size;
  if (bytes instanceof Uint8Array) return bytes.byteLength;
  throw new InvalidInputError(option, "must be a Uint8Array or a Blob");
}

/** The part of a request that makes openapi-fetch send bytes as they are, with an exact Content-Length. */
export function sendBytes(bytes: Bytes, contentType: string) {
  return { headers: { "Content-Type": contentType }, body: bytes, bodySerializer: (body: Bytes) => body };
}
