import { createReadStream } from "node:fs";
import { UsageError } from "./options.js";

/** Far above every file that an option names. */
const mostBytes = 4 * 1024 * 1024;

/**
 * What is in the file that an option names. Text in UTF-16, as Windows PowerShell writes it, comes as UTF-8; a byte order mark
 * is left out. @throws UsageError
 */
export async function read(option: string, file: string): Promise<Buffer> {
  try {
    return withoutMark(await readSmall(file));
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${file} (${reasonOf(error)}).`);
  }
}

async function readSmall(file: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of createReadStream(file)) {
    pieces.push(piece);
    size += piece.length;
    if (size > mostBytes) throw new Error(`larger than ${mostBytes / 1024 ** 2} MiB`);
  }
  return Buffer.concat(pieces);
}

/** The same as text. */
export async function readText(option: string, file: string): Promise<string> {
  return (await read(option, file)).toString("utf8");
}

/** Binary certificates and PKCS #12 files begin with other bytes. */
function withoutMark(bytes: Buffer): Buffer {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return bytes.subarray(3);
  if (first === 0xff && second === 0xfe) return Buffer.from(new TextDecoder("utf-16le").decode(bytes));
  if (first === 0xfe && second === 0xff) return Buffer.from(new TextDecoder("utf-16be").decode(bytes));
  return bytes;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
