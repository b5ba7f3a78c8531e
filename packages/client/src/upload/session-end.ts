import { isNotFound } from "./refusals.js";
import type { FileUpload, UploadRun } from "./upload-run.js";

/** How long an aborted upload may still take to delete its session, in milliseconds. */
const lastMoments = 800;

/**
 * Deletes the session of a file that is in the store: its chunks fill the node's disk otherwise. Returns whether it is
 * gone. No reason to fail the upload: the server drops it by itself later (protocol §2.5, §2.8).
 */
export async function dropSession(
  { server, signal }: UploadRun,
  { sessionId }: FileUpload,
  limit = signal,
): Promise<boolean> {
  if (sessionId === undefined) return true;
  try {
    await server.deleteSession(sessionId, limit);
    return true;
  } catch (error) {
    return isNotFound(error);
  }
}

/** Deletes the unfinished session if the caller has stopped the upload and wants that. */
export async function dropSessionAfterAbort(run: UploadRun, file: FileUpload): Promise<void> {
  await afterAbort(run, (signal) => forgetSession(run, file, signal));
}

/** Deletes the session of a file that is not in the store. Then nothing of it is there. */
export async function forgetSession(run: UploadRun, file: FileUpload, limit: AbortSignal): Promise<void> {
  if (file.sessionId === undefined || !(await dropSession(run, file, limit))) return;
  file.sessionId = undefined;
  file.isSessionGone = file.tracker.state.phase !== "done";
}

/** Tidies up if the caller has stopped the upload and wants no sessions left; the signal soon ends that, too. */
export async function afterAbort(
  run: UploadRun,
  tidyUp: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const { abortSignal, sessionsOnAbort } = run.settings;
  if (abortSignal?.aborted !== true || sessionsOnAbort !== "delete") return;
  const last = new AbortController();
  const cancel = run.clock.setTimer(lastMoments, () => last.abort());
  try {
    await tidyUp(last.signal);
  } finally {
    cancel();
  }
}
