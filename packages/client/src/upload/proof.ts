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
 * Reads what is at the path of a file before anything is written there. Every write gives a file another version
 * (protocol, "FileVersion"), so a listing can prove later that a write was delivered, which no answer can: it may be that
 * of another request. Throws InvalidInputError when the path is a folder, which no file can replace.
 */
export async function stateBefore(run: UploadRun, file: FileUpload): Promise<StateBefore> {
  const { storePath, retryBudget } = file;
  const found = await withRetries(run, retryBudget, () => run.server.entryAt(storePath, run.signal));
  if (found !== "folder") return { file: found };
  const reason = `is a folder in the image store: ${storePath}. To put the file into it, append a name: ${storePath}/NAME`;
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

/** How often to look again for a file that is not listed: while it is replaced it is hidden for a moment (protocol §1.3). */
export const looksForMissing = 4;

/** What the listing says against the file being in the store as it was sent. Undefined when nothing does. */
export async function differenceAfter(
  run: UploadRun,
  file: FileUpload,
): Promise<{ readonly difference: Difference } | { readonly listed: StoreFile }> {
  const { storePath, source, retryBudget } = file;
  const settings = { ...run.settings, retry: { ...run.settings.retry, maxRetries: looksForMissing } };
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

/** Whether a listed file was written since `before` of this upload was read, as far as that was read. */
export function isProved({ before }: FileUpload, listed: StoreFile): boolean {
  return before === undefined || isWrittenSince(before, listed);
}

/**
 * Deletes a file whose session holds every byte, so that the next commit has to write it. The file remembers the session
 * it was committed from, and committing that session again writes nothing (protocol §2.5): then the listing can never
 * prove the commit. That happens when an interrupted upload of a package goes on, and costs no bytes this way. For packages
 * alone: they are incomplete in any case until they are marked.
 */
export async function makeWay(run: UploadRun, file: FileUpload): Promise<void> {
  const { storePath, retryBudget } = file;
  await withRetries(run, retryBudget, () => run.server.deleteContent(storePath, run.signal));
  file.before = await stateBefore(run, file);
}

/**
 * What tells whether a session that is gone was committed first. A session goes away with its chunks when the cluster
 * fails over, and nothing remembers it then but the file it may have become (protocol §2.9).
 */
export class CommitEvidence {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #before: StateBefore;
  /**
   * The session may have been committed: by this upload, whose answer was lost, or by another upload of the same content,
   * which needs all chunks to be there.
   */
  mayBeCommitted = false;
  /** An answer of the server got lost, so that it may have more than it said. */
  hasLostAnswers = false;
  #hasConcurrentUploader = false;

  constructor(run: UploadRun, file: FileUpload, before: StateBefore) {
    this.#run = run;
    this.#file = file;
    this.#before = before;
  }

  /** Another upload is sending the same content: the id stands for the content. */
  get hasConcurrentUploader(): boolean {
    return this.#hasConcurrentUploader;
  }

  /** The server has bytes that it has not confirmed. Unless an answer was lost, another upload sent them. */
  noteUnconfirmedBytes(): void {
    if (!this.hasLostAnswers) this.#hasConcurrentUploader = true;
  }

  /**
   * Whether the file was written since the upload began, with the right size, when a commit of its session may have done
   * that. A write of other content with the same size in the same moments cannot be told apart.
   */
  async isCommitted(): Promise<boolean> {
    if (!this.mayBeCommitted && !this.#hasConcurrentUploader) return false;
    const { storePath, source, retryBudget } = this.#file;
    const { server, signal } = this.#run;
    const now = await withRetries(this.#run, retryBudget, () => server.findFile(storePath, signal));
    return now !== undefined && now.fileSize === source.size && isWrittenSince(this.#before, now);
  }
}

/** Throws InvalidInputError for a place that is for receipts alone: what is there would be taken for one. */
export function refuseReceiptPath(parameter: string, storePath: string): void {
  if (!isReceiptPath(storePath)) return;
  throw new InvalidInputError(parameter, `must not be in ${receiptFolder}, which is for receipts of uploads`);
}

/** One file of what a receipt is about. */
export interface ReceiptFile {
  /** Names joined by `/`, counted from the destination, as the gateway compares them. Empty for the destination itself. */
  readonly key: string;
  readonly size: number;
}

/**
 * The first half of a receipt's name: what the content is. Of paths, sizes and hashes, so that it is the same for a copy of
 * the same files elsewhere.
 */
export function contentHalf(files: readonly (ReceiptFile & { readonly digest: string })[]): Promise<string> {
  return halfOf(
    files.map(({ key, size, digest }) => [key, size, digest]),
    40,
  );
}

/**
 * The second half: which writes brought the files there. Every write of any of them, by anyone, makes another one, and so
 * voids the receipt.
 */
export function versionHalf(
  files: readonly (ReceiptFile & { readonly fileVersion: FileVersion })[],
): Promise<string> {
  return halfOf(
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

/** The beginning of a SHA-256: paths are short on Windows. */
async function halfOf(rows: readonly (readonly (string | number)[])[], length: number): Promise<string> {
  const lines = rows.map((row) => JSON.stringify(row)).sort();
  const text = new TextEncoder().encode(lines.join("\n"));
  return hexOf(new Uint8Array(await subtleCrypto().digest("SHA-256", text))).slice(0, length);
}

const receiptName = /^([0-9a-f]{40})-([0-9a-f]{32})$/i;

/**
 * The content that a valid receipt of a path proves, by its first half. Receipts of earlier writes are not valid. Nothing is
 * proved where two receipts name other contents for the same writes: two uploads ran at the same time, and one is wrong.
 */
export async function provedContent(
  run: UploadRun,
  storePath: string,
  files: readonly (ReceiptFile & { readonly fileVersion: FileVersion })[],
): Promise<ReadonlySet<string>> {
  const names = await readableReceipts(run, storePath);
  if (names.length === 0) return new Set();
  const versions = await versionHalf(files);
  const halves = names.map((name) => receiptName.exec(name)?.slice(1) ?? []);
  const proved = new Set(
    halves.flatMap(([content, listed]) => (content && listed === versions ? [content] : [])),
  );
  return proved.size === 1 ? proved : new Set();
}

/** A store that does not list its receipts has none: what needs the store nevertheless fails by itself. */
async function readableReceipts(run: UploadRun, storePath: string): Promise<readonly string[]> {
  try {
    return await receiptNames(run, storePath);
  } catch (error) {
    run.signal.throwIfAborted();
    if (isFabricError(error)) return [];
    throw error;
  }
}

function fewRetries(run: UploadRun): UploadRun {
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

/** What became of the receipt of an upload. */
export interface ReceiptOutcome {
  /** The store path of the receipt. Undefined when there is none. */
  readonly receipt: string | undefined;
  /** Why the store did not take one, though it was asked to. The upload is complete nevertheless. */
  readonly receiptFailure: Error | undefined;
}

export const noReceipt: ReceiptOutcome = { receipt: undefined, receiptFailure: undefined };

/**
 * Leaves a receipt, and deletes those of earlier writes. Never rejects: an upload is complete without one.
 * @param isReplaced Whether something was at the path before, which may have receipts.
 */
export async function leaveReceipt(
  run: UploadRun,
  storePath: string,
  halves: { readonly content: string; readonly versions: string },
  isReplaced: boolean,
): Promise<ReceiptOutcome> {
  const name = `${halves.content}-${halves.versions}`;
  const receipt = `${receiptsOf(storePath)}/${name}`;
  const few = fewRetries(run);
  try {
    await withRetries(few, newRetryBudget(few), () =>
      run.server.putFile(receipt, new Uint8Array(0), 0, run.signal),
    );
    const stale = isReplaced ? (await receiptNames(few, storePath)).filter((other) => other !== name) : [];
    for (const other of stale) {
      await withRetries(few, newRetryBudget(few), () =>
        run.server.deleteContent(`${receiptsOf(storePath)}/${other}`, run.signal),
      );
    }
    return { receipt, receiptFailure: undefined };
  } catch (error) {
    return { receipt: undefined, receiptFailure: error instanceof Error ? error : new Error(String(error)) };
  }
}

/**
 * Whether an upload reads and leaves receipts: where the content is hashed, the listing is read, and the platform can hash.
 * A store that can be read needs none.
 */
export function keepsReceipts(run: UploadRun, verify: boolean): boolean {
  const { receipt, fingerprint } = run.settings;
  const isHashed = fingerprint === "content" && globalThis.crypto?.subtle !== undefined;
  return receipt && verify && isHashed && !run.server.comparesContent;
}
