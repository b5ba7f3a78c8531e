import type { UploadPackageOptions } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import type { LocalSource } from "./source.js";

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
  const { replace: _replace, allowUnexpected: _allowUnexpected, ...fileOptions } = options;
  const uploaded = await store.uploadFile(storePath, source.content ?? source.path, fileOptions);
  const { storePath: _, sessionId, sessionDeleted, ...figures } = uploaded;
  const sessionsLeft = sessionId === undefined || sessionDeleted ? 0 : 1;
  return { files: 1, folders: 0, ...figures, deletedPaths: 0, sessionsLeft };
}
