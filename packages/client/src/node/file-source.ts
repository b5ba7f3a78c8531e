import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange } from "../operations/upload-session.js";
import type { ClosableSource } from "../package/package-content.js";
import type { ReadOptions } from "../upload/byte-source.js";
import { SourceError } from "../upload/upload-error.js";

/** An open file as a source. To be closed. */
export interface FileSource extends ClosableSource {
  readonly identity: string;
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/** A pipe that nobody writes to would keep `open` waiting for ever; files do not care. Windows has no such flag. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file for an upload, of any size. Bytes are read into the buffer they are sent from. Whatever is read is held to
 * the state of the file when it was opened: one that was changed, or replaced, meanwhile ends in a SourceError.
 * Throws InvalidInputError for what is no file that can be read.
 */
export async function openFile(path: string): Promise<FileSource> {
  // Before opening, too: opening alone may set a device to work.
  requireFile(path, await attempt(path, () => stat(path, { bigint: true })));
  return openSeenFile(path);
}

/** The same for what has been seen to be a file a moment ago. */
export async function openSeenFile(path: string): Promise<FileSource> {
  const handle = await attempt(path, () => open(path, flags));
  try {
    const opened = requireFile(path, await handle.stat({ bigint: true }));
    return sourceOf(path, handle, opened);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function sourceOf(path: string, handle: FileHandle, opened: BigIntStats): FileSource {
  const size = Number(opened.size);
  let reading = 0;
  const assertUnchanged = async () => {
    if (!isSame(await handle.stat({ bigint: true }), opened)) {
      throw new SourceError(`${path} has changed since the upload began.`);
    }
  };
  return {
    size,
    identity: `${basename(path)} ${size} ${opened.mtimeNs}`,
    assertUnchanged,
    async read(range, options) {
      reading += 1;
      try {
        const bytes = await readFully(path, handle, range, options);
        // After reading: what was changed before this is found out, and what is changed later was not read. When all was
        // read at once, that is what the engine asks next.
        if (bytes.byteLength < size) await assertUnchanged();
        return bytes;
      } finally {
        reading -= 1;
      }
    },
    async close() {
      const closing = handle.close();
      // It waits for reads under way: whoever has given up a disk that does not answer shall not wait for it.
      if (reading === 0) await closing;
      else closing.catch(() => {});
    },
  };
}

async function readFully(
  path: string,
  handle: FileHandle,
  { startPosition, endPosition }: ByteRange,
  { buffer, abortSignal }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const size = endPosition - startPosition + 1;
  const bytes = (buffer ?? new Uint8Array(size)).subarray(0, size);
  let filled = 0;
  while (filled < size) {
    abortSignal.throwIfAborted();
    const { bytesRead } = await handle.read(bytes, filled, size - filled, startPosition + filled);
    if (bytesRead === 0) {
      throw new SourceError(`${path} ends at ${startPosition + filled} bytes: it was shortened.`);
    }
    filled += bytesRead;
  }
  return bytes;
}

/** A replaced file shows by its change time: it has lost its name. */
function isSame(now: BigIntStats, opened: BigIntStats): boolean {
  return (
    now.size === opened.size &&
    now.mtimeNs === opened.mtimeNs &&
    now.ctimeNs === opened.ctimeNs &&
    now.ino === opened.ino
  );
}

function requireFile(path: string, stats: BigIntStats): BigIntStats {
  if (stats.isFile()) return stats;
  const what = stats.isDirectory() ? "a directory: upload it with uploadPackage" : "not a regular file";
  throw new InvalidInputError("source", `must be a file, and ${path} is ${what}`);
}

async function attempt<Value>(path: string, call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError("source", `must be a file that can be read, and ${path} is not: ${reason}`, {
      cause,
    });
  }
}
