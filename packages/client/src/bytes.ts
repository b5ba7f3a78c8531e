import { InvalidInputError } from "./errors.js";

/** What can be sent: both can be read again, so nothing is lost when a request has to be repeated. */
export type Bytes = Uint8Array | Blob;

export function byteLength(bytes: Bytes): number {
  return bytes instanceof Blob ? bytes.size : bytes.byteLength;
}

/** The part of a request that makes openapi-fetch send bytes as they are, with an exact Content-Length. */
export function sendBytes(bytes: Bytes, contentType: string) {
  if (!(bytes instanceof Blob || bytes instanceof Uint8Array)) {
    throw new InvalidInputError("body", "must be a Uint8Array or a Blob");
  }
  return { headers: { "Content-Type": contentType }, body: bytes, bodySerializer: (body: Bytes) => body };
}
