import { requireUnchanged } from "./byte-source.js";
import { CommitEvidence, stateBefore } from "./evidence.js";
import { fingerprintOf } from "./fingerprint-option.js";
import { isTooLarge } from "./refusals.js";
import { derivedIds, givenId, type SessionIds } from "./session-ids.js";
import { noteRefusedSize, SessionUpload, smallestChunk } from "./session-upload.js";
import { SourceError } from "./upload-error.js";
import type { FileUpload, UploadRun } from "./upload-run.js";
import { putWhole } from "./whole-file.js";

/**
 * Brings one file into the store, through a session or in one request. The server has then answered that it stored it,
 * which proves nothing yet: see `differenceAfter`. When a session is dropped is up to the caller: `sessionId` of `file`
 * then names the one that was committed.
 */
export async function deliverFile(run: UploadRun, file: FileUpload, sessionId?: string): Promise<void> {
  if (await isThere(run, file)) {
    file.tracker.resumed(file.source.size);
  } else if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) {
    file.sessionId = undefined;
    await putOrSplit(run, file, sessionId);
  }
  file.patience.progress();
  file.tracker.done();
}

/** Where the store can tell by the content, not only by the size, the file need not be sent again. */
async function isThere(
  { server, signal }: UploadRun,
  { storePath, source, tracker }: FileUpload,
): Promise<boolean> {
  if (!server.comparesContent) return false;
  tracker.enter("hashing");
  return server.holdsContent(storePath, source, signal);
}

/** An empty session cannot be committed (protocol §2.5). */
function needsSession({ gateway, settings }: UploadRun, { source }: FileUpload): boolean {
  const { hasSessions, refusedSize = Infinity } = gateway;
  if (source.size === 0 || hasSessions === false) return false;
  return (
    source.size > settings.maxSingleShotSize || (source.size >= refusedSize && source.size > smallestChunk)
  );
}

/** In one request; or, if that is too large for something on the way, in chunks. */
async function putOrSplit(run: UploadRun, file: FileUpload, sessionId: string | undefined): Promise<void> {
  if (file.needs.proof) file.before ??= await stateBefore(run, file);
  try {
    await putWhole(run, file);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    noteRefusedSize(run.gateway, file.source.size);
    if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) throw error;
  }
}

/** Returns whether it could: not where the gateway knows no sessions. */
async function uploadThroughSession(
  run: UploadRun,
  file: FileUpload,
  sessionId: string | undefined,
): Promise<boolean> {
  const ids = sessionId === undefined ? await contentIds(run, file) : givenId(file, sessionId);
  file.before ??= await stateBefore(run, file);
  const evidence = new CommitEvidence(run, file, file.before);
  const upload = new SessionUpload(run, file, ids, evidence);
  try {
    return (await upload.perform()) === "committed";
  } catch (error) {
    if (error instanceof SourceError && !(await isUnchanged(run, file))) await forget(file, upload);
    throw error;
  }
}

/** What can only not be read has been sent as it is: its session stays. */
async function isUnchanged(run: UploadRun, { source }: FileUpload): Promise<boolean> {
  if (source.assertUnchanged === undefined) return false;
  return requireUnchanged(source, run.signal).then(
    () => true,
    () => false,
  );
}

/** The session may hold bytes that are not those its id stands for: nobody shall resume it. */
async function forget(file: FileUpload, upload: SessionUpload): Promise<void> {
  try {
    await upload.dropSession();
    file.sessionId = undefined;
    file.isSessionGone = true;
  } catch {
    // The error of the source is the one that counts.
  }
}

async function contentIds(run: UploadRun, file: FileUpload): Promise<SessionIds> {
  file.tracker.enter("hashing");
  const fingerprint = await fingerprintOf(run, file);
  file.before ??= await stateBefore(run, file);
  return derivedIds(file, fingerprint);
}
