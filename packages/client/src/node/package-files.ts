import { type BigIntStats, constants, type Dirent } from "node:fs";
import { access, type FileHandle, lstat, open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange } from "../operations/upload-session.js";
import { type PathProblem, refuse } from "../package/names.js";
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
 * What is in a directory, as a package: files and folders, empty ones too, in the order of their paths. Mark files of an
 * earlier download are left out. Throws one InvalidInputError for everything that is neither file nor folder, symbolic
 * links among them, or that cannot be read. Rejects with the signal's reason when it is aborted.
 */
export async function walkDirectory(directory: string, abortSignal?: AbortSignal): Promise<PackageContent> {
  await requireDirectory(directory);
  const walk: Walk = { files: [], folders: [], problems: [], abortSignal };
  await visitFolder(walk, directory, "");
  refuse(
    "directory",
    walk.problems.sort((a, b) => inOrder(a.path, b.path)),
  );
  return {
    files: walk.files.sort((a, b) => inOrder(a.relativePath, b.relativePath)),
    folders: walk.folders.sort(inOrder),
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
    walk.files.push({ relativePath, size, open: () => openSeenFile(path) });
  } catch (error) {
    walk.problems.push({ path: relativePath, reason: `cannot be read: ${reasonOf(error)}` });
  }
}

/** What else than a file it is. */
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

/** By code units: the same on every machine. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

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
async function openSeenFile(path: string): Promise<FileSource> {
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
