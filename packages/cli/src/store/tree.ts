import {
  isFabricError,
  isReceiptPath,
  type StoreEntry,
  type StoreFile,
  type StoreFolder,
} from "@sf-image-store/client/node";
import pLimit from "p-limit";
import type { ImageStore } from "../connection/open-store.js";
import { NotFoundError } from "../errors/errors.js";

/** A folder of the store and its content. */
export interface TreeFolder {
  readonly kind: "folder";
  /** Empty for the root. */
  readonly storePath: string;
  readonly files: readonly StoreFile[];
  readonly folders: readonly TreeFolder[];
  /** The server's count of files at any depth, if the content was not read. */
  readonly unreadFileCount: number | undefined;
}

/** The content below a folder. Mark files are not counted. */
export interface Totals {
  readonly fileCount: number;
  readonly folderCount: number;
  /** In bytes. */
  readonly size: number;
  /** The latest modification date below the folder, including mark files. Undefined if there is no file. */
  readonly newest: Date | undefined;
}

const markName = "_.dir";

export function isMark({ storePath }: { readonly storePath: string }): boolean {
  return nameOf(storePath) === markName;
}

/** Whether the folder has a mark file, which shows that its upload was completed. */
export function isComplete({ files }: TreeFolder): boolean {
  return files.some(isMark);
}

/** The last name of a path. */
export function nameOf(storePath: string): string {
  return storePath.slice(storePath.lastIndexOf("/") + 1);
}

/** Formats the path of a folder, with a slash at the end. */
export function folderText(storePath: string): string {
  return `${storePath}/`;
}

/** Every file at any depth, including mark files. */
export function filesBelow({ files, folders }: TreeFolder): StoreFile[] {
  return [...files, ...folders.flatMap(filesBelow)];
}

export function totalsOf(tree: TreeFolder): Totals {
  const files = filesBelow(tree);
  const contents = files.filter((file) => !isMark(file));
  return {
    fileCount: contents.length,
    folderCount: countFolders(tree),
    size: contents.reduce((sum, { fileSize }) => sum + fileSize, 0),
    newest: latest(files.map(({ modifiedDate }) => modifiedDate)),
  };
}

function countFolders({ folders }: TreeFolder): number {
  return folders.reduce((count, folder) => count + 1 + countFolders(folder), 0);
}

function latest(dates: readonly Date[]): Date | undefined {
  return dates.reduce<Date | undefined>(
    (newest, date) => (newest === undefined || date > newest ? date : newest),
    undefined,
  );
}

/** Maximum number of parallel listings. */
const concurrency = 8;

export interface ReadTreeOptions {
  /** Number of folder levels to read below the first one. @default all */
  readonly depth?: number;
  /** Whether to include the folder with receipts, which users did not upload themselves. @default false */
  readonly all?: boolean;
  readonly abortSignal: AbortSignal;
}

type Lister = Pick<ImageStore, "listContent">;

/** Reads a file, or a folder and its content. Throws NotFoundError. */
export async function readTree(
  store: Lister,
  storePath: string,
  { depth = Number.POSITIVE_INFINITY, all = false, abortSignal }: ReadTreeOptions,
): Promise<TreeFolder | StoreFile> {
  const entries = await listEntries(store, storePath, abortSignal, all);
  if (entries === undefined) throw new NotFoundError(`${storePath} does not exist in the image store.`);
  const file = fileAt(entries, storePath);
  if (file !== undefined) return file;
  const limit = pLimit(concurrency);
  // Windows lists a folder once per spelling, each time with all its content (protocol §1.3).
  const seen = new Set<string>();
  const readFolder = async (
    path: string,
    found: readonly StoreEntry[],
    levels: number,
  ): Promise<TreeFolder> => {
    const fresh = found.filter((entry) => !seen.has(entry.storePath) && seen.add(entry.storePath));
    const below = fresh
      .filter((entry) => entry.kind === "folder")
      .map((folder) => readSubfolder(folder, levels));
    const folders = (await Promise.all(below)).filter(isNotEmpty);
    const files = fresh.filter((entry) => entry.kind === "file");
    return { kind: "folder", storePath: path, files, folders, unreadFileCount: undefined };
  };
  const readSubfolder = async (
    { storePath: path, fileCount }: StoreFolder,
    levels: number,
  ): Promise<TreeFolder> => {
    if (levels === 0) return unread(path, fileCount);
    const found = await limit(() => listEntries(store, path, abortSignal));
    return readFolder(path, found ?? [], levels - 1);
  };
  return readFolder(storePath, entries, depth);
}

/**
 * The entries of a folder, or the file itself; undefined if the path does not exist. Omits the folder with receipts
 * from the root unless `all` is set.
 */
export async function listEntries(
  store: Lister,
  storePath: string,
  abortSignal: AbortSignal,
  all = false,
): Promise<StoreEntry[] | undefined> {
  const entries: StoreEntry[] = [];
  const where = storePath === "" ? {} : { storePath };
  try {
    for await (const entry of store.listContent({ ...where, abortSignal })) {
      if (all || storePath !== "" || !isReceiptPath(entry.storePath)) entries.push(entry);
    }
  } catch (error) {
    if (isFabricError(error) && error.status === 404) return undefined;
    throw error;
  }
  return entries;
}

/** The file, if the listing is that of a file (protocol §1.3). Names are compared without case. */
export function fileAt(entries: readonly StoreEntry[], storePath: string): StoreFile | undefined {
  const [entry] = entries;
  const isSameFile = entry?.kind === "file" && entry.storePath.toLowerCase() === storePath.toLowerCase();
  return isSameFile ? entry : undefined;
}

function unread(storePath: string, unreadFileCount: number): TreeFolder {
  return { kind: "folder", storePath, files: [], folders: [], unreadFileCount };
}

function isNotEmpty({ files, folders, unreadFileCount }: TreeFolder): boolean {
  return files.length > 0 || folders.length > 0 || unreadFileCount !== undefined;
}
