import { InvalidInputError, isFabricError } from "../errors/errors.js";
import type { FileVersion, StoreFile } from "../operations/content.js";
import { isReceiptPath, receiptFolder, receiptsOf } from "../wire/store-path.js";
import { hexOf, subtleCrypto } from "./fingerprint.js";
import { type Difference, VerificationError } from "./upload-error.js";
import {
  type FileUpload,
  newRetryBudget,
  type StateBefore,
  type UploadRun,
  withRetries,
} from "./upload-run.js";

/**
 * Reads the path of a file before the first write. Every write gives the file a new version (protocol, "FileVersion"), so the
 * listing can prove a write later. A response cannot prove it, because it may belong to another request. Throws
 * InvalidInputError if the path is a folder, which a file cannot replace.
 */
export async function stateBefore(run: UploadRun, file: FileUpload): Promise<StateBefore> {
  const { storePath, retryBudget } = file;
  const found = await withRetries(run, retryBudget, () => run.server.entryAt(storePath, run.signal));
  if (found !== "folder") return { file: found };
  const reason = `is a folder in the image store: ${storePath}. To upload the file into it, append a name: ${storePath}/NAME`;
  throw new InvalidInputError("storePath", reason);
}

/** Whether a listed file was written after `before` was read. */
export function isWrittenSince({ file }: StateBefore, now: Pick<StoreFile, "fileVersion">): boolean {
  return file === undefined || !isSameVersion(now.fileVersion, file.fileVersion);
}

function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  return (
    a.versionNumber === b.versionNumber &&
    a.epochConfigurationNumber === b.epochConfigurationNumber &&
    a.epochDataLossNumber === b.epochDataLossNumber
  );
}

/** How often to list again if a file is missing: listings briefly hide a file while it is replaced (protocol §1.3). */
export const maxMissingRetries = 4;

/** Lists the file. Returns the difference from what was sent, or the listed file if there is none. */
export async function differenceAfter(
  run: UploadRun,
  file: FileUpload,
): Promise<{ readonly difference: Difference } | { readonly listed: StoreFile }> {
  const { storePath, source, retryBudget } = file;
  const settings = { ...run.settings, retry: { ...run.settings.retry, maxRetries: maxMissingRetries } };
  const waiting = newRetryBudget({ ...run, settings });
  for (;;) {
    const listed = await withRetries(run, retryBudget, () => run.server.findFile(storePath, run.signal));
    if (listed !== undefined) {
      const difference = differenceOf(file, listed);
      return difference === undefined ? { listed } : { difference };
    }
    const difference: Difference = { storePath, kind: "missing", expectedSize: source.size };
    const error = new VerificationError(storePath, [difference]);
    try {
      await waiting.wait(error, run.signal);
    } catch (ended) {
      if (ended === error) return { difference };
      throw ended;
    }
  }
}

function differenceOf(file: FileUpload, listed: StoreFile): Difference | undefined {
  const { storePath, source } = file;
  const sizes = { expectedSize: source.size, actualSize: listed.fileSize };
  if (!isProved(file, listed)) return { storePath, kind: "unchanged", ...sizes };
  return listed.fileSize === source.size ? undefined : { storePath, kind: "wrong-size", ...sizes };
}

/** Whether a listed file was written since `before` was read. True if it was not read. */
export function isProved({ before }: FileUpload, listed: StoreFile): boolean {
  return before === undefined || isWrittenSince(before, listed);
}

/**
 * Deletes a file whose session is complete, so that the next commit writes it. A file records the session it was committed
 * from, and committing that session again writes nothing (protocol §2.5), so the listing could never prove the commit. This
 * happens when an interrupted package upload resumes, and avoids sending the file again. Only for packages, which are
 * incomplete until they are marked.
 */
export async function deleteCommittedFile(run: UploadRun, file: FileUpload): Promise<void> {
  const { storePath, retryBudget } = file;
  await withRetries(run, retryBudget, () => run.server.deleteContent(storePath, run.signal));
  file.before = await stateBefore(run, file);
}

/**
 * Finds out whether a missing session was committed before it was lost. A failover loses sessions with their chunks, so only the
 * committed file can show it (protocol §2.9).
 */
export class CommitEvidence {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #before: StateBefore;
  /**
   * The session may have been committed: by this upload if the response was lost, or by a concurrent upload of the same content
   * if all chunks had arrived.
   */
  mayBeCommitted = false;
  /** A response was lost, so the server may have more bytes than it confirmed. */
  hasLostAnswers = false;
  #hasConcurrentUploader = false;

  constructor(run: UploadRun, file: FileUpload, before: StateBefore) {
    this.#run = run;
    this.#file = file;
    this.#before = before;
  }

  /** Another upload is sending the same content with the same session id. */
  get hasConcurrentUploader(): boolean {
    return this.#hasConcurrentUploader;
  }

