import { InvalidInputError } from "../errors/errors.js";
import type { FileVersion, StoreFile } from "../operations/content.js";
import { hexOf } from "../wire/bytes.js";
import { isReceiptPath, receiptFolder, receiptsOf } from "../wire/store-path.js";
import { subtleCrypto } from "./fingerprint.js";
import { hashContent, versionNumbers } from "./sessions.js";
import type { FileUpload, UploadRun } from "./upload-run.js";

/** Throws InvalidInputError for paths in the receipt folder, where any file would be read as a receipt. */
export function refuseReceiptPath(parameter: string, storePath: string): void {
  if (!isReceiptPath(storePath)) return;
  throw new InvalidInputError(parameter, `must not be in ${receiptFolder}, which is reserved for receipts`);
}

/** A file that a receipt covers. */
export interface ReceiptFile {
  /** The path from the destination, in the form in which the gateway compares names. Empty for the destination itself. */
  readonly key: string;
  readonly size: number;
}

/**
 * The first half of a receipt's name, which identifies the content: a hash of paths, sizes and content hashes. It is the same
 * for a copy of the files.
 */
export function contentHash(files: readonly (ReceiptFile & { readonly digest: string })[]): Promise<string> {
  return truncatedHash(
    files.map(({ key, size, digest }) => [key, size, digest]),
    40,
  );
}

/**
 * The second half, which identifies the writes: a hash of the file versions. Any later write to any of the files changes it and
 * voids the receipt.
 */
export function versionHash(
  files: readonly (ReceiptFile & { readonly fileVersion: FileVersion })[],
): Promise<string> {
  return truncatedHash(
    files.map(({ key, size, fileVersion }) => [key, String(size), ...versionNumbers(fileVersion)]),
    32,
  );
}

/** A truncated SHA-256, because paths on Windows must be short. */
async function truncatedHash(
  rows: readonly (readonly (string | number)[])[],
  length: number,
): Promise<string> {
  const lines = rows.map((row) => JSON.stringify(row)).sort();
  const text = new TextEncoder().encode(lines.join("\n"));
  return hexOf(new Uint8Array(await subtleCrypto().digest("SHA-256", text))).slice(0, length);
}

/** The store path of a receipt: what was written, and by which writes. */
export function receiptPath(storePath: string, content: string, versions: string): string {
  return `${receiptsOf(storePath)}/${content}-${versions}`;
}

/**
 * Whether an upload reads and writes receipts: it has to hash the content and read the listing, and the platform must support
 * hashing. Stores that can be read need no receipts.
 */
export function usesReceipts(run: UploadRun, verify: boolean): boolean {
  const { receipt, fingerprint } = run.settings;
  const isHashed = fingerprint === "content" && globalThis.crypto?.subtle !== undefined;
  return receipt && verify && isHashed && !run.server.comparesContent;
}

/** The hash of a receipt for a single file. */
export async function contentHashOf(run: UploadRun, file: FileUpload): Promise<string> {
  const { size } = file.source;
  return contentHash([{ key: "", size, digest: await hashContent(run, file) }]);
}

/** The only file that such a receipt covers. */
export function receiptFile({ fileSize: size, fileVersion }: Pick<StoreFile, "fileSize" | "fileVersion">) {
  return { key: "", size, fileVersion };
}
