import type { PlatformPath } from "node:path";
import nodePath from "node:path";
import { isFabricError, isVerificationError } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import { UsageError } from "../errors/errors.js";
import { refuseReserved } from "../store/delete-content.js";
import { nameOf } from "../store/tree.js";
import type { LocalSource } from "./transfer.js";

/**
 * Where a file or directory goes: by default its own name; with `to`, that path. For a file, `to` with a slash at its end
 * is the folder to put it into. Backslashes separate as slashes do: people on Windows type them. Throws UsageError.
 */
export function destinationOf(
  path: string,
  to: string | undefined,
  kind: "file" | "package",
  { resolve, basename }: PlatformPath = nodePath,
): string {
  const name = basename(resolve(path));
  const given = (to ?? "").replaceAll("\\", "/");
  const folder = given.replace(/^\/+|\/+$/g, "");
  const isInto = kind === "file" && given.endsWith("/");
  const destination = to === undefined ? name : isInto ? `${folder}/${name}`.replace(/^\//, "") : folder;
  if (destination === "") {
    throw new UsageError("Cannot upload to the root of the image store. Use --to to specify a path.");
  }
  refuseReserved(destination, "Use --to to specify another path.");
  return destination;
}

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
    return `${storePath} is a folder in the image store. To put the file into it, use ${into}`;
  }
  if (found?.kind === "file" && kind === "package") {
    return `${storePath} is a file in the image store. Use another path for the package, or delete the file first: sf-image-store rm ${storePath}`;
  }
  for (let path = storePath; found === undefined && path.includes("/"); ) {
    path = path.slice(0, path.lastIndexOf("/"));
    const above = await whatIsAt(store, path, abortSignal);
    if (above?.kind === "file")
      return `${path} is a file in the image store. Use a path that is not below it.`;
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

/** What is in the store where something is to go. */
export interface AtDestination {
  /**
   * `same`: a receipt proves the same content. `complete`: a package with its mark and other content, or content that cannot
   * be compared. `open`: nothing, or what an interrupted upload has left.
   */
  readonly state: "file" | "same" | "complete" | "open";
  /** Paths that do not belong to the package. */
  readonly unexpected: readonly string[];
}

/** Asks the store. Refuses names as the upload would. */
export async function lookAtDestination(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<AtDestination> {
  // What is absent is no surprise here: there is nothing to wait for.
  const options = { abortSignal, retryOptions: { retryDelayMs: 0 } };
  const isFile = (await whatIsAt(store, storePath, abortSignal))?.kind === "file";
  if (source.kind === "file" && !isFile) return { state: "open", unexpected: [] };
  try {
    const { proof } =
      source.kind === "file"
        ? await store.verifyFile(storePath, source.path, options)
        : await store.verifyPackage(source.content, storePath, options);
    if (proof === "content") return { state: "same", unexpected: [] };
    return { state: isFile ? "file" : "complete", unexpected: [] };
  } catch (error) {
    if (!isVerificationError(error)) throw error;
    if (isFile) return { state: "file", unexpected: [] };
    const { differences } = error;
    const isMarked = !differences.some((one) => one.kind === "unmarked" && one.storePath === storePath);
    const unexpected = differences.filter(({ kind }) => kind === "unexpected");
    return { state: isMarked ? "complete" : "open", unexpected: unexpected.map((one) => one.storePath) };
  }
}
