import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type PackageContent, type UploadPackageOptions, walkDirectory } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import { UsageError } from "../errors/errors.js";

/** The result of an upload, for programs. */
export interface Uploaded {
  readonly kind: LocalSource["kind"];
  /** The local path as it was given. */
  readonly source: string;
  readonly storePath: string;
  readonly files: number;
  /** Number of folders marked as complete. */
  readonly folders: number;
  readonly totalBytes: number;
  /** Bytes sent by this run. Bytes that were sent again count again. */
  readonly sentBytes: number;
  /** Bytes that the cluster already had and that were not sent. */
  readonly resumedBytes: number;
  /** Files that the cluster copied because of `--base`, and that were not sent. */
  readonly copiedFiles: number;
  readonly copiedBytes: number;
  /** Files and folders deleted because of `--replace`. */
  readonly deletedPaths: number;
  /** Upload sessions that could not be deleted. The cluster deletes them within about 30 minutes. */
  readonly sessionsLeft: number;
  /** Whether the upload was verified with the listing of the store. */
  readonly verified: boolean;
  /** Whether the store already had the same content, so that nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the receipt, which identifies the same upload later. Null if there is none. */
  readonly receipt: string | null;
  readonly durationMs: number;
}

/**
 * Uploads a file or a package.
 * @param onReceiptFailure Called if the receipt could not be stored.
 */
export async function transfer(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  options: UploadPackageOptions,
  onReceiptFailure: (error: Error) => void,
): Promise<Uploaded> {
  const begin = performance.now();
  const { receiptFailure, receipt = null, ...sent } = await send(store, source, storePath, options);
  if (receiptFailure !== undefined) onReceiptFailure(receiptFailure);
  const durationMs = Math.round(performance.now() - begin);
  const { kind, path } = source;
  const verified = options.verify !== false;
  return { kind, source: path, storePath, ...sent, receipt, verified, durationMs };
}

async function send(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  options: UploadPackageOptions,
) {
  if (source.kind === "package") {
    const { storePath: _, ...figures } = await store.uploadPackage(source.content, {
      ...options,
      destination: storePath,
    });
    return figures;
  }
  // These options apply only to packages.
  const { replace: _replace, allowUnexpected: _allowUnexpected, base: _base, ...fileOptions } = options;
  const uploaded = await store.uploadFile(storePath, source.path, fileOptions);
  const { storePath: _, sessionId, sessionDeleted, ...figures } = uploaded;
  const sessionsLeft = sessionId === undefined || sessionDeleted ? 0 : 1;
  const none = { copiedFiles: 0, copiedBytes: 0, deletedPaths: 0 };
  return { files: 1, folders: 0, ...figures, ...none, sessionsLeft };
}

/** A local file, or a directory with its content. */
export type LocalSource = LocalFile | LocalPackage;

export interface LocalFile {
  readonly kind: "file";
  readonly path: string;
  readonly totalBytes: number;
}

export interface LocalPackage {
  readonly kind: "package";
  readonly path: string;
  readonly totalBytes: number;
  readonly content: PackageContent;
}

/** Throws UsageError if the path does not exist. */
export async function kindOf(path: string): Promise<LocalSource["kind"]> {
  return (await statsOf(path)).isDirectory() ? "package" : "file";
}

/** Throws UsageError if the path does not exist, and InvalidInputError if the directory cannot be uploaded. */
export async function readSource(path: string, signal: AbortSignal): Promise<LocalSource> {
  const stats = await statsOf(path);
  if (stats.isFile()) return { kind: "file", path, totalBytes: stats.size };
  if (!stats.isDirectory()) throw new UsageError(`${path} is neither a file nor a directory.`);
  const content = await walkDirectory(path, signal);
  const totalBytes = content.files.reduce((sum, { size }) => sum + size, 0);
  return { kind: "package", path, totalBytes, content };
}

async function statsOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOENT"
        ? `${resolve(path)} does not exist.`
        : `Cannot read ${path}: ${String(code ?? error)}.`;
    throw new UsageError(reason, { cause: error });
  }
}
