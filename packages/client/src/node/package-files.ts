import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { takeInOrder } from "../async/concurrency.js";
import { InvalidInputError } from "../errors/errors.js";
import { type PathProblem, rejectPaths } from "../package/names.js";
import { markName, type PackageContent, type PackageFile } from "../package/package-options.js";
import { openCheckedFile, readSmallFile } from "./file-source.js";

const KiB = 1024;

/** The maximum size of files to read together with the directory, so that each is opened only once. */
const maxKeptFileBytes = 64 * KiB;

/** The memory for the content of such files. The upload reads other files when it sends them. */
const maxKeptBytes = 16 * KiB * KiB;

/** Limits how many files are open at a time. Node.js reads with four threads by default. */
const parallelFiles = 8;

interface Walk {
  readonly found: string[];
  readonly files: PackageFile[];
  readonly folders: string[];
  readonly problems: PathProblem[];
  keepableBytes: number;
}

/**
 * Reads a directory as a package: files and folders, including empty ones, sorted by path. Skips mark files of an earlier
 * download. Opens every file, and keeps the content of files up to 64 KiB in memory, at most 16 MiB in total. Rejects with one
 * InvalidInputError for all symbolic links, other special files and unreadable files, or with the signal's reason after an
 * abort.
 */
export async function walkDirectory(directory: string, abortSignal?: AbortSignal): Promise<PackageContent> {
  await requireDirectory(directory);
  const walk: Walk = { found: [], files: [], folders: [], problems: [], keepableBytes: maxKeptBytes };
  for (let level: readonly string[] = [""]; level.length > 0; ) {
    abortSignal?.throwIfAborted();
    level = (await Promise.all(level.map((folder) => readFolder(walk, directory, folder)))).flat();
  }
  const take = takeInOrder(walk.found);
  const worker = async () => {
    for (let path = take(); path !== undefined; path = take()) {
      abortSignal?.throwIfAborted();
      await readFile(walk, directory, path);
    }
  };
  await Promise.all(Array.from({ length: parallelFiles }, worker));
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

/** Returns the folders inside. Records the files. */
async function readFolder(walk: Walk, directory: string, folder: string): Promise<readonly string[]> {
  const path = join(directory, folder);
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    walk.problems.push({
      path: folder === "" ? directory : folder,
      reason: `cannot be read: ${reasonOf(error)}`,
    });
    return [];
  }
  const prefix = folder === "" ? "" : `${folder}/`;
  const inside: string[] = [];
  for (const entry of entries) {
    const relativePath = prefix + entry.name;
    const kind = kindOf(entry);
    if (entry.isDirectory()) inside.push(relativePath);
    else if (kind !== undefined) walk.problems.push({ path: relativePath, reason: `is ${kind}` });
    else if (entry.name.toLowerCase() !== markName) walk.found.push(relativePath);
  }
  walk.folders.push(...inside);
  return inside;
}

/** Checks that a file can be read, and keeps its content if it is small. */
async function readFile(walk: Walk, directory: string, relativePath: string): Promise<void> {
  const path = join(directory, relativePath);
  const maxBytes = Math.min(maxKeptFileBytes, walk.keepableBytes);
  // Reserve memory first, because several files are read at a time.
  walk.keepableBytes -= maxBytes;
  let keptBytes = 0;
  try {
    const { size, source } = await readSmallFile(path, maxBytes);
    keptBytes = source === undefined ? 0 : size;
    walk.files.push({ relativePath, size, open: async () => source ?? openCheckedFile(path) });
  } catch (error) {
    walk.problems.push({ path: relativePath, reason: `cannot be read: ${reasonOf(error)}` });
  }
  walk.keepableBytes += maxBytes - keptBytes;
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
