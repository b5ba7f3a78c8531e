import { constants, type Dirent } from "node:fs";
import { access, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInputError } from "../errors/errors.js";
import { type PathProblem, refuse } from "../package/names.js";
import { markName, type PackageContent, type PackageFile } from "../package/package-content.js";
import { openSeenFile } from "./file-source.js";

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
