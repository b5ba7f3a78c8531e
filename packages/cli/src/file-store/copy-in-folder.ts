import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { CopyContentOptions } from "@sf-image-store/client/node";
import { markName, nameOf } from "../store/tree.js";
import { notFound } from "./folder-error.js";
import { filesBelow, find } from "./folder-listing.js";
import { safePath } from "./safe-path.js";
import { removeStaged, writeStaged } from "./staging.js";

/** Copies as a cluster does (protocol §1.5): only folders with a mark, and the marks last, those below before those above. */
export async function copyInFolder(root: string, options: CopyContentOptions): Promise<void> {
  const { skipFiles = [], copyFlag = "Overwrite", abortSignal } = options;
  const source = await safePath(root, options.source);
  const destination = await safePath(root, options.destination);
  const found = await find(source);
  if (found === undefined) throw notFound(options.source, root);
  if (found.isFile()) return writeStaged(root, destination, (unfinished) => copyFile(source, unfinished));
  if ((await find(join(source, markName))) === undefined) {
    throw notFound(`The mark ${options.source}/${markName}, without which the folder is not complete,`, root);
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
