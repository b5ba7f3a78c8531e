import { untilAborted } from "../async/clock.js";
import type { StoreFile } from "../operations/content.js";
import { type GatewayPlatform, requireStorePath } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import { engineSource, refusePath, type UploadSource } from "./byte-source.js";
import { deliverFile } from "./file-upload.js";
import { requireSessionId } from "./fingerprint.js";
import { requireNameOnGateway } from "./gateway-names.js";
import { differenceAfter, stateBefore } from "./proof.js";
import {
  contentHashOf,
  receiptFile,
  receiptPath,
  refuseReceiptPath,
  usesReceipts,
  versionHash,
} from "./receipts.js";
import { dropSession, dropSessionAfterAbort } from "./sessions.js";
import { VerificationError } from "./upload-error.js";
import {
  requireBoolean,
  transferSettings,
  type UploadedFile,
  type UploadFileOptions,
  uploadFileOptionNames,
  type VerifyOptions,
} from "./upload-options.js";
import {
  createFileUpload,
  type FileUpload,
  newDeliveryBudget,
  runUpload,
  type UploadEnvironment,
  type UploadRun,
  uploadError,
  withRetries,
} from "./upload-run.js";

/** The methods of `UploadOperations`. */
export function fileOperations(environment: UploadEnvironment, platform: GatewayPlatform | undefined) {
  const requirePath = (storePath: string) => requireStorePath("storePath", storePath, platform !== undefined);
  return {
    async uploadFile(storePath: string, source: UploadSource, options: UploadFileOptions = {}) {
      requirePath(storePath);
      return uploadAndVerify(environment, platform, storePath, source, options);
    },
    async verifyFile(storePath: string, source: UploadSource, options: VerifyOptions = {}) {
      requirePath(storePath);
      const { verifyFile } = await loadEarlierUploads();
      return verifyFile(environment, storePath, source, options);
    },
  };
}

/** Uploads one file and verifies it. */
function uploadAndVerify(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  storePath: string,
  source: UploadSource,
  options: UploadFileOptions,
): Promise<UploadedFile> {
  refusePath("source", source);
  requireOptions("uploadFile", options, uploadFileOptionNames);
  const settings = transferSettings(options);
  const { verify = true, sessionId: givenId } = options;
  if (givenId !== undefined) requireSessionId(givenId);
  requireBoolean("verify", verify);
  refuseReceiptPath("storePath", storePath);
  const content = engineSource(source);
  return runUpload(environment, settings, async (run) => {
    await requireNameOnGateway(run, platform, storePath);
    const needs = {
      // A store that compares content has no file versions and does not need them.
      proof: verify && !run.server.comparesContent,
      hash: usesReceipts(run, verify) && givenId === undefined,
    };
    const file = createFileUpload(run, storePath, content, needs);
    try {
      const alreadyThere = needs.hash && (await isProvedInStore(run, file));
      const listed = alreadyThere ? undefined : await upload(run, file, verify, givenId);
      const outcome = listed === undefined || !needs.hash ? noReceipt : await receiptFor(run, file, listed);
      const { totalBytes, sentBytes, resumedBytes } = file.tracker.state;
      const sessionDeleted = await dropSession(run, file);
      const { sessionId } = file;
      await untilAborted(run.signal, run.progress.settled());
      const figures = { totalBytes, sentBytes, resumedBytes, sessionId, sessionDeleted };
      return { storePath, ...figures, alreadyThere, ...outcome };
    } catch (error) {
      await dropSessionAfterAbort(run, file);
      throw uploadError(run, file, error);
    }
  });
}

/** Whether a receipt proves that the store has the file. Hashes the file only if there is a valid receipt. */
async function isProvedInStore(run: UploadRun, file: FileUpload): Promise<boolean> {
  const { storePath, source, tracker } = file;
  file.before = await stateBefore(run, file);
  const existing = file.before.file;
  if (existing === undefined || existing.fileSize !== source.size) return false;
  const { provedContent } = await loadEarlierUploads();
  const proved = await provedContent(run, storePath, [receiptFile(existing)]);
  if (proved.size === 0 || !proved.has(await contentHashOf(run, file))) return false;
  tracker.resumed(source.size);
  tracker.done();
  return true;
}

/**
 * Sends the file until the listing proves it, because a server or proxy may report a success that did not happen. Throws
 * VerificationError. Returns the listed file; undefined without verification.
 */
async function upload(
  run: UploadRun,
  file: FileUpload,
  verify: boolean,
  sessionId: string | undefined,
): Promise<StoreFile | undefined> {
  const deliveries = newDeliveryBudget(run);
  for (;;) {
    await deliverFile(run, file, sessionId);
    if (!verify) return undefined;
    const outcome = await differenceAfter(run, file);
    if ("listed" in outcome) return outcome.listed;
    const { difference } = outcome;
    const error = new VerificationError(file.storePath, [difference]);
    if (difference.kind === "wrong-size") throw error;
    // The file may record this session ID already; a commit would then write nothing. Use another ID.
    if (difference.kind === "unchanged" && file.hasCompleteSession) file.skippedSessionIds += 1;
    await deliveries.wait(error, run.signal);
  }
}

async function receiptFor(run: UploadRun, file: FileUpload, listed: StoreFile): Promise<ReceiptOutcome> {
  const content = await contentHashOf(run, file);
  const hashes = { content, versions: await versionHash([receiptFile(listed)]) };
  return writeReceipt(run, file.storePath, hashes, file.before?.file !== undefined);
}

/** Loads what only a path that existed before the upload needs. */
export const loadEarlierUploads = () => import("./earlier-uploads.js");

/** The result of writing a receipt. */
export interface ReceiptOutcome {
  /** The store path of the receipt, if any. */
  readonly receipt: string | undefined;
  /** Why the receipt could not be written. The upload is complete nevertheless. */
  readonly receiptFailure: Error | undefined;
}

export const noReceipt: ReceiptOutcome = { receipt: undefined, receiptFailure: undefined };

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
  try {
    await withRetries(
      run,
      () => run.server.putFile(receipt, new Uint8Array(0), 0, run.signal),
      newDeliveryBudget(run),
    );
    if (isReplaced) await (await loadEarlierUploads()).deleteOtherReceipts(run, storePath, receipt);
    return { receipt, receiptFailure: undefined };
  } catch (error) {
    return { receipt: undefined, receiptFailure: error instanceof Error ? error : new Error(String(error)) };
  }
}
