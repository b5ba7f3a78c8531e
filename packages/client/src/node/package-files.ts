import { type BigIntStats, constants, type Dirent } from "node:fs";
import { access, type FileHandle, lstat, open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange } from "../operations/upload-session.js";
import { type PathProblem, rejectPaths } from "../package/names.js";
import {
  type ClosableSource,
  markName,
  type PackageContent,
  type PackageFile,
} from "../package/package-options.js";
import type { ReadOptions } from "../upload/byte-source.js";
import { SourceError } from "../upload/upload-error.js";

interface Walk {
  readonly files: PackageFile[];
  readonly folders: string[];
  readonly problems: PathProblem[];
  readonly abortSignal: AbortSignal | undefined;
}

/**
 * Reads a directory as a package: files and folders, including empty ones, sorted by path. Skips mark files of an earlier
 * download. Rejects with one InvalidInputError for all symbolic links, other special files and unreadable files, or with the
 * signal's reason after an abort.
 */
export async function walkDirectory(directory: string, abortSignal?: AbortSignal): Promise<PackageContent> {
  await requireDirectory(directory);
  const walk: Walk = { files: [], folders: [], problems: [], abortSignal };
  await visitFolder(walk, directory, "");
  rejectPaths(
    "directory",
    walk.problems.sort((a, b) => compareStrings(a.path, b.path)),
  );
  return {
    files: walk.files.sort((a, b) => compareStrings(a.relativePath, b.relativePath)),
    folders: walk.folders.sort(compareStrings),
  };
}

async function requireDirectory(directory: string): Promise<void> {
  const stats = await stat(directory).catch((cause: unknown) => {
    throw new InvalidInputError(
      "directory",
      `must be a directory, and ${directory} is not: ${reasonOf(cause)}`,
      {
        cause,
      },
    );
  });
  if (!stats.isDirectory())
    throw new InvalidInputError("directory", `must be a directory, and ${directory} is not`);
}

async function visitFolder(walk: Walk, directory: string, folder: string): Promise<void> {
  walk.abortSignal?.throwIfAborted();
  const path = join(directory, folder);
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    walk.problems.push({
      path: folder === "" ? directory : folder,
      reason: `cannot be read: ${reasonOf(error)}`,
    });
    return;
  }
  const prefix = folder === "" ? "" : `${folder}/`;
  await Promise.all(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => visitFile(walk, directory, prefix + entry.name, entry)),
  );
  for (const entry of entries.filter((entry) => entry.isDirectory())) {
    const inside = prefix + entry.name;
    walk.folders.push(inside);
    await visitFolder(walk, directory, inside);
  }
}

async function visitFile(walk: Walk, directory: string, relativePath: string, entry: Dirent): Promise<void> {
  const kind = kindOf(entry);
  if (kind !== undefined) {
    walk.problems.push({ path: relativePath, reason: `is ${kind}` });
    return;
  }
  if (entry.name.toLowerCase() === markName) return;
  const path = join(directory, relativePath);
  try {
    const { size } = await lstat(path);
    await access(path, constants.R_OK);
    walk.files.push({ relativePath, size, open: () => openCheckedFile(path) });
  } catch (error) {
    walk.problems.push({ path: relativePath, reason: `cannot be read: ${reasonOf(error)}` });
  }
}

/** The kind of an entry; undefined for a regular file. */
function kindOf(entry: Dirent): string | undefined {
  if (entry.isFile()) return undefined;
  if (entry.isSymbolicLink()) return "a symbolic link";
  if (entry.isSocket()) return "a socket";
  if (entry.isFIFO()) return "a pipe";
  return "a device";
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** Compares code units, so that the order is the same on every machine. */
function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** An open file as a source. The caller has to close it. */
export interface FileSource extends ClosableSource {
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
  requireFile(path, await attempt(path, () => stat(path, { bigint: true })));
  return openCheckedFile(path);
}

/** Opens a path that was a file when it was last checked. */
async function openCheckedFile(path: string): Promise<FileSource> {
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
      throw new SourceError(`${path} changed since the upload began.`);
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
        // Check after reading, so that every change before the read is detected. If the whole file was read at once, the
        // upload makes this check itself.
        if (bytes.byteLength < size) await assertUnchanged();
        return bytes;
      } finally {
        reading -= 1;
      }
    },
    async close() {
      const closing = handle.close();
      // `close` waits for pending reads. An aborted upload must not wait for a disk that does not respond.
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
      throw new SourceError(`${path} ends at ${startPosition + filled} bytes: it was truncated.`);
    }
    filled += bytesRead;
  }
  return bytes;
}

/** Compares the change time too, because replacing a file changes it for the old file. */
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
