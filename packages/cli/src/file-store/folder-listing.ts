import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ContentPage, FolderSize, StoreFile, StoreFolder } from "@sf-image-store/client/node";
import { isAbsent, notFound } from "./folder-error.js";
import { isStaging, safePath } from "./safe-path.js";

/** A folder keeps no versions. */
const noVersion = { versionNumber: 0n, epochDataLossNumber: 0n, epochConfigurationNumber: 0n };

/** A file below some folder. */
export interface FoundFile {
  /** Names joined by `/`, counted from that folder. */
  readonly relativePath: string;
  readonly size: number;
}

/** What a folder of the store holds, or the one file at the path. Throws a FabricError where nothing is. */
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

/** Bytes of all files below a folder, or of one file. Throws a FabricError where nothing is. */
export async function sizeOfFolder(root: string, storePath: string | undefined): Promise<FolderSize> {
  const folder = storePath === undefined ? root : await safePath(root, storePath);
  const found = await find(folder);
  if (found === undefined) throw notFound(storePath ?? "The root", root);
  const sizes = found.isFile() ? [found.size] : (await filesBelow(root, folder)).map(({ size }) => size);
  return { storePath: storePath ?? "", folderSize: sizes.reduce((sum, size) => sum + size, 0) };
}

/** All files below a folder of the store, at any depth. Links are not followed: they may lead anywhere. */
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

/** What is at a path on disk; undefined for nothing. */
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
