import { isInvalidInputError } from "../errors.js";
import type { GatewayPlatform } from "../store-path.js";
import { failureOf, runUpload, type UploadEnvironment, uploadError } from "../upload/run-upload.js";
import type { UploadRun } from "../upload/upload-run.js";
import { isUploadError, isVerificationError, UploadError } from "../upload-error.js";
import { checkNames } from "./check-names.js";
import { prepareDestination } from "./destination.js";
import { expectedTree } from "./expected-tree.js";
import { markFolders } from "./marks.js";
import type { PackageContent } from "./package-content.js";
import type { PackageSettings } from "./package-options.js";
import { dropSessions, dropSessionsAfterAbort } from "./sessions.js";
import { FileFailure, newUploads, type PackageUpload, transferFiles } from "./transfer.js";
import { verifyTree } from "./verify-tree.js";

/** What became of a package. */
export interface UploadedPackage {
  readonly storePath: string;
  /** Files of the package, marks not counted. */
  readonly files: number;
  /** Folders that were marked as complete, the package itself among them. */
  readonly folders: number;
  /** Bytes of all files. */
  readonly totalBytes: number;
  /** Bytes handed to the network in this run. */
  readonly sentBytes: number;
  /** Bytes that the server held before, and that were not sent. */
  readonly resumedBytes: number;
  /** Files and folders deleted because of `replace`: the package that was there, or what did not belong to this one. */
  readonly deletedPaths: number;
  /** Sessions that could not be deleted. The server drops them, with their chunks, after about 30 minutes. */
  readonly sessionsLeft: number;
}

export async function uploadPackage(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
  settings: PackageSettings,
): Promise<UploadedPackage> {
  return runUpload(environment, settings, async (run) => {
    const uploads = newUploads(run, content, destination);
    try {
      const keyOf = await checkNames(run, platform, content, destination);
      const expected = expectedTree(content, destination, keyOf);
      const deletedPaths = await prepareDestination(run, expected, settings);
      await transferFiles(run, uploads);
      const unexpected = !settings.allowUnexpected;
      if (settings.verify) await verifyTree(run, expected, { marks: false, unexpected });
      await markFolders(run, expected);
      if (settings.verify) await verifyTree(run, expected, { marks: true, unexpected });
      return {
        storePath: destination,
        files: content.files.length,
        folders: expected.folders.size,
        ...sums(run),
        deletedPaths,
        sessionsLeft: await sessionsLeft(run, uploads),
      };
    } catch (error) {
      await dropSessionsAfterAbort(run, uploads);
      throw packageError(run, destination, error);
    }
  });
}

function sums(run: UploadRun) {
  const { totalBytes, sentBytes, resumedBytes } = run.progress.totals;
  return { totalBytes, sentBytes, resumedBytes };
}

/** The package is complete by now: whatever ends this is no failure of the upload. */
async function sessionsLeft(run: UploadRun, uploads: readonly PackageUpload[]): Promise<number> {
  try {
    return await dropSessions(run, uploads);
  } catch {
    return uploads.filter(({ upload }) => upload.sessionId !== undefined).length;
  }
}

/** The one terminal error, for whatever ended the upload. */
function packageError(run: UploadRun, storePath: string, error: unknown): unknown {
  if (error instanceof FileFailure) return uploadError(run, error.upload, error.cause);
  if (isUploadError(error) || isVerificationError(error) || isInvalidInputError(error)) return error;
  const { totals } = run.progress;
  const { committedBytes, totalBytes } = totals;
  const reason = failureOf(run, error);
  const state = { reason, storePath, sessionId: undefined, committedBytes, totalBytes, totals };
  return new UploadError(state, error);
}
