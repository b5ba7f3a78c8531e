import { afterAbort, dropSession, forgetSession } from "../upload/session-end.js";
import type { UploadRun } from "../upload/upload-run.js";
import { runWorkers, oneByOne } from "../async/concurrency.js";
import type { PackageUpload } from "./transfer.js";

/** Deletes the sessions of files, as far as that works. Returns how many are left. */
export async function dropSessions(run: UploadRun, uploads: readonly PackageUpload[]): Promise<number> {
  const sessions = uploads.filter(({ upload }) => upload.sessionId !== undefined);
  let left = sessions.length;
  await runWorkers(run, oneByOne(sessions), async (worker, { upload }) => {
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
    await runWorkers({ ...run, settings, signal }, oneByOne(uploads), (worker, { upload }) =>
      forgetSession(worker, upload, worker.signal),
    ).catch(() => {});
  });
}
