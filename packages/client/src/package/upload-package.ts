import { untilAborted } from "../async/clock.js";
import { runWorkers, takeInOrder } from "../async/concurrency.js";
import { isInvalidInputError } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { refusePath } from "../upload/byte-source.js";
import {
  deleteCommittedFile,
  isProved,
  noReceipt,
  type ReceiptOutcome,
  usesReceipts,
} from "../upload/proof.js";
import {
  isUploadError,
  isVerificationError,
  UploadError,
  VerificationError,
} from "../upload/upload-error.js";
import type { Verified } from "../upload/upload-options.js";
import {
  type FileUpload,
  failureOf,
  newDeliveryBudget,
  runUpload,
  type UploadEnvironment,
  type UploadRun,
  uploadError,
} from "../upload/upload-run.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import {
  compareContents,
  type PreparedDestination,
  prepareDestination,
  requireDestination,
  writePackageReceipt,
} from "./destination.js";
import { checkNames, requireContent } from "./names.js";
import {
  type PackageContent,
  type PackageSettings,
  packageSettings,
  type UploadPackageOptions,
  uploadPackageOptionNames,
  type VerifyPackageOptions,
  verifyPackageOptionNames,
} from "./package-options.js";
import {
  createUploads,
  dropSessions,
  dropSessionsAfterAbort,
  FileFailure,
  type PackageUpload,
  transferFiles,
} from "./transfer.js";
import { compareWithStore, type ExpectedTree, expectedTree, type FoundTree, markFolders } from "./tree.js";

export { copyTree } from "./copy-tree.js";

/** Validates the content, destination and options, and uploads the package. */
export function uploadContent(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  options: UploadPackageOptions & { readonly destination: string },
): Promise<UploadedPackage> {
  refusePath("content", content);
  requireOptions("uploadPackage", options, uploadPackageOptionNames);
  const settings = packageSettings(options);
  const destination = requireDestination(options.destination, platform);
  requireContent(content);
  return uploadPackage(environment, platform, content, destination, settings);
}

/** Validates the content, destination and options, and compares the package with the store. */
export async function verifyContent(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
  options: VerifyPackageOptions,
): Promise<Verified> {
  refusePath("content", content);
  requireOptions("verifyPackage", options, verifyPackageOptionNames);
  const settings = packageSettings(options);
  const storePath = requireDestination(destination, platform);
  requireContent(content);
  return runUpload(environment, settings, async (run) => {
    const keyOf = await checkNames(run, platform, content, storePath);
    const expected = expectedTree(content, storePath, keyOf);
    const comparison = { marks: true, unexpected: !settings.allowUnexpected };
    const { listed, differences } = await compareWithStore(run, expected, comparison);
    if (differences.length > 0) throw new VerificationError(storePath, differences);
    const needs = { proof: false, hash: usesReceipts(run, true) };
    const uploads = createUploads(run, content, storePath, needs);
    const proof = await compareContents(run, expected, listed, uploads).catch((error: unknown) => {
      throw error instanceof FileFailure ? error.cause : error;
    });
    if (proof === "same") return { proof: "content" };
    if (proof === "unknown") return { proof: "sizes" };
    throw new VerificationError(storePath, [{ storePath, kind: "different-content" }]);
  });
}

/** Validates the content and destination, and checks names. */
export async function checkContentNames(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
): Promise<void> {
  refusePath("content", content);
  const storePath = requireDestination(destination, platform);
  requireContent(content);
  await runUpload(environment, packageSettings({}), (run) => checkNames(run, platform, content, storePath));
}

/** The result of `uploadPackage`. */
export interface UploadedPackage {
  readonly storePath: string;
  /** The number of files in the package, without mark files. */
  readonly files: number;
  /** The number of folders marked as complete, including the package itself. */
  readonly folders: number;
  /** The size of all files in bytes. */
  readonly totalBytes: number;
  /** The number of bytes sent in this run. */
  readonly sentBytes: number;
  /** The number of bytes that the server already had and that were not sent. */
  readonly resumedBytes: number;
  /** The number of files and folders deleted because of `replace`: an existing package counts as one. */
  readonly deletedPaths: number;
  /** The number of sessions that could not be deleted. The server deletes them after about 30 minutes. */
  readonly sessionsLeft: number;
  /** Whether the store already had the complete package with the same content, so that nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the new receipt, if any; see the option `receipt`. */
  readonly receipt: string | undefined;
  /** Why the receipt could not be written. The package is in the store nevertheless. */
  readonly receiptFailure: Error | undefined;
}

