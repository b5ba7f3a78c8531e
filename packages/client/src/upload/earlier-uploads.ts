import { isFabricError } from "../errors/errors.js";
import type { FileVersion } from "../operations/content.js";
import { receiptsOf } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import type { UploadSource } from "./byte-source.js";
import { engineSource, refusePath } from "./byte-source.js";
import { differenceAfter } from "./proof.js";
import { contentHashOf, type ReceiptFile, receiptFile, usesReceipts, versionHash } from "./receipts.js";
import { VerificationError } from "./upload-error.js";
import { transferSettings, type Verified, type VerifyOptions, verifyOptionNames } from "./upload-options.js";
import {
  createFileUpload,
  newDeliveryBudget,
  newRetryBudget,
  runUpload,
  type UploadEnvironment,
  type UploadRun,
  withRetries,
} from "./upload-run.js";

/*
 * What the store has from earlier uploads. Loaded on demand, because the first upload to a path does not need it.
 */

/** Compares a file in the store with a source: the size and, if a receipt exists, the content. */
export function verifyFile(
  environment: UploadEnvironment,
  storePath: string,
  source: UploadSource,
  options: VerifyOptions,
): Promise<Verified> {
  refusePath("source", source);
  requireOptions("verifyFile", options, verifyOptionNames);
  const settings = transferSettings(options);
  const content = engineSource(source);
  return runUpload(environment, settings, async (run) => {
    const file = createFileUpload(run, storePath, content, { proof: false, hash: usesReceipts(run, true) });
    const outcome = await differenceAfter(run, file);
    if ("difference" in outcome) throw new VerificationError(storePath, [outcome.difference]);
    if (run.server.comparesContent) {
      if (await run.server.holdsContent(storePath, content, run.signal)) return { proof: "content" };
    } else {
      const proved = await provedContent(run, storePath, [receiptFile(outcome.listed)]);
      if (proved.size === 0) return { proof: "sizes" };
      if (proved.has(await contentHashOf(run, file))) return { proof: "content" };
    }
    throw new VerificationError(storePath, [{ storePath, kind: "different-content" }]);
  });
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

async function receiptNames(
  run: UploadRun,
  storePath: string,
  newBudget: typeof newRetryBudget = newRetryBudget,
): Promise<readonly string[]> {
  const folder = receiptsOf(storePath);
  const names: string[] = [];
  let token: string | undefined;
  do {
    const current = token;
    const list = () => run.server.listPage(folder, current, run.signal);
    const page = await withRetries(run, list, newBudget(run));
    for (const file of page?.files ?? []) names.push(file.storePath.slice(folder.length + 1).toLowerCase());
    token = page?.continuationToken;
  } while (token !== undefined);
  return names.filter((name) => receiptName.test(name));
}

/** Deletes all receipts of a path except one. Gives up soon, because they are not valid anyway. */
export async function deleteOtherReceipts(run: UploadRun, storePath: string, receipt: string): Promise<void> {
  const folder = receiptsOf(storePath);
  for (const name of await receiptNames(run, storePath, newDeliveryBudget)) {
    const path = `${folder}/${name}`;
    if (path === receipt) continue;
    await withRetries(run, () => run.server.deleteContent(path, run.signal), newDeliveryBudget(run));
  }
}