  /** The server has bytes that it did not confirm to this upload. If no response was lost, another upload sent them. */
  noteUnconfirmedBytes(): void {
    if (!this.hasLostAnswers) this.#hasConcurrentUploader = true;
  }

  /**
   * Whether the file was written since the upload began, has the right size, and may be from a commit of its session. Cannot
   * detect a concurrent write of different content with the same size.
   */
  async isCommitted(): Promise<boolean> {
    if (!this.mayBeCommitted && !this.#hasConcurrentUploader) return false;
    const { storePath, source, retryBudget } = this.#file;
    const { server, signal } = this.#run;
    const now = await withRetries(this.#run, retryBudget, () => server.findFile(storePath, signal));
    return now !== undefined && now.fileSize === source.size && isWrittenSince(this.#before, now);
  }
}

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
    files.map(({ key, size, fileVersion: version }) => [
      ...[
        key,
        size,
        version.epochDataLossNumber,
        version.epochConfigurationNumber,
        version.versionNumber,
      ].map(String),
    ]),
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

const receiptName = /^([0-9a-f]{40})-([0-9a-f]{32})$/i;

/**
 * The content hash that a valid receipt of a path proves, if any. Receipts of earlier writes are not valid. If two receipts
 * name different content for the same writes, two uploads ran concurrently, one receipt is wrong, and neither is valid.
 */
export async function provedContent(
  run: UploadRun,
  storePath: string,
  files: readonly (ReceiptFile & { readonly fileVersion: FileVersion })[],
): Promise<ReadonlySet<string>> {
  const names = await readableReceipts(run, storePath);
  if (names.length === 0) return new Set();
  const versions = await versionHash(files);
  const hashes = names.map((name) => receiptName.exec(name)?.slice(1) ?? []);
  const proved = new Set(
    hashes.flatMap(([content, listed]) => (content && listed === versions ? [content] : [])),
  );
  return proved.size === 1 ? proved : new Set();
}

/** If the server refuses to list receipts, the upload continues without them. */
async function readableReceipts(run: UploadRun, storePath: string): Promise<readonly string[]> {
  try {
    return await receiptNames(run, storePath);
  } catch (error) {
    run.signal.throwIfAborted();
    if (isFabricError(error)) return [];
    throw error;
  }
}

function withFewRetries(run: UploadRun): UploadRun {
  const { settings } = run;
  const maxRetries = Math.min(settings.retry.maxRetries, 2);
  return { ...run, settings: { ...settings, retry: { ...settings.retry, maxRetries } } };
}

async function receiptNames(run: UploadRun, storePath: string): Promise<readonly string[]> {
  const folder = receiptsOf(storePath);
  const names: string[] = [];
  let token: string | undefined;
  do {
    const current = token;
    const page = await withRetries(run, newRetryBudget(run), () =>
      run.server.listPage(folder, current, run.signal),
    );
    for (const file of page?.files ?? []) names.push(file.storePath.slice(folder.length + 1).toLowerCase());
    token = page?.continuationToken === current ? undefined : page?.continuationToken;
  } while (token !== undefined);
  return names.filter((name) => receiptName.test(name));
}

/** The result of writing a receipt. */
export interface ReceiptOutcome {
  /** The store path of the receipt, if any. */
  readonly receipt: string | undefined;
  /** Why the receipt could not be written. The upload is complete nevertheless. */
  readonly receiptFailure: Error | undefined;
}

export const noReceipt: ReceiptOutcome = { receipt: undefined, receiptFailure: undefined };

/** The store path of a receipt: what was written, and by which writes. */
export function receiptPath(storePath: string, content: string, versions: string): string {
  return `${receiptsOf(storePath)}/${content}-${versions}`;
}

/**
 * Writes a receipt and deletes those of earlier writes. Never rejects, because an upload is complete without a receipt.
 * @param isReplaced Whether the path existed before and may have receipts.
 */
export async function writeReceipt(
  run: UploadRun,
  storePath: string,
  hashes: { readonly content: string; readonly versions: string },
  isReplaced: boolean,
): Promise<ReceiptOutcome> {
  const receipt = receiptPath(storePath, hashes.content, hashes.versions);
  const name = receipt.slice(receipt.lastIndexOf("/") + 1);
  const quickRun = withFewRetries(run);
  try {
    await withRetries(quickRun, newRetryBudget(quickRun), () =>
      run.server.putFile(receipt, new Uint8Array(0), 0, run.signal),
    );
    const stale = isReplaced
      ? (await receiptNames(quickRun, storePath)).filter((other) => other !== name)
      : [];
    for (const other of stale) {
      await withRetries(quickRun, newRetryBudget(quickRun), () =>
        run.server.deleteContent(`${receiptsOf(storePath)}/${other}`, run.signal),
      );
    }
    return { receipt, receiptFailure: undefined };
  } catch (error) {
    return { receipt: undefined, receiptFailure: error instanceof Error ? error : new Error(String(error)) };
  }
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
