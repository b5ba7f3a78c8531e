import { untilAborted } from "../async/clock.js";
import { runWorkers, takeInOrder } from "../async/concurrency.js";
import { isInvalidInputError } from "../errors/errors.js";
import { type EngineSource, engineSource } from "../upload/byte-source.js";
import { deliverFile } from "../upload/file-upload.js";
import { afterAbort, dropSession, forgetSession } from "../upload/sessions.js";
import { SourceError } from "../upload/upload-error.js";
import { type FileNeeds, type FileUpload, newFile, type UploadRun } from "../upload/upload-run.js";
import type { PackageContent, PackageFile, PackageSource } from "./package-options.js";

/** A file of the package, and its way. */
export interface PackageUpload {
  readonly file: PackageFile;
  readonly upload: FileUpload;
}

/** Notes every file before the first is sent, so that totals are known from the start. */
export function newUploads(
  run: UploadRun,
  { files }: PackageContent,
  destination: string,
  needs: FileNeeds,
): PackageUpload[] {
  return files.map((file) => ({
    file,
    upload: newFile(run, `${destination}/${file.relativePath}`, unopened(file.size), needs),
  }));
}

/** Which file a failure was met at. Becomes an UploadError when it is known what is left of the file. */
export class FileFailure extends Error {
  override readonly name = "FileFailure";
  readonly upload: FileUpload;

  constructor(upload: FileUpload, cause: unknown) {
    super(upload.storePath, { cause });
    this.upload = upload;
  }
}

/** Delivers all files to the store. Throws as `openEach` does. */
export async function transferFiles(run: UploadRun, uploads: readonly PackageUpload[]): Promise<void> {
  await openEach(run, uploads, (worker, upload) => deliverFile(worker, upload));
}

/**
 * Opens every file, does something with it, and closes it again; several at a time. Throws the FileFailure of the first
 * that fails, when none is under way any more.
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
 * One worker takes the largest file that is left, the others the smallest: small files never wait behind large ones, and
 * a large one has all slots that are left.
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
      throw new SourceError(`It has ${source.size} bytes, and had ${file.size} when the upload began.`);
    }
    upload.source = source;
    await work();
  } finally {
    upload.source = unopened(file.size);
    await close(opened);
  }
}

async function open(file: PackageFile, abortSignal: AbortSignal): Promise<PackageSource> {
  const opening = (async () => file.open())();
  try {
    return await untilAborted(abortSignal, opening);
  } catch (cause) {
    // Nobody waits for what is opened after the end.
    if (abortSignal.aborted) void opening.then(close, () => {});
    abortSignal.throwIfAborted();
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(`It cannot be opened: ${reasonOf(cause)}`, { cause });
  }
}

/** What refuses a file as input says that nothing was sent, which by now need not be so. */
function reasonOf(error: unknown): string {
  const reason = isInvalidInputError(error) && error.cause instanceof Error ? error.cause : error;
  return reason instanceof Error ? reason.message : String(reason);
}

/** No failure of the upload: what was read is in the store, or there is an error already. */
async function close(source: PackageSource): Promise<void> {
  if (!("close" in source)) return;
  await source.close?.().catch(() => {});
}

/** Stands for a file whose turn has not come, or is over. */
function unopened(size: number): EngineSource {
  return { size, read: () => Promise.reject(new SourceError("The source is not open.")) };
}

/** Deletes the sessions of files, as far as that works. Returns how many are left. */
export async function dropSessions(run: UploadRun, uploads: readonly PackageUpload[]): Promise<number> {
  const sessions = uploads.filter(({ upload }) => upload.sessionId !== undefined);
  let left = sessions.length;
  await runWorkers(run, takeInOrder(sessions), async (worker, { upload }) => {
    if (await dropSession(worker, upload)) left -= 1;
  });
  return left;
}

/** Deletes them within a moment, if the caller has stopped the upload and wants that. */
export async function dropSessionsAfterAbort(
  run: UploadRun,
  uploads: readonly PackageUpload[],
): Promise<void> {
  await afterAbort(run, async (signal) => {
    // Nothing else is under way any more, and there is little time.
    const settings = { ...run.settings, concurrency: Math.max(run.settings.concurrency, 32) };
    // Out of time: the server drops the rest by itself (protocol §2.8).
    await runWorkers({ ...run, settings, signal }, takeInOrder(uploads), (worker, { upload }) =>
      forgetSession(worker, upload, worker.signal),
    ).catch(() => {});
  });
}
