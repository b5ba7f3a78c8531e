import { InvalidInputError, isFabricError } from "../errors/errors.js";
import type { FileVersion } from "../operations/content.js";
import { isReceiptPath, receiptFolder, receiptsOf } from "../wire/receipt-paths.js";
import { subtleCrypto } from "./fingerprint.js";
import { hexOf } from "./session-id.js";
import { newPatience, type UploadRun, withRetries } from "./upload-run.js";

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
    const page = await withRetries(run, newPatience(run), () =>
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
    await withRetries(few, newPatience(few), () =>
      run.server.putFile(receipt, new Uint8Array(0), 0, run.signal),
    );
    const stale = isReplaced ? (await receiptNames(few, storePath)).filter((other) => other !== name) : [];
    for (const other of stale) {
      await withRetries(few, newPatience(few), () =>
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
