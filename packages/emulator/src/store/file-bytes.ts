import {
  closeSync,
  constants,
  createReadStream,
  linkSync,
  openSync,
  type ReadStream,
  writeSync,
  writev,
  writevSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { systemErrorCode } from "../wire/fabric-error.js";
import type { BatchReader } from "../wire/request-body.js";
import type { Part, StagedChunk } from "./session-files.js";

const copyBytes = 1024 * 1024;

/** A transfer has two batches: one that is being written, and one that arrives. All transfers share the budget. */
const batchBudget = 64 * 1024 * 1024;
const maxBatchBytes = 1024 * 1024;
const minBatchBytes = 128 * 1024;

/** How many bytes each of so many transfers should write at once, because many small writes take longer. */
export function batchBytes(transfers: number): number {
  return Math.min(maxBatchBytes, Math.max(minBatchBytes, batchBudget / (2 * transfers)));
}

/** Opens a file synchronously, right after the caller has checked its path. Does not follow symbolic links. */
export function openForReading(file: string): ReadStream {
  // Do not block if the file was replaced with a pipe.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  return createReadStream("", { fd, highWaterMark: copyBytes });
}

/** @returns Whether it succeeded. If not, copying works on every file system, or fails with an error that explains more. */
export function tryToLink(file: string, newFile: string): boolean {
  try {
    linkSync(file, newFile);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** Copies the real bytes of each chunk to a new file. */
export async function copyChunks(
  chunks: readonly StagedChunk[],
  newFile: string,
  signal: AbortSignal,
): Promise<void> {
  await using target = await open(newFile, "wx");
  const buffer = Buffer.allocUnsafe(copyBytes);
  for (const { file, part } of chunks) {
    await using source = await open(file);
    let at = part?.start ?? 0;
    const end = part?.end ?? Number.POSITIVE_INFINITY;
    while (at < end) {
      signal.throwIfAborted();
      const { bytesRead } = await source.read(buffer, 0, Math.min(copyBytes, end - at), at);
      if (bytesRead === 0) break;
      await writeFully(target, buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  }
}

async function writeFully(target: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await target.write(bytes, written)).bytesWritten;
  }
}

/** Writes batches to a file, or to a part of it, and closes it. While one batch is written, the next one arrives. */
export async function save(batches: BatchReader, target: number, part?: Part): Promise<void> {
  let at = part?.start ?? 0;
  let writing: Promise<void> | undefined;
  try {
    while (true) {
      const batch = await batches.next();
      await writing;
      const length = batch.reduce((sum, piece) => sum + piece.length, 0);
      if (length === 0) break;
      if (part !== undefined && at + length > part.end) throw new Error("The body is longer than announced.");
      writing = write(target, batch, length, at).then(() => {
        if (part !== undefined) part.written += length;
      });
      // The next `await` reports it. Meanwhile, it is not unhandled.
      writing.catch(() => undefined);
      at += length;
    }
    if (part !== undefined && at < part.end) throw new Error("The body is shorter than announced.");
  } finally {
    await writing?.catch(() => undefined);
    closeSync(target);
  }
}

const writeBatch = promisify(writev);

async function write(
  target: number,
  batch: readonly Uint8Array[],
  length: number,
  at: number,
): Promise<void> {
  // For a small file, writing takes less time than waiting for it would. A large batch must not block other requests.
  const written =
    length <= minBatchBytes
      ? writevSync(target, batch, at)
      : (await writeBatch(target, batch, at)).bytesWritten;
  // On a full disk, this reports the error.
  if (written < length) writeAll(target, Buffer.concat(batch).subarray(written), at + written);
}

function writeAll(target: number, content: Uint8Array, at: number): void {
  for (let written = 0; written < content.length; ) {
    written += writeSync(target, content, written, content.length - written, at + written);
  }
}
