import { untilAborted } from "../async/clock.js";
import { runWorkers, takeInOrder } from "../async/workers.js";
import { isInvalidInputError } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { refusePath } from "../upload/byte-source.js";
import { isProved } from "../upload/proof.js";
import { usesReceipts } from "../upload/receipts.js";
import { noReceipt, type ReceiptOutcome } from "../upload/upload-and-verify.js";
import {
  type Difference,
  isUploadError,
  isVerificationError,
  UploadError,
  VerificationError,
} from "../upload/upload-error.js";
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
import type { BaseCopies } from "./base-copies.js";
import type { CopyAndVerifyOptions } from "./copy-tree.js";
import {
  checkContentNames,
  type PreparedDestination,
  prepareDestination,
  requireDestination,
  verifyContent,
  writePackageReceipt,
} from "./destination.js";
import { checkNames, requireContent } from "./names.js";
import {
  type PackageContent,
  type PackageSettings,
  packageSettings,
  type UploadedPackage,
  type UploadPackageOptions,
  uploadPackageOptionNames,
  type VerifyPackageOptions,
} from "./package-options.js";
import {
  createUploads,
  deleteCommittedFile,
  dropSessions,
  dropSessionsAfterAbort,
  FileFailure,
  type PackageUpload,
  transferFiles,
} from "./transfer.js";
import {
  compareWithStore,
  type ExpectedTree,
  expectedTree,
  type FoundTree,
  markFolders,
  withDoubtful,
} from "./tree.js";

/** Loads what only uploads with a base need. */
const loadBase = () => import("./base.js");

/** The methods of `PackageOperations`. */
export function folderOperations(environment: UploadEnvironment, platform: GatewayPlatform | undefined) {
  return {
    uploadPackage: async (
      content: PackageContent,
      options: UploadPackageOptions & { readonly destination: string },
    ) => uploadContent(environment, platform, content, options),
    findUnchangedFiles: async (
      content: PackageContent,
      options: UploadPackageOptions & { readonly destination: string },
    ) => (await loadBase()).unchangedFiles(environment, platform, content, options),
    verifyPackage: async (content: PackageContent, destination: string, options: VerifyPackageOptions = {}) =>
      verifyContent(environment, platform, content, destination, options),
    checkNames: async (content: PackageContent, destination: string) =>
      checkContentNames(environment, platform, content, destination),
    copyAndVerify: async (options: CopyAndVerifyOptions) =>
      (await import("./copy-tree.js")).copyTree(environment, platform, options),
  };
}

/** Validates the content, destination and options, and uploads the package. */
function uploadContent(
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
      const prepared = await prepareDestination(run, expected, settings, uploads, async () =>
        settings.base === undefined || run.server.comparesContent
          ? undefined
          : (await loadBase()).openBase(run, settings.base, destination, keyOf, uploads),
      );
      const { base, deletedPaths, alreadyThere, isReplaced } = prepared;
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
        ...(base?.totals ?? { copiedFiles: 0, copiedBytes: 0 }),
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
  { before, base }: PreparedDestination<BaseCopies | undefined>,
  settings: PackageSettings,
  uploads: readonly PackageUpload[],
  onProved: (listed: FoundTree) => void,
): Promise<void> {
  const { keyOf, folders } = expected;
  const setBefore = (some: readonly PackageUpload[], { files }: FoundTree) => {
    const listed = new Map(files.map((file) => [keyOf(file.storePath), file]));
    for (const { upload } of some) {
      if (upload.needs.proof) upload.before = { file: listed.get(keyOf(upload.storePath)) };
    }
  };
  setBefore(uploads, before);
  const byKey = new Map(uploads.map((one) => [keyOf(one.upload.storePath), one]));
  const isWritten = (file: StoreFile) => {
    const one = byKey.get(keyOf(file.storePath));
    return one === undefined || isProved(one.upload, file);
  };
  const unexpected = !settings.allowUnexpected;
  const deliveries = newDeliveryBudget(run);
  const deleted = new Set<FileUpload>();
  for (let left: readonly PackageUpload[] = uploads; left.length > 0; ) {
    await transferFiles(run, base === undefined ? left : await base.copy(run, left, { expected, before }));
    if (!settings.verify) break;
    const compared = await compareWithStore(run, expected, { marks: false, unexpected }, isWritten);
    const doubtful = (await base?.doubtful(run, uploads)) ?? [];
    const differences = withDoubtful(
      compared.differences,
      doubtful.map(({ upload }) => upload.storePath),
    );
    if (differences.length === 0) {
      onProved(compared.listed);
      break;
    }
    // Only a write after this listing can replace a doubtful copy.
    setBefore(doubtful, compared.listed);
    const error = new VerificationError(expected.destination, differences);
    // Send again files that the server reported as stored but does not list. Other differences cannot be fixed here.
    if (!differences.every(({ kind }) => resentKinds.has(kind))) throw error;
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

const resentKinds = new Set<Difference["kind"]>(["missing", "unchanged", "different-content"]);

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
