import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { FabricError, InvalidInputError } from "../errors/errors.js";
import type { ContentPage, FolderSize, StoreFile, StoreFolder } from "../operations/content.js";

/** The same error as from a cluster, so that callers need to handle only one. */
export function notFound(what: string, folder: string): FabricError {
  const context = {
    operationId: "GetImageStoreContent",
    request: `Looking for ${what}`,
    requestId: "",
  } as const;
  return new FabricError(`${what} is not in the image store ${folder}.`, context, {
    status: 404,
    code: "FABRIC_E_FILE_NOT_FOUND",
  });
}

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/**
 * The folder for files that are being written or deleted. It is not listed, and store paths cannot use it. It exists only in the
 * root, because a package may contain a folder with the same name.
 */
export const stagingName = ".sf-image-store";

/** Whether a path on disk is the staging folder of the store at `root`, ignoring case. */
function isStaging(root: string, path: string): boolean {
  return join(dirname(path), basename(path).toLowerCase()) === join(root, stagingName);
}

/**
 * The path on disk of a store path. Throws InvalidInputError if its names or links lead out of the root.
 */
export async function safePath(root: string, storePath: string): Promise<string> {
  const names = storePath.split(/[/\\]/);
  for (const name of names) {
    if (name === "" || name === "." || name === ".." || isRefused(name)) {
      throw new InvalidInputError(
        "storePath",
        `cannot be stored in a folder, got ${JSON.stringify(storePath)}`,
      );
    }
  }
  if (names[0]?.toLowerCase() === stagingName) {
    throw new InvalidInputError(
      "storePath",
      `must not begin with ${stagingName}, which is reserved for unfinished files`,
    );
  }
  const path = join(root, ...names);
  const [realRoot, real] = [await realpath(root), await realOf(path)];
  if (real !== realRoot && !real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
    throw new InvalidInputError(
      "storePath",
      `leads out of the image store through a link, got ${JSON.stringify(storePath)}`,
    );
  }
  return path;
}

/** Windows would change such a name or read it as an alternate data stream. */
function isRefused(name: string): boolean {
  return process.platform === "win32" && /[<>:"|?*]|[. ]$/.test(name);
}

/** The real path of the existing part of a path. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return realOf(dirname(path));
  }
}

/** File systems have no file versions. */
const noVersion = { versionNumber: 0n, epochDataLossNumber: 0n, epochConfigurationNumber: 0n };

/** A file below a folder. */
export interface FoundFile {
  /** The path from that folder, with `/` as separator. */
  readonly relativePath: string;
  readonly size: number;
}

/** Lists a folder of the store, or the file at the path. Throws a FabricError if the path does not exist. */
export async function listFolder(root: string, storePath: string | undefined): Promise<ContentPage> {
  const folder = storePath === undefined ? root : await safePath(root, storePath);
  if (storePath !== undefined) {
    const found = await find(folder);
    if (found === undefined) throw notFound(storePath, root);
    if (found.isFile()) return page([await storeFile(folder, storePath)], []);
  }
  const prefix = storePath === undefined ? "" : `${storePath.replaceAll("\\", "/")}/`;
  const files: StoreFile[] = [];
  const folders: StoreFolder[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (isStaging(root, path)) continue;
    const inStore = prefix + entry.name;
    if (entry.isFile()) files.push(await storeFile(path, inStore));
    else if (entry.isDirectory()) {
      const fileCount = (await filesBelow(root, path)).length;
      folders.push({ kind: "folder", storePath: inStore, fileCount });
    }
  }
  return page(files, folders);
}

/** The size of all files below a folder, or of one file, in bytes. Throws a FabricError if the path does not exist. */
export async function sizeOfFolder(root: string, storePath: string | undefined): Promise<FolderSize> {
  const folder = storePath === undefined ? root : await safePath(root, storePath);
  const found = await find(folder);
  if (found === undefined) throw notFound(storePath ?? "The root", root);
  const sizes = found.isFile() ? [found.size] : (await filesBelow(root, folder)).map(({ size }) => size);
  return { storePath: storePath ?? "", folderSize: sizes.reduce((sum, size) => sum + size, 0) };
}

/** All files below a folder of the store, at any depth. Does not follow links, which may lead out of the store. */
export async function filesBelow(root: string, folder: string, prefix = ""): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await entriesOf(join(folder, prefix))) {
    const relativePath = prefix + entry.name;
    const path = join(folder, relativePath);
    if (isStaging(root, path)) continue;
    if (entry.isDirectory()) found.push(...(await filesBelow(root, folder, `${relativePath}/`)));
    else if (entry.isFile()) found.push({ relativePath, size: (await lstat(path)).size });
  }
  return found;
}

/** The file or folder at a path on disk; undefined if it does not exist. */
export async function find(path: string) {
  return lstat(path).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
}

async function entriesOf(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => Number(a.name > b.name) - Number(a.name < b.name));
}

async function storeFile(path: string, storePath: string): Promise<StoreFile> {
  const { size, mtime } = await lstat(path);
  return { kind: "file", storePath, fileSize: size, modifiedDate: mtime, fileVersion: noVersion };
}

function page(files: readonly StoreFile[], folders: readonly StoreFolder[]): ContentPage {
  return { files, folders, continuationToken: undefined };
}
