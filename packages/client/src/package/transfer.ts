import { untilAborted } from "../async/clock.js";
import { Limiter } from "../async/concurrency.js";
import { runWorkers, takeInOrder } from "../async/workers.js";
import { isInvalidInputError } from "../errors/errors.js";
import { type EngineSource, engineSource } from "../upload/byte-source.js";
import { deliverFile } from "../upload/file-upload.js";
import { stateBefore } from "../upload/proof.js";
import { afterAbort, deleteUnfinishedSession, dropSession } from "../upload/sessions.js";
import { SourceError } from "../upload/upload-error.js";
import {
  createFileUpload,
  type FileNeeds,
  type FileUpload,
  type UploadRun,
  withRetries,
} from "../upload/upload-run.js";
import type { PackageContent, PackageFile, PackageSource } from "./package-options.js";

/** A file of the package and its upload. */
export interface PackageUpload {
  readonly file: PackageFile;
  readonly upload: FileUpload;
}

/** Registers every file before the first is sent, so that totals are known from the start. */
export function createUploads(
  run: UploadRun,
  { files }: PackageContent,
  destination: string,
  needs: FileNeeds,
): PackageUpload[] {
  return files.map((file) => ({
    file,
    upload: createFileUpload(run, `${destination}/${file.relativePath}`, unopenedSource(file.size), needs),
  }));
}

/** The failure of one file. `packageError` turns this into an UploadError. */
export class FileFailure extends Error {
  override readonly name = "FileFailure";
  readonly upload: FileUpload;

  constructor(upload: FileUpload, cause: unknown) {
    super(upload.storePath, { cause });
    this.upload = upload;
  }
}

/** Sends all files to the store. Throws the same errors as `openEach`. */
export async function transferFiles(run: UploadRun, uploads: readonly PackageUpload[]): Promise<void> {
  await openEach(run, uploads, (worker, upload) => deliverFile(worker, upload));
}

/**
 * Opens each file, calls `work` and closes the file, several files at a time. After the first failure, waits for the others
 * and throws a FileFailure.
 */
export async function openEach(
  run: UploadRun,
  uploads: readonly PackageUpload[],
  work: (worker: UploadRun, upload: FileUpload) => Promise<void>,
): Promise<void> {
  await runWorkers(run, schedule(uploads), async (worker, { file, upload }) => {
    try {
      await withSource(worker, file, upload, () => work(worker, upload));
    } catch (error) {
      throw new FileFailure(upload, error);
    }
  });
}

/**
 * One worker takes the largest remaining file, the others take the smallest, so that small files never wait behind large ones
 * and a large file uses all free slots.
 */
function schedule(uploads: readonly PackageUpload[]): (worker: number) => PackageUpload | undefined {
  const bySize = [...uploads].sort((a, b) => a.file.size - b.file.size);
  let smallest = 0;
  let largest = bySize.length - 1;
  return (worker) => {
    if (smallest > largest) return undefined;
    return worker === 0 ? bySize[largest--] : bySize[smallest++];
  };
}

async function withSource(
  run: UploadRun,
  file: PackageFile,
  upload: FileUpload,
  work: () => Promise<void>,
): Promise<void> {
  const opened = await open(file, run.signal);
  try {
    const source = engineSource(opened);
    if (source.size !== file.size) {
      throw new SourceError(`The file has ${source.size} bytes but had ${file.size} when the upload began.`);
    }
    upload.source = source;
    await work();
  } finally {
    upload.source = unopenedSource(file.size);
    await close(opened);
  }
}

async function open(file: PackageFile, abortSignal: AbortSignal): Promise<PackageSource> {
  const opening = (async () => file.open())();
  try {
    return await untilAborted(abortSignal, opening);
  } catch (cause) {
    // Close a file that finishes opening after the abort.
    if (abortSignal.aborted) void opening.then(close, () => {});
    abortSignal.throwIfAborted();
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(`The file cannot be opened: ${reasonOf(cause)}`, { cause });
  }
}

/** Avoids the message of InvalidInputError, which says that nothing was sent. */
function reasonOf(error: unknown): string {
  const reason = isInvalidInputError(error) && error.cause instanceof Error ? error.cause : error;
  return reason instanceof Error ? reason.message : String(reason);
}

/** Ignores errors: the content was sent, or the upload has failed already. */
async function close(source: PackageSource): Promise<void> {
  if (!("close" in source)) return;
  await source.close?.().catch(() => {});
}

/** The source of a file that is not open. */
function unopenedSource(size: number): EngineSource {
  return { size, read: () => Promise.reject(new SourceError("The source is not open.")) };
}

/**
 * Deletes a file whose session is complete, so that the next commit writes it. A file records the session it was committed
 * from, and committing that session again writes nothing (protocol §2.5), so the listing could never prove the commit. This
 * happens when an interrupted package upload resumes, and avoids sending the file again. Only for packages, which are
 * incomplete until they are marked.
 */
export async function deleteCommittedFile(run: UploadRun, file: FileUpload): Promise<void> {
  const { storePath, retryBudget } = file;
  await withRetries(run, () => run.server.deleteContent(storePath, run.signal), retryBudget);
  file.before = await stateBefore(run, file);
}

/** Tries to delete the sessions of all files. Returns how many are left. */
export async function dropSessions(run: UploadRun, uploads: readonly PackageUpload[]): Promise<number> {
  const sessions = uploads.filter(({ upload }) => upload.sessionId !== undefined);
  let left = sessions.length;
  await runWorkers(run, takeInOrder(sessions), async (worker, { upload }) => {
    if (await dropSession(worker, upload)) left -= 1;
  });
  return left;
}

/** Deletes all sessions after an abort with `sessionsOnAbort: "delete"`. */
export async function dropSessionsAfterAbort(
  run: UploadRun,
  uploads: readonly PackageUpload[],
): Promise<void> {
  await afterAbort(run, async (signal) => {
    // No other requests are running, and there is little time.
    const slots = new Limiter(Math.max(run.slots.level, 32));
    // The server deletes the remaining sessions when they expire (protocol §2.8).
    await runWorkers({ ...run, slots, signal }, takeInOrder(uploads), (worker, { upload }) =>
      deleteUnfinishedSession(worker, upload, worker.signal),
    ).catch(() => {});
  });
}
