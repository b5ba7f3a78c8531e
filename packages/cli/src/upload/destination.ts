import type { PlatformPath } from "node:path";
import nodePath from "node:path";
import { isFabricError, isVerificationError } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import { UsageError } from "../errors/errors.js";
import { quoteName } from "../output/hints.js";
import { rejectReservedPath } from "../store/delete-content.js";
import { nameOf } from "../store/tree.js";
import type { FoundSource, LocalSource } from "./source.js";

/**
 * The destination of an upload, as `cp` understands it: a `to` that ends with a slash is the folder to put the source
 * into, otherwise the destination itself. By default the name of the source, for an archive without its extension.
 * Backslashes separate names, too, because Windows users type them. Throws UsageError.
 */
export function destinationOf(
  { path, form }: Pick<FoundSource, "path" | "form">,
  to: string | undefined,
  { resolve, basename, extname }: PlatformPath = nodePath,
): string {
  const given = (to ?? "").replaceAll("\\", "/");
  const isInto = to === undefined || given.endsWith("/");
  if (form === "standard input" && isInto) {
    throw new UsageError(
      "Standard input has no name. Use --to to specify the path of the file, such as --to MyApp/data.bin",
    );
  }
  const file = basename(resolve(path));
  const name = form === "archive" ? basename(file, extname(file)) : file;
  const folder = given.replace(/^\/+|\/+$/g, "");
  const destination = isInto ? `${folder}/${name}`.replace(/^\//, "") : folder;
  if (destination === "" || name === "") {
    throw new UsageError("Cannot upload to the root of the image store. Use --to to specify a path.");
  }
  rejectReservedPath(destination, "Use --to to specify another path.");
  return destination;
}

export type StoreObject = { readonly kind: "file"; readonly fileSize: number } | { readonly kind: "folder" };

/** The file or folder at a store path; undefined if there is none. */
export async function findStoreObject(
  store: Pick<ImageStore, "listContent">,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<StoreObject | undefined> {
  try {
    // Listing a file returns the file itself (protocol §1.3).
    for await (const entry of store.listContent({ storePath, abortSignal })) {
      const isSameFile = entry.kind === "file" && entry.storePath.toLowerCase() === storePath.toLowerCase();
      return isSameFile ? { kind: "file", fileSize: entry.fileSize } : { kind: "folder" };
    }
    // The listing is empty for an empty folder, and for a file that is being replaced.
    return undefined;
  } catch (error) {
    // The 404 of a missing folder has no error code.
    if (isFabricError(error) && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Why the path cannot be written: a folder is in the way of a file, or a file in the way of a folder. Clusters
 * report this as a disk error. Undefined if nothing is in the way.
 * @param into The arguments that put the file into an existing folder. The message shows them.
 */
export async function findConflict(
  store: Pick<ImageStore, "listContent">,
  kind: LocalSource["kind"],
  storePath: string,
  into: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  const found = await findStoreObject(store, storePath, abortSignal);
  if (found?.kind === "folder" && kind === "file") {
    return `${storePath} is a folder in the image store. To put the file into it, use ${into}`;
  }
  if (found?.kind === "file" && kind === "package") {
    return `${storePath} is a file in the image store. Use another path for the package, or delete the file first: sf-image-store rm ${quoteName(storePath)}`;
  }
  for (let path = storePath; found === undefined && path.includes("/"); ) {
    path = path.slice(0, path.lastIndexOf("/"));
    const above = await findStoreObject(store, path, abortSignal);
    if (above?.kind === "file")
      return `${path} is a file in the image store. Use a path that is not below it.`;
    if (above !== undefined) break;
  }
  return undefined;
}

/** Throws UsageError if a file or folder is in the way of the upload. */
export async function requireFreeDestination(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<void> {
  const obstacle = await findUploadConflict(store, source, storePath, abortSignal);
  if (obstacle !== undefined) throw new UsageError(obstacle);
}

export function findUploadConflict(
  store: ImageStore,
  { kind }: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  return findConflict(store, kind, storePath, `--to ${quoteName(`${storePath}/`)}`, abortSignal);
}

/** The store path of a file in a folder. `""` is the root. */
export function pathInFolder(folder: string, path: string): string {
  return folder === "" ? nameOf(path) : `${folder}/${nameOf(path)}`;
}

/** The content of the store at the destination of an upload. */
export interface DestinationState {
  /**
   * `same`: a receipt proves the same content. `complete`: a complete package whose content differs or cannot be
   * compared. `open`: nothing, or an incomplete upload.
   */
  readonly state: "file" | "same" | "complete" | "open";
  /** Paths that are not in the package. */
  readonly unexpected: readonly string[];
}

/** Inspects the destination. Rejects invalid names as the upload would. */
export async function inspectDestination(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<DestinationState> {
  // Missing files are expected here, so do not wait for them to appear.
  const options = { abortSignal, retryOptions: { retryDelayMs: 0 } };
  const isFile = (await findStoreObject(store, storePath, abortSignal))?.kind === "file";
  if (source.kind === "file" && !isFile) return { state: "open", unexpected: [] };
  try {
    const { proof } =
      source.kind === "file"
        ? await store.verifyFile(storePath, source.content ?? source.path, options)
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
