import type { StoreFile } from "@sf-image-store/client/node";

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

export const markName = "_.dir";

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
