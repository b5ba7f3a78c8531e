import { open } from "node:fs/promises";

/** Far above every certificate, bundle of authorities, token and profile. */
const mostBytes = 4 * 1024 * 1024;

/** What is in a small file. Pipes are read to their end. Rejects with what a sentence can end with, and no full stop. */
export async function readSmallFile(path: string): Promise<Buffer> {
  await using file = await open(path);
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024));
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    size += bytesRead;
    if (size > mostBytes) throw new Error(`${path} is larger than ${mostBytes / 1024 ** 2} MiB`);
  }
}

/** The same as text, in any of the forms that editors and Windows PowerShell write: see `decodeText`. */
export async function readTextFile(path: string): Promise<string> {
  const text = decodeText(await readSmallFile(path));
  if (text !== undefined) return text;
  throw new Error(`${path} is neither UTF-8 nor UTF-16 with a byte order mark`);
}

/** Text in UTF-8, or in UTF-16 with its byte order mark; the mark is left out. Undefined for what is neither. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    // UTF-16 without a mark passes for UTF-8 in which every other character is this one.
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}
