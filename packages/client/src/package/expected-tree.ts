import type { NameKey } from "./name-key.js";
import { foldersAbove, markName, type PackageContent } from "./package-content.js";

/** What shall be at a destination, by the keys of full store paths. */
export interface ExpectedTree {
  readonly destination: string;
  readonly keyOf: NameKey;
  readonly files: ReadonlyMap<string, { readonly storePath: string; readonly size: number }>;
  /** All folders, the destination itself among them. */
  readonly folders: ReadonlyMap<string, string>;
}

export function expectedTree(content: PackageContent, destination: string, keyOf: NameKey): ExpectedTree {
  const storePathOf = (path: string) => `${destination}/${path}`;
  const files = content.files.map(({ relativePath, size }) => ({
    storePath: storePathOf(relativePath),
    size,
  }));
  const folders = [
    destination,
    ...(content.folders ?? []).flatMap((path) => [...foldersAbove(path), path]).map(storePathOf),
    ...content.files.flatMap(({ relativePath }) => foldersAbove(relativePath)).map(storePathOf),
  ];
  return {
    destination,
    keyOf,
    files: new Map(files.map((file) => [keyOf(file.storePath), file])),
    folders: new Map(folders.map((storePath) => [keyOf(storePath), storePath])),
  };
}

/** The folder whose mark a file is; undefined for any other file. */
export function markedFolder(storePath: string, keyOf: NameKey): string | undefined {
  const end = `/${markName}`;
  return keyOf(storePath).endsWith(end) ? storePath.slice(0, -end.length) : undefined;
}

export function markOf(folder: string): string {
  return `${folder}/${markName}`;
}
