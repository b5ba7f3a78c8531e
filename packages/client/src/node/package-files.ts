import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { takeInOrder } from "../async/workers.js";
import { InvalidInputError } from "../errors/errors.js";
import { rejectPaths } from "../package/names.js";
import { openCheckedFile, readSmallFile } from "./file-source.js";
import { compareStrings, type LocalContent, Selection, type SelectionOptions } from "./selection.js";

const KiB = 1024;

/** The maximum size of files to read together with the directory, so that each is opened only once. */
const maxKeptFileBytes = 64 * KiB;

/** The memory for the content of such files. The upload reads other files when it sends them. */
const maxKeptBytes = 16 * KiB * KiB;

/** Limits how many files are open at a time. Node.js reads with four threads by default. */
const parallelFiles = 8;

/** Options of `walkDirectory`. */
export interface WalkOptions extends SelectionOptions {
  /**
   * Read the targets of symbolic links as if they were in the directory, also those outside of it. Links to missing files, and
   * links to folders that contain the link, are still rejected.
   * @default false: all symbolic links are rejected
   */
  readonly followSymlinks?: boolean;
  /** Aborts reading. */
  readonly abortSignal?: AbortSignal;
}

/** The content of a directory. */
export interface DirectoryContent extends LocalContent {
  /** The symbolic links that were followed, sorted by path. */
  readonly links: readonly FollowedLink[];
}

/** A symbolic link that was followed. */
export interface FollowedLink {
  /** The path from the directory, with `/` as separator. */
  readonly relativePath: string;
  /** The full path of the file or folder that the link leads to. */
  readonly target: string;
  /** Whether the target is outside the directory. */
  readonly isOutside: boolean;
}

interface Walk {
  readonly root: string;
  readonly selection: Selection;
  readonly followSymlinks: boolean;
  readonly found: { readonly relativePath: string; readonly path: string }[];
  readonly links: FollowedLink[];
  keepableBytes: number;
}

interface Folder {
  /** `""` for the directory itself. */
  readonly relativePath: string;
  readonly path: string;
  /** The real paths of this folder and the folders above it, to detect cycles. */
  readonly chain: readonly string[];
}

/**
 * Reads a directory as a package: files and folders, including empty ones, sorted by path. Skips mark files of an earlier
 * download. Opens every file, and keeps the content of files up to 64 KiB in memory, at most 16 MiB in total. Rejects with one
 * InvalidInputError for all symbolic links (see `followSymlinks`), other special files and unreadable files, or with the
 * signal's reason after an abort.
 */
export async function walkDirectory(directory: string, options: WalkOptions = {}): Promise<DirectoryContent> {
  const { abortSignal, followSymlinks = false } = options;
  await requireDirectory(directory);
  const root = followSymlinks ? await realpath(directory) : directory;
  const selection = new Selection(options);
  const walk: Walk = { root, selection, followSymlinks, found: [], links: [], keepableBytes: maxKeptBytes };
  for (let level: readonly Folder[] = [{ relativePath: "", path: root, chain: [root] }]; level.length > 0; ) {
    abortSignal?.throwIfAborted();
    level = (await Promise.all(level.map((folder) => readFolder(walk, folder)))).flat();
  }
  const take = takeInOrder(walk.found);
  const worker = async () => {
    for (let file = take(); file !== undefined; file = take()) {
      abortSignal?.throwIfAborted();
      await readFile(walk, file.path, file.relativePath);
    }
  };
  await Promise.all(Array.from({ length: parallelFiles }, worker));
  rejectPaths(
    "directory",
    selection.problems.sort((a, b) => compareStrings(a.path, b.path)),
  );
  const links = walk.links.sort((a, b) => compareStrings(a.relativePath, b.relativePath));
  return { ...selection.content(), links };
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
async function readFolder(walk: Walk, folder: Folder): Promise<readonly Folder[]> {
  const { selection, followSymlinks } = walk;
  let entries: Dirent[];
  try {
    entries = await readdir(folder.path, { withFileTypes: true });
  } catch (error) {
    const path = folder.relativePath === "" ? folder.path : folder.relativePath;
    selection.problems.push({ path, reason: `cannot be read: ${reasonOf(error)}` });
    return [];
  }
  const inside: Folder[] = [];
  for (const entry of entries) {
    const relativePath = folder.relativePath === "" ? entry.name : `${folder.relativePath}/${entry.name}`;
    const path = join(folder.path, entry.name);
    const child =
      followSymlinks && entry.isSymbolicLink()
        ? await followLink(walk, folder, relativePath, path)
        : { path, kind: entry };
    if (child === undefined) continue;
    const isFolder = child.kind.isDirectory();
    if (selection.leavesOut(relativePath, isFolder ? "folder" : "file")) continue;
    if ("target" in child) walk.links.push(child.target);
    const special = kindOf(child.kind);
    if (isFolder) {
      selection.folders.push(relativePath);
      inside.push({ relativePath, path: child.path, chain: [...folder.chain, child.path] });
    } else if (special !== undefined)
      selection.problems.push({ path: relativePath, reason: `is ${special}` });
    else walk.found.push({ relativePath, path: child.path });
  }
  return inside;
}

/** Resolves a symbolic link. Returns undefined after recording why it cannot be followed. */
async function followLink({ root, selection }: Walk, folder: Folder, relativePath: string, link: string) {
  try {
    const path = await realpath(link);
    const kind = await stat(path);
    if (!kind.isDirectory() || !folder.chain.includes(path)) {
      const isOutside = path !== root && !path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
      return { path, kind, target: { relativePath, target: path, isOutside } };
    }
    if (!selection.leavesOut(relativePath, "folder"))
      selection.problems.push({
        path: relativePath,
        reason: "is a symbolic link to a folder that contains it",
      });
  } catch (error) {
    const reason = `is a symbolic link that cannot be followed: ${reasonOf(error)}`;
    if (!selection.leavesOut(relativePath, "file")) selection.problems.push({ path: relativePath, reason });
  }
  return undefined;
}

/** Checks that a file can be read, and keeps its content if it is small. */
async function readFile(walk: Walk, path: string, relativePath: string): Promise<void> {
  const maxBytes = Math.min(maxKeptFileBytes, walk.keepableBytes);
  // Reserve memory first, because several files are read at a time.
  walk.keepableBytes -= maxBytes;
  let keptBytes = 0;
  try {
    const { size, source } = await readSmallFile(path, maxBytes);
    keptBytes = source === undefined ? 0 : size;
    walk.selection.files.push({ relativePath, size, open: async () => source ?? openCheckedFile(path) });
  } catch (error) {
    walk.selection.problems.push({ path: relativePath, reason: `cannot be read: ${reasonOf(error)}` });
  }
  walk.keepableBytes += maxBytes - keptBytes;
}

type Kind = Pick<Dirent, "isDirectory" | "isFile" | "isSymbolicLink" | "isSocket" | "isFIFO">;

/** The kind of a special file; undefined for files and folders. */
function kindOf(entry: Kind): string | undefined {
  if (entry.isFile() || entry.isDirectory()) return undefined;
  if (entry.isSymbolicLink()) return "a symbolic link";
  if (entry.isSocket()) return "a socket";
  if (entry.isFIFO()) return "a pipe";
  return "a device";
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
