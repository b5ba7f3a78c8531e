import { untilAborted } from "../async/clock.js";
import { InvalidInputError } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { requireOptions } from "../wire/validation.js";
import { engineSource, refusePath, type UploadSource } from "./byte-source.js";
import { deliverFile } from "./file-upload.js";
import { requireSessionId } from "./fingerprint.js";
import {
  contentHalf,
  differenceAfter,
  keepsReceipts,
  leaveReceipt,
  noReceipt,
  provedContent,
  type ReceiptOutcome,
  refuseReceiptPath,
  stateBefore,
  versionHalf,
} from "./proof.js";
import { dropSession, dropSessionAfterAbort, hashContent } from "./sessions.js";
import { VerificationError } from "./upload-error.js";
import {
  transferSettings,
  type UploadedFile,
  type UploadFileOptions,
  uploadFileOptionNames,
  type Verified,
  type VerifyOptions,
  verifyOptionNames,
} from "./upload-options.js";
import {
  type FileUpload,
  newDeliveries,
  newFile,
  runUpload,
  type UploadEnvironment,
  type UploadRun,
  uploadError,
} from "./upload-run.js";

/** The upload of one file, from its first byte to the listing that proves it. The path has been checked. */
export function uploadAndVerify(
  environment: UploadEnvironment,
  storePath: string,
  source: UploadSource,
  options: UploadFileOptions,
): Promise<UploadedFile> {
  refusePath("source", source);
  requireOptions("uploadFile", options, uploadFileOptionNames);
  const settings = transferSettings(options);
  const { verify = true, sessionId: givenId } = options;
  if (givenId !== undefined) requireSessionId(givenId);
  if (typeof verify !== "boolean") throw new InvalidInputError("verify", "must be true or false");
  refuseReceiptPath("storePath", storePath);
  const content = engineSource(source);
  return runUpload(environment, settings, async (run) => {
    const needs = {
      // A store that compares content has no versions to tell writes apart, and needs none.
      proof: verify && !run.server.comparesContent,
      hash: keepsReceipts(run, verify) && givenId === undefined,
    };
    const file = newFile(run, storePath, content, needs);
    try {
      const alreadyThere = needs.hash && (await isProvedThere(run, file));
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

/** Compares a file in the store with a source: by its size and, where a receipt allows it, by its content. */
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
    const file = newFile(run, storePath, content, { proof: false, hash: keepsReceipts(run, true) });
    const outcome = await differenceAfter(run, file);
    if ("difference" in outcome) throw new VerificationError(storePath, [outcome.difference]);
    if (run.server.comparesContent) {
      if (await run.server.holdsContent(storePath, content, run.signal)) return { proof: "content" };
    } else {
      const proved = await provedContent(run, storePath, [receiptFile(outcome.listed)]);
      if (proved.size === 0) return { proof: "sizes" };
      if (proved.has(await contentHalfOf(run, file))) return { proof: "content" };
    }
    throw new VerificationError(storePath, [{ storePath, kind: "different-content" }]);
  });
}

/** Whether a receipt proves that the file is there. Nothing is hashed unless there is one that is valid. */
async function isProvedThere(run: UploadRun, file: FileUpload): Promise<boolean> {
  const { storePath, source, tracker } = file;
  file.before = await stateBefore(run, file);
  const there = file.before.file;
  if (there === undefined || there.fileSize !== source.size) return false;
  const proved = await provedContent(run, storePath, [receiptFile(there)]);
  if (proved.size === 0 || !proved.has(await contentHalfOf(run, file))) return false;
  tracker.resumed(source.size);
  tracker.done();
  return true;
}

/**
 * Delivers the file until the listing proves it, as long as the server answers that it stored what it did not. Throws
 * VerificationError. Returns what is listed; undefined when that does not matter.
 */
async function upload(
  run: UploadRun,
  file: FileUpload,
  verify: boolean,
  sessionId: string | undefined,
): Promise<StoreFile | undefined> {
  const deliveries = newDeliveries(run);
  for (;;) {
    await deliverFile(run, file, sessionId);
    if (!verify) return undefined;
    const outcome = await differenceAfter(run, file);
    if ("listed" in outcome) return outcome.listed;
    const { difference } = outcome;
    const error = new VerificationError(file.storePath, [difference]);
    if (difference.kind === "wrong-size") throw error;
    // A session whose id the file carries already can be committed without being written: another id cannot.
    if (difference.kind === "unchanged" && file.hasCompleteSession) file.firstLife += 1;
    await deliveries.wait(error, run.signal);
  }
}

async function receiptFor(run: UploadRun, file: FileUpload, listed: StoreFile): Promise<ReceiptOutcome> {
  const content = await contentHalfOf(run, file);
  const halves = { content, versions: await versionHalf([receiptFile(listed)]) };
  return leaveReceipt(run, file.storePath, halves, file.before?.file !== undefined);
}

async function contentHalfOf(run: UploadRun, file: FileUpload): Promise<string> {
  const { size } = file.source;
  return contentHalf([{ key: "", size, digest: await hashContent(run, file) }]);
}

function receiptFile({ fileSize: size, fileVersion }: Pick<StoreFile, "fileSize" | "fileVersion">) {
  return { key: "", size, fileVersion };
}
