import { isFabricError } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import { UsageError } from "../failure/usage-error.js";
import { nameOf } from "../store/tree.js";
import type { LocalSource } from "./source.js";

export type StoreObject = { readonly kind: "file"; readonly fileSize: number } | { readonly kind: "folder" };

/** What is at a path of the store. Undefined for nothing. */
export async function whatIsAt(
  store: Pick<ImageStore, "listContent">,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<StoreObject | undefined> {
  try {
    // The listing of a file is that file (protocol §1.3).
    for await (const entry of store.listContent({ storePath, abortSignal })) {
      const isIt = entry.kind === "file" && entry.storePath.toLowerCase() === storePath.toLowerCase();
      return isIt ? { kind: "file", fileSize: entry.fileSize } : { kind: "folder" };
    }
    // Nothing is listed of an empty folder, nor of a file that is being replaced.
    return undefined;
  } catch (error) {
    // A folder that does not exist has no code either.
    if (isFabricError(error) && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Why something cannot be written to a path: a folder is where a file should go, or a file where a folder should be.
 * Clusters answer such a write as if their disk were broken. Undefined when nothing is in the way.
 * @param into How to write into a folder that is there, for people.
 */
export async function obstacleAt(
  store: Pick<ImageStore, "listContent">,
  kind: LocalSource["kind"],
  storePath: string,
  into: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  const found = await whatIsAt(store, storePath, abortSignal);
  if (found?.kind === "folder" && kind === "file") {
    return `${storePath} is a folder in the image store. To write into it, use ${into}`;
  }
  if (found?.kind === "file" && kind === "package") {
    return `${storePath} is a file in the image store: a package needs a path of its own. Use another path, or delete the file first: sf-image-store rm ${storePath}`;
  }
  for (let path = storePath; found === undefined && path.includes("/"); ) {
    path = path.slice(0, path.lastIndexOf("/"));
    const above = await whatIsAt(store, path, abortSignal);
    if (above?.kind === "file")
      return `${path} is a file in the image store: nothing can be stored below it.`;
    if (above !== undefined) break;
  }
  return undefined;
}

/** Throws UsageError for an upload to a path where something of another kind is. */
export async function requireRoom(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<void> {
  const obstacle = await uploadObstacle(store, source, storePath, abortSignal);
  if (obstacle !== undefined) throw new UsageError(obstacle);
}

export function uploadObstacle(
  store: ImageStore,
  { kind }: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  return obstacleAt(store, kind, storePath, `--to ${storePath}/`, abortSignal);
}

/** Where a file goes that is put into a folder, `""` for the root. */
export function insideOf(folder: string, path: string): string {
  return folder === "" ? nameOf(path) : `${folder}/${nameOf(path)}`;
}
