import { InvalidInputError } from "../errors/errors.js";
import type { FileVersion } from "../operations/content.js";
import { hexOf } from "../wire/bytes.js";
import type { EngineSource } from "./byte-source.js";
import { contentDigest, deriveSessionId } from "./fingerprint.js";
import { SourceError } from "./upload-error.js";
import type { FileUpload, UploadRun } from "./upload-run.js";
import { isNotFound } from "./upload-server.js";

/** The session IDs for a file: the first one, or another if the first is used for a different upload. */
export interface SessionIds {
  readonly current: string;
  /** Switches to another ID. Rejects if there is none. */
  next(): Promise<void>;
  /** Whether the current ID depends only on the content, and `next` can derive another one. */
  isFirst(): boolean;
}

/** How many IDs to try. A derived ID that belongs to another upload is extremely unlikely. */
const maxSessionIds = 8;

/**
 * IDs derived from the content; see `deriveSessionId`. Later IDs also depend on the version in the store: a file records the
 * ID of the session it was committed from, and another commit with that ID writes nothing (protocol §2.5).
 */
export async function derivedIds(file: FileUpload, fingerprint: string): Promise<SessionIds> {
  const { storePath, source } = file;
  let attempt = file.skippedSessionIds;
  const derive = async () => {
    const version = attempt === 0 ? [] : versionOf(file);
    file.sessionId = await deriveSessionId(
      storePath,
      source.size,
      [fingerprint, ...version].join(" "),
      attempt,
    );
    return file.sessionId;
  };
  let current = await derive();
  return {
    get current() {
      return current;
    },
    async next() {
      attempt += 1;
      if (attempt >= maxSessionIds)
        throw new Error(`All ${attempt} derived session ids are used for other uploads`);
      current = await derive();
    },
    isFirst: () => attempt === 0,
  };
}

function versionOf({ before }: FileUpload): string[] {
  const version = before?.file?.fileVersion;
  return version === undefined ? [] : versionNumbers(version);
}

/** The numbers that identify a write to the store. */
export function versionNumbers(version: FileVersion): string[] {
  return [version.epochDataLossNumber, version.epochConfigurationNumber, version.versionNumber].map(String);
}

/** The ID from the option `sessionId`. */
export function givenId(file: FileUpload, sessionId: string): SessionIds {
  file.sessionId = sessionId;
  return {
    current: sessionId,
    async next() {
      throw new InvalidInputError("sessionId", `is used for another upload: ${sessionId}`);
    },
    isFirst: () => false,
  };
}

/** A string that identifies the content of a file, as set by the option `fingerprint`. */
export async function fingerprintOf(run: UploadRun, file: FileUpload): Promise<string> {
  const { fingerprint } = run.settings;
  const { source } = file;
  if (fingerprint === "content") return `content ${await hashContent(run, file)}`;
  if (fingerprint !== "stat") {
    const own: unknown = await fingerprint(source);
    // With an empty fingerprint, an upload could resume the session of different content.
    if (typeof own !== "string" || own === "") {
      throw new InvalidInputError("fingerprint", "must be a function that returns a non-empty string");
    }
    return `own ${own}`;
  }
  if (source.identity === undefined) {
    throw new InvalidInputError("fingerprint", 'cannot be "stat" for a source without an identity');
  }
  return `stat ${source.identity}`;
}

/**
 * Hashes the content of a file once per source. Returns the hash in hex. Afterwards the source of `file` can check that its
 * content is unchanged.
 */
export async function hashContent(run: UploadRun, file: FileUpload): Promise<string> {
  const { source, tracker, hash: known } = file;
  if (known?.source === source) return known.digest;
  const hash = async (onHashed: (bytes: number) => void) =>
    hexOf(await contentDigest(source, run.blocks, run.signal, onHashed));
  tracker.enter("hashing");
  const digest = await hash((bytes) => tracker.hashed(bytes));
  file.source = withHashCheck(digest, source, () => hash(() => {}));
  file.hash = { source: file.source, digest };
  return digest;
}

/** Adds `assertUnchanged` to sources that do not have it. */
function withHashCheck(digest: string, source: EngineSource, hash: () => Promise<string>): EngineSource {
  if (source.assertUnchanged !== undefined) return source;
  const assertUnchanged = async () => {
    if ((await hash()) !== digest) throw new SourceError("The source changed while it was sent.");
  };
  const { size, identity, whole } = source;
  return {
    size,
    read: source.read.bind(source),
    assertUnchanged,
    ...(identity === undefined ? {} : { identity }),
    ...(whole === undefined ? {} : { whole }),
  };
}

/** The time limit for deleting sessions after an abort, in milliseconds. */
const cleanUpMs = 800;

/**
 * Deletes the session of a file that is in the store, because its chunks use disk space on the node. Returns whether the
 * session is gone. Never rejects, because the server deletes the session later anyway (protocol §2.5, §2.8).
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

/** Deletes the unfinished session after an abort with `sessionsOnAbort: "delete"`. */
export async function dropSessionAfterAbort(run: UploadRun, file: FileUpload): Promise<void> {
  await afterAbort(run, (signal) => deleteUnfinishedSession(run, file, signal));
}

/** Deletes the session of a file that is not in the store, and records that nothing of the file is left. */
export async function deleteUnfinishedSession(
  run: UploadRun,
  file: FileUpload,
  limit: AbortSignal,
): Promise<void> {
  if (file.sessionId === undefined || !(await dropSession(run, file, limit))) return;
  file.sessionId = undefined;
  file.isSessionGone = file.tracker.state.phase !== "done";
}

/** Runs `cleanUp` after an abort with `sessionsOnAbort: "delete"`. The signal limits its time. */
export async function afterAbort(
  run: UploadRun,
  cleanUp: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const { abortSignal, sessionsOnAbort } = run.settings;
  if (abortSignal?.aborted !== true || sessionsOnAbort !== "delete") return;
  const last = new AbortController();
  const cancel = run.clock.setTimer(cleanUpMs, () => last.abort());
  try {
    await cleanUp(last.signal);
  } finally {
    cancel();
  }
}
