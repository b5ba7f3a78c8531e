import { open } from "node:fs/promises";

/** Far more than any certificate, CA bundle, token or profile file needs. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Reads a small file, or a pipe to its end. The error message has no final period, so that callers can put it into a
 * sentence.
 */
export async function readSmallFile(path: string): Promise<Buffer> {
  await using file = await open(path);
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024));
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    size += bytesRead;
    if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes / 1024 ** 2} MiB`);
  }
}

/** Reads a small text file in any encoding that `decodeText` supports. */
export async function readTextFile(path: string): Promise<string> {
  const text = decodeText(await readSmallFile(path));
  if (text !== undefined) return text;
  throw new Error(`${path} is neither UTF-8 nor UTF-16 with a byte order mark`);
}

/** Decodes UTF-8, or UTF-16 with a byte order mark, which is removed. Undefined for other encodings. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    // UTF-16 without a byte order mark is valid UTF-8 with a NUL in every other position.
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}
