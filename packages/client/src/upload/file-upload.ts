import { SourceError } from "../upload-error.js";
import { requireUnchanged } from "./byte-source.js";
import { CommitEvidence } from "./commit-evidence.js";
import { fingerprinted } from "./fingerprint-option.js";
import { derivedIds, givenId, type SessionIds } from "./session-ids.js";
import { SessionUpload } from "./session-upload.js";
import type { FileUpload, UploadRun } from "./upload-run.js";
import { putWhole } from "./whole-file.js";

/**
 * Brings one file into the store, through a session or in one request. What is verified, and when a session is dropped,
 * is up to the caller: `sessionId` of `file` then names the one that was committed.
 */
export async function uploadFile(run: UploadRun, file: FileUpload, sessionId?: string): Promise<void> {
  if (await isThere(run, file)) {
    file.tracker.resumed(file.source.size);
  } else if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) {
    file.sessionId = undefined;
    await putWhole(run, file);
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
  return source.size > 0 && source.size > settings.maxSingleShotSize && gateway.hasSessions !== false;
}

/** Returns whether it could: not where the gateway knows no sessions. */
async function uploadThroughSession(
  run: UploadRun,
  file: FileUpload,
  sessionId: string | undefined,
): Promise<boolean> {
  const ids = sessionId === undefined ? await contentIds(run, file) : givenId(file, sessionId);
  const evidence = await CommitEvidence.begin(run, file);
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
    file.isDropped = true;
  } catch {
    // The error of the source is the one that counts.
  }
}

async function contentIds(run: UploadRun, file: FileUpload): Promise<SessionIds> {
  file.tracker.enter("hashing");
  const known = await fingerprinted(run, file.source);
  file.source = known.source;
  return derivedIds(file, known.fingerprint);
}
