import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { ByteRange } from "@sf-image-store/client";
import { sizeOf } from "./ranges.js";

/** A file to upload: any range of it can be read, as often as needed. */
export interface SourceFile extends AsyncDisposable {
  /** In bytes. */
  readonly size: number;
  read(range: ByteRange): Promise<Uint8Array<ArrayBuffer>>;
}

export async function openFile(path: string): Promise<SourceFile> {
  // Asked before it is opened: opening a pipe would wait for somebody to write to it.
  const { size, isFile } = await describe(path);
  if (!isFile || size < 2) throw new Error(`${path} is not a file of at least two bytes, to be cut between`);
  const handle = await open(path);
  return {
    size,
    async read(range) {
      const chunk = new Uint8Array(sizeOf(range));
      const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, range.startPosition);
      if (bytesRead !== chunk.byteLength) throw new Error(`${path} became shorter while it was read`);
      return chunk;
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
    },
  };
}

async function describe(path: string): Promise<{ size: number; isFile: boolean }> {
  try {
    const stats = await stat(path);
    return { size: stats.size, isFile: stats.isFile() };
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new Error(`${path} cannot be read (${reason})`, { cause });
  }
}

/** Compares two files to the byte. Returns their SHA-256. */
export async function sameFile(one: string, other: string): Promise<string> {
  const [a, b] = await Promise.all([digestOf(one), digestOf(other)]);
  if (a !== b) throw new Error(`${other} differs from ${one}`);
  return a;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
