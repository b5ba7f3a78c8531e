import type { UploadPackageOptions } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import type { LocalSource } from "./source.js";

/** What became of an upload, for programs. */
export interface Uploaded {
  readonly kind: LocalSource["kind"];
  /** The path on this machine, as it was given. */
  readonly source: string;
  readonly storePath: string;
  readonly files: number;
  /** Folders that were marked as complete. */
  readonly folders: number;
  readonly totalBytes: number;
  /** Bytes sent by this run; what had to be sent again counts again. */
  readonly sentBytes: number;
  /** Bytes that the cluster held before, and that were not sent. */
  readonly resumedBytes: number;
  /** Files and folders deleted because of `--replace`. */
  readonly deletedPaths: number;
  /** Sessions that the cluster keeps for another half an hour. */
  readonly sessionsLeft: number;
  /** Whether it was compared with the listing of the store. */
  readonly verified: boolean;
  /** Whether it was in the store before, with the same content. Then nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the receipt, by which the same upload is recognized later. Null without one. */
  readonly receipt: string | null;
  readonly durationMs: number;
}

/**
 * Sends it, whatever it is.
 * @param onReceiptFailure Called when the store does not take a receipt.
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
  // These are for packages alone.
  const { replace: _replace, allowUnexpected: _allowUnexpected, ...fileOptions } = options;
  const uploaded = await store.uploadFile(storePath, source.path, fileOptions);
  const { storePath: _, sessionId, sessionDeleted, ...figures } = uploaded;
  const sessionsLeft = sessionId === undefined || sessionDeleted ? 0 : 1;
  return { files: 1, folders: 0, ...figures, deletedPaths: 0, sessionsLeft };
}
