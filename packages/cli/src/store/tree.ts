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

/** A folder of the store with what is in it. */
export interface TreeFolder {
  readonly kind: "folder";
  /** Empty for the root. */
  readonly storePath: string;
  readonly files: readonly StoreFile[];
  readonly folders: readonly TreeFolder[];
  /** Files below at any depth as the server counts them, if nobody went into the folder. */
  readonly unreadFileCount: number | undefined;
}

/** What lies below a folder, without marks: those say something of folders, and hold nothing. */
export interface Totals {
  readonly fileCount: number;
  readonly folderCount: number;
  /** In bytes. */
  readonly size: number;
  /** When anything below was last written, marks included. Undefined if nothing is there. */
  readonly newest: Date | undefined;
}

const markName = "_.dir";

export function isMark({ storePath }: { readonly storePath: string }): boolean {
  return nameOf(storePath) === markName;
}

/** Whether the folder was marked as complete by whoever uploaded it. */
export function isComplete({ files }: TreeFolder): boolean {
  return files.some(isMark);
}

/** The last name of a path. */
export function nameOf(storePath: string): string {
  return storePath.slice(storePath.lastIndexOf("/") + 1);
}

/** A path as people tell folders by: with a slash behind it. The root is just that. */
export function folderText(storePath: string): string {
  return `${storePath}/`;
}

/** Every file below, at any depth, marks included. */
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

/** Listings that are asked for at a time. */
const concurrency = 8;

export interface ReadTreeOptions {
  /** How many levels of folders below the first to go into. @default all */
  readonly depth?: number;
  /** Whether the folder of receipts counts, which is not what people put into the store. @default false */
  readonly all?: boolean;
  readonly abortSignal: AbortSignal;
}

type Lister = Pick<ImageStore, "listContent">;

/** The file at a path, or the folder with what is in it. Throws NotFoundError. */
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
  // Windows lists a folder once per spelling, each time with all that is in it (protocol §1.3).
  const seen = new Set<string>();
  const grow = async (path: string, found: readonly StoreEntry[], levels: number): Promise<TreeFolder> => {
    const fresh = found.filter((entry) => !seen.has(entry.storePath) && seen.add(entry.storePath));
    const below = fresh.filter((entry) => entry.kind === "folder").map((folder) => enter(folder, levels));
    const folders = (await Promise.all(below)).filter(isSomething);
    const files = fresh.filter((entry) => entry.kind === "file");
    return { kind: "folder", storePath: path, files, folders, unreadFileCount: undefined };
  };
  const enter = async ({ storePath: path, fileCount }: StoreFolder, levels: number): Promise<TreeFolder> => {
    if (levels === 0) return unread(path, fileCount);
    const found = await limit(() => listEntries(store, path, abortSignal));
    return grow(path, found ?? [], levels - 1);
  };
  return grow(storePath, entries, depth);
}

/**
 * The entries of a folder, of a file that one; undefined if nothing is there. The root without the folder of receipts,
 * unless `all`.
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

/** A listing of a file is that file (protocol §1.3), in the case it was written with. */
export function fileAt(entries: readonly StoreEntry[], storePath: string): StoreFile | undefined {
  const [entry] = entries;
  const isIt = entry?.kind === "file" && entry.storePath.toLowerCase() === storePath.toLowerCase();
  return isIt ? entry : undefined;
}

function unread(storePath: string, unreadFileCount: number): TreeFolder {
  return { kind: "folder", storePath, files: [], folders: [], unreadFileCount };
}

function isSomething({ files, folders, unreadFileCount }: TreeFolder): boolean {
  return files.length > 0 || folders.length > 0 || unreadFileCount !== undefined;
}