async function uploadPackage(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
  settings: PackageSettings,
): Promise<UploadedPackage> {
  return runUpload(environment, settings, async (run) => {
    const { verify } = settings;
    const needs = { proof: verify && !run.server.comparesContent, hash: usesReceipts(run, verify) };
    const uploads = createUploads(run, content, destination, needs);
    try {
      const keyOf = await checkNames(run, platform, content, destination);
      const expected = expectedTree(content, destination, keyOf);
      const prepared = await prepareDestination(run, expected, settings, uploads);
      const { deletedPaths, alreadyThere, isReplaced } = prepared;
      if (alreadyThere) reportAllResumed(uploads);
      let receipt: Promise<ReceiptOutcome> | undefined;
      const onProved = (listed: FoundTree) => {
        // With allowUnexpected, other packages may share the destination and have valid receipts.
        const hasStale = isReplaced && !settings.allowUnexpected;
        if (!needs.hash) return;
        receipt = writePackageReceipt(run, expected, listed, uploads, hasStale);
        // The marks may fail first.
        receipt.catch(() => {});
      };
      if (!alreadyThere) await deliver(run, expected, prepared, settings, uploads, onProved);
      const outcome = (await receipt) ?? noReceipt;
      const left = await sessionsLeft(run, uploads);
      await untilAborted(run.signal, run.progress.settled());
      return {
        storePath: destination,
        files: content.files.length,
        folders: expected.folders.size,
        ...byteTotals(run),
        deletedPaths,
        sessionsLeft: left,
        alreadyThere,
        ...outcome,
      };
    } catch (error) {
      await dropSessionsAfterAbort(run, uploads);
      throw packageError(run, destination, error);
    }
  });
}

function reportAllResumed(uploads: readonly PackageUpload[]): void {
  for (const { upload } of uploads) {
    upload.tracker.resumed(upload.source.size);
    upload.tracker.done();
  }
}

/**
 * Sends all files and marks all folders.
 * @param onProved Called with the listing that proves the files, before folders are marked. Not called without verification.
 */
async function deliver(
  run: UploadRun,
  expected: ExpectedTree,
  { before }: PreparedDestination,
  settings: PackageSettings,
  uploads: readonly PackageUpload[],
  onProved: (listed: FoundTree) => void,
): Promise<void> {
  const { keyOf, folders } = expected;
  const listedBefore = new Map(before.files.map((file) => [keyOf(file.storePath), file]));
  const byKey = new Map(uploads.map((one) => [keyOf(one.upload.storePath), one]));
  for (const { upload } of uploads) {
    if (upload.needs.proof) upload.before = { file: listedBefore.get(keyOf(upload.storePath)) };
  }
  const isWritten = (file: StoreFile) => {
    const one = byKey.get(keyOf(file.storePath));
    return one === undefined || isProved(one.upload, file);
  };
  const unexpected = !settings.allowUnexpected;
  const deliveries = newDeliveryBudget(run);
  const deleted = new Set<FileUpload>();
  for (let left: readonly PackageUpload[] = uploads; left.length > 0; ) {
    await transferFiles(run, left);
    if (!settings.verify) break;
    const compared = await compareWithStore(run, expected, { marks: false, unexpected }, isWritten);
    const { differences } = compared;
    if (differences.length === 0) {
      onProved(compared.listed);
      break;
    }
    const error = new VerificationError(expected.destination, differences);
    // Send again files that the server reported as stored but does not list. Other differences cannot be fixed here.
    if (!differences.every(({ kind }) => kind === "missing" || kind === "unchanged")) throw error;
    left = differences.flatMap(({ storePath }) => byKey.get(keyOf(storePath)) ?? []);
    const unchanged = new Set(
      differences.filter(({ kind }) => kind === "unchanged").map((one) => keyOf(one.storePath)),
    );
    const blocking = left.filter(
      ({ upload }) =>
        upload.hasCompleteSession && unchanged.has(keyOf(upload.storePath)) && !deleted.has(upload),
    );
    await runWorkers(run, takeInOrder(blocking), async (worker, { upload }) => {
      deleted.add(upload);
      await deleteCommittedFile(worker, upload);
    });
    if (blocking.length < left.length) await deliveries.wait(error, run.signal);
  }
  const marks = newDeliveryBudget(run);
  for (let left: readonly string[] = [...folders.values()]; ; ) {
    await markFolders(run, left);
    if (!settings.verify) return;
    const { differences } = await compareWithStore(run, expected, { marks: true, unexpected }, isWritten);
    if (differences.length === 0) return;
    const error = new VerificationError(expected.destination, differences);
    if (!differences.every(({ kind }) => kind === "unmarked")) throw error;
    left = differences.map(({ storePath }) => storePath);
    await marks.wait(error, run.signal);
  }
}

function byteTotals(run: UploadRun) {
  const { totalBytes, sentBytes, resumedBytes } = run.progress.totals;
  return { totalBytes, sentBytes, resumedBytes };
}

/** Never rejects, because the package is already complete. */
async function sessionsLeft(run: UploadRun, uploads: readonly PackageUpload[]): Promise<number> {
  try {
    return await dropSessions(run, uploads);
  } catch {
    return uploads.filter(({ upload }) => upload.sessionId !== undefined).length;
  }
}

/** The error that the upload rejects with. */
function packageError(run: UploadRun, storePath: string, error: unknown): unknown {
  if (error instanceof FileFailure) return uploadError(run, error.upload, error.cause);
  if (isUploadError(error) || isVerificationError(error) || isInvalidInputError(error)) return error;
  const { totals } = run.progress;
  const { committedBytes, totalBytes } = totals;
  const reason = failureOf(run, error);
  const state = { reason, storePath, sessionId: undefined, committedBytes, totalBytes, totals };
  return new UploadError(state, run.progress.failure ?? error);
}
