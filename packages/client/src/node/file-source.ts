import { hash } from "node:crypto";
import {
  type BigIntStats,
  close as closeFile,
  closeSync,
  constants,
  fstat,
  fstatSync,
  lstat,
  open,
  read,
  stat,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { promisify } from "node:util";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange } from "../operations/upload-session.js";
import type { ClosableSource } from "../package/package-options.js";
import type { EngineSource, ReadOptions } from "../upload/byte-source.js";
import { SourceError } from "../upload/upload-error.js";

/*
 * Files are opened and read with callbacks, because each step with a FileHandle of node:fs/promises takes about twice the CPU
 * time. Only steps that cannot wait for a disk are synchronous: a network disk that does not respond must not block an abort.
 */

const openAsync = promisify(open);
const closeAsync = promisify(closeFile);
const statAsync = promisify(stat);
const lstatAsync = promisify(lstat);
const fstatAsync = promisify(fstat);

/** An open file as a source. The caller has to close it. */
export interface FileSource extends ClosableSource, EngineSource {
  readonly identity: string;
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/** O_NONBLOCK keeps `open` from waiting for the writer of a pipe. Windows does not have this flag. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file of any size for an upload. Reads into the buffers that are sent, without a copy. Reading throws a SourceError if
 * the file was changed or replaced since it was opened. Throws InvalidInputError if the path is not a readable file.
 */
export async function openFile(path: string): Promise<FileSource> {
  // Check before opening, because opening a device may have side effects.
  requireFile(path, await attempt(path, () => statAsync(path, { bigint: true })));
  return openCheckedFile(path);
}

/** Opens a path that was a file when it was last checked. */
export async function openCheckedFile(path: string): Promise<FileSource> {
  const file = await attempt(path, () => openAsync(path, flags));
  try {
    const opened = requireFile(path, fstatSync(file, { bigint: true }));
    return sourceOfDescriptor(path, opened, { file, close: () => closeAsync(file) });
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** A file that was read or only checked. */
export interface CheckedFile {
  readonly size: number;
  /** The content, unless the file has more than `maxBytes`. */
  readonly source: FileSource | undefined;
}

/**
 * Opens a file, and reads it if it has at most `maxBytes`, with the fewest system calls: open, fstat, read and close. Throws the
 * system's error.
 */
export async function readSmallFile(path: string, maxBytes: number): Promise<CheckedFile> {
  const file = await openAsync(path, flags);
  try {
    const opened = requireFile(path, fstatSync(file, { bigint: true }));
    const size = Number(opened.size);
    if (size > maxBytes) return { size, source: undefined };
    const bytes = new Uint8Array(size);
    // A file that shrinks is not kept. Opening it later reports that.
    const isRead = size === 0 || (await readAt(file, bytes, 0)) === size;
    return { size, source: isRead ? keptSource(path, bytes, opened) : undefined };
  } finally {
    closeSync(file);
  }
}

/** A file whose content is in memory. */
function keptSource(path: string, bytes: Uint8Array<ArrayBuffer>, opened: FileState): FileSource {
  return sourceOfBytes(bytes, identityOf(path, opened), async () =>
    assertSame(path, await lstatAsync(path, { bigint: true }), opened),
  );
}

/** Bytes in memory as the source of a file. */
export function sourceOfBytes(
  bytes: Uint8Array<ArrayBuffer>,
  identity: string,
  assertUnchanged: () => Promise<void>,
): FileSource {
  return {
    size: bytes.byteLength,
    identity,
    whole: bytes,
    sha256: createHasher(1),
    assertUnchanged,
    read: async ({ startPosition, endPosition }) => bytes.subarray(startPosition, endPosition + 1),
    close: async () => {},
  };
}

/** What shows that a file changed. Not BigIntStats, because the declarations must compile without the types of Node.js. */
export interface FileState {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}

/** An open file, and how to close it. */
export interface OpenFile {
  readonly file: number;
  close(): Promise<void>;
}

/** An open file as a source. Closing the source closes the file. */
export function sourceOfDescriptor(path: string, opened: FileState, { file, close }: OpenFile): FileSource {
  const size = Number(opened.size);
  let reading = 0;
  let isClosed = false;
  const assertUnchanged = async () => assertSame(path, await fstatAsync(file, { bigint: true }), opened);
  const closeUnused = async () => {
    if (isClosed && reading === 0) await close();
  };
  return {
    size,
    identity: identityOf(path, opened),
    ...hashing(size),
    assertUnchanged: () => whileOpen(assertUnchanged),
    read: (range, options) =>
      whileOpen(async () => {
        const bytes = await readFully(path, file, range, options);
        // Check after reading, so that every change before the read is detected. If the whole file was read at once, the
        // upload makes this check itself.
        if (bytes.byteLength < size) await assertUnchanged();
        return bytes;
      }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      // A descriptor that is in use must stay open, but an aborted upload must not wait for a disk that does not respond.
      await closeUnused();
    },
  };

  async function whileOpen<Value>(use: () => Promise<Value>): Promise<Value> {
    // The system may have given the descriptor to another file.
    if (isClosed) throw new SourceError(`${path} is closed.`);
    reading += 1;
    try {
      return await use();
    } finally {
      reading -= 1;
      await closeUnused();
    }
  }
}

const MiB = 1024 * 1024;

/** The minimum speed for hashing in this thread. Processors with instructions for SHA-256 hash three times as fast. */
const minBytesPerMs = (400 * MiB) / 1000;

/**
 * How to hash a file: in this thread, and in those of `crypto.subtle`. There are more blocks than threads where memory allows, so
 * that some are read meanwhile. Two threads save 100 ms per GiB but take 100 ms more CPU time, so machines with few cores use them
 * only for large files.
 */
function hashing(size: number): Required<Pick<EngineSource, "sha256" | "parallelBlocks">> {
  const cores = availableParallelism();
  if (cores >= 4) return { sha256: createHasher(4), parallelBlocks: 4 };
  if (cores >= 2 && size >= 512 * MiB) return { sha256: createHasher(2), parallelBlocks: 4 };
  return { sha256: createHasher(1), parallelBlocks: 3 };
}

/**
 * Hashes in this thread, because a job of `crypto.subtle` copies its input, which takes a quarter of the time to hash it. Returns
 * undefined for large blocks that other threads should hash: with several threads, all but one of as many blocks, and on a slow
 * processor, all of them.
 */
export function createHasher(threads: number): (bytes: Uint8Array) => Uint8Array | undefined {
  let isSlow = false;
  let blocks = 0;
  return (bytes) => {
    const isLarge = bytes.byteLength >= MiB;
    if (isLarge && (isSlow || blocks++ % threads !== threads - 1)) return undefined;
    const begin = performance.now();
    const digest = hash("sha256", bytes, "buffer");
    isSlow = isLarge && bytes.byteLength < minBytesPerMs * (performance.now() - begin);
    return digest;
  };
}

function identityOf(path: string, { size, mtimeNs }: FileState): string {
  return `${basename(path)} ${size} ${mtimeNs}`;
}

async function readFully(
  path: string,
  file: number,
  { startPosition, endPosition }: ByteRange,
  { buffer, abortSignal }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const size = endPosition - startPosition + 1;
  const bytes = (buffer ?? new Uint8Array(size)).subarray(0, size);
  let filled = 0;
  while (filled < size) {
    abortSignal.throwIfAborted();
    const bytesRead = await readAt(file, bytes.subarray(filled), startPosition + filled);
    if (bytesRead === 0) {
      throw new SourceError(`${path} ends at ${startPosition + filled} bytes: it was truncated.`);
    }
    filled += bytesRead;
  }
  return bytes;
}

/** Returns how many bytes were read. */
function readAt(file: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, bytes, 0, bytes.byteLength, position, (error, bytesRead) => {
      if (error === null) resolve(bytesRead);
      else reject(error);
    });
  });
}

/** Compares the change time too, because replacing a file changes it for the old file. */
function assertSame(path: string, now: FileState, opened: FileState): void {
  if (
    now.size === opened.size &&
    now.mtimeNs === opened.mtimeNs &&
    now.ctimeNs === opened.ctimeNs &&
    now.ino === opened.ino
  )
    return;
  throw new SourceError(`${path} changed since the upload began.`);
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
