import { randomUUID } from "node:crypto";
import { copyFile, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CopyContentOptions } from "../operations/content.js";
import type { ByteSource } from "../upload/byte-source.js";
import { markName } from "../wire/store-path.js";
import { filesBelow, find, isAbsent, notFound, safePath, stagingName } from "./folder-files.js";

/** Copies like a cluster (protocol §1.5): only marked folders, and mark files last, deepest first. */
export async function copyInFolder(root: string, options: CopyContentOptions): Promise<void> {
  const { skipFiles = [], copyFlag = "Overwrite", abortSignal } = options;
  const source = await safePath(root, options.source);
  const destination = await safePath(root, options.destination);
  const found = await find(source);
  if (found === undefined) throw notFound(options.source, root);
  if (found.isFile()) return writeStaged(root, destination, (unfinished) => copyFile(source, unfinished));
  if ((await find(join(source, markName))) === undefined) {
    throw notFound(
      `The mark file ${options.source}/${markName}, without which the folder is not complete,`,
      root,
    );
  }
  if (copyFlag === "Echo" && (await find(join(destination, markName))) !== undefined) return;
  if (copyFlag === "Overwrite") await removeStaged(root, destination);
  const skipped = new Set(skipFiles.map((name) => name.toLowerCase()));
  const paths = (await filesBelow(root, source)).map(({ relativePath }) => relativePath);
  for (const path of marksLast(paths)) {
    abortSignal?.throwIfAborted();
    if (skipped.has(nameOf(path).toLowerCase())) continue;
    const target = join(destination, path);
    await writeStaged(root, target, (unfinished) => copyFile(join(source, path), unfinished));
  }
}

function marksLast(paths: readonly string[]): string[] {
  const isMark = (path: string) => nameOf(path).toLowerCase() === markName;
  const depth = (path: string) => path.split("/").length;
  const marks = paths.filter(isMark).sort((a, b) => depth(b) - depth(a));
  return [...paths.filter((path) => !isMark(path)), ...marks];
}

const pieceSize = 1024 * 1024;

/** Whether a file has exactly the bytes of a source. */
export async function hasSameContent(
  path: string,
  source: ByteSource,
  abortSignal: AbortSignal,
): Promise<boolean> {
  const found = await find(path);
  if (!found?.isFile() || found.size !== source.size) return false;
  const file = await open(path, "r");
  const buffer = Buffer.allocUnsafe(Math.min(pieceSize, source.size));
  try {
    for (let position = 0; position < source.size; position += pieceSize) {
      const size = Math.min(pieceSize, source.size - position);
      const range = { startPosition: position, endPosition: position + size - 1 };
      const wanted = await source.read(range, { abortSignal });
      const { bytesRead } = await file.read(buffer, 0, size, position);
      const bytes = wanted instanceof Blob ? new Uint8Array(await wanted.arrayBuffer()) : wanted;
      if (bytesRead !== size || !buffer.subarray(0, size).equals(bytes)) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}

/**
 * Lets `write` create a file in the staging folder and moves it to its path when it is complete. Cleans up after a failure; a
 * killed process leaves a file in the staging folder.
 */
export async function writeStaged(
  root: string,
  path: string,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  await withStaging(root, async (unfinished) => {
    await write(unfinished);
    await mkdir(dirname(path), { recursive: true });
    await rename(unfinished, path);
  });
}

/** Moves a file or folder out of the store in one step and deletes it. Succeeds if the path does not exist. */
export async function removeStaged(root: string, path: string): Promise<void> {
  if ((await find(path)) === undefined) return;
  await withStaging(root, (aside) => rename(path, aside));
}

async function withStaging(root: string, work: (path: string) => Promise<void>): Promise<void> {
  const staging = join(root, stagingName);
  // A subfolder keeps other writers from deleting the staging folder before the file exists.
  const own = join(staging, randomUUID());
  await makeBelow(staging, own);
  try {
    await work(join(own, "content"));
  } finally {
    await rm(own, { recursive: true, force: true });
    // Fails if other writers use the folder or have deleted it.
    await rmdir(staging).catch(() => {});
  }
}

/** Retries, because other writers may delete the staging folder between the two steps. */
async function makeBelow(staging: string, own: string, attempts = 20): Promise<void> {
  try {
    await mkdir(staging).catch((error: unknown) => {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
    });
    await mkdir(own);
  } catch (error) {
    if (!isAbsent(error) || attempts <= 1) throw error;
    await makeBelow(staging, own, attempts - 1);
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
