import { InvalidInputError } from "../errors/errors.js";
import { guid, guidExpectation } from "../wire/parameters.js";
import { subtleCrypto } from "./fingerprint.js";

/** The namespace of upload sessions among all version 5 UUIDs (RFC 9562 §5.5). Made once, at random. */
const namespace = "8f1d7c52-3b0e-4e6f-9c41-d5a0e7b26f93";

/**
 * The id of an upload: the same for the same content to the same path, on every machine; another for anything else.
 * @param life 0, or which new beginning this is after an id that could not be used.
 */
export async function deriveSessionId(
  storePath: string,
  size: number,
  fingerprint: string,
  life: number,
): Promise<string> {
  const name = new TextEncoder().encode(JSON.stringify([storePath, size, fingerprint, life]));
  const input = new Uint8Array(16 + name.length);
  input.set(bytesOfHex(namespace.replaceAll("-", "")));
  input.set(name, 16);
  const hash = new Uint8Array(await subtleCrypto().digest("SHA-1", input)).subarray(0, 16);
  // The version in the upper half of byte 6, the variant in the upper bits of byte 8.
  const hex = [...hash].map((byte, index) => {
    if (index === 6) return hexOfByte((byte & 0x0f) | 0x50);
    return hexOfByte(index === 8 ? (byte & 0x3f) | 0x80 : byte);
  });
  return [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)]
    .map((part) => part.join(""))
    .join("-");
}

/** Throws InvalidInputError for what is no session id. Servers refuse the all-zero one (protocol §3). */
export function requireSessionId(value: unknown): void {
  if (typeof value === "string" && guid.test(value) && /[1-9a-f]/i.test(value)) return;
  throw new InvalidInputError("sessionId", `${guidExpectation}, not all zero`);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, hexOfByte).join("");
}

function hexOfByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
