import { InvalidInputError } from "../errors/errors.js";
import type { EngineSource } from "./byte-source.js";
import { contentDigest, deriveSessionId, hexOf } from "./fingerprint.js";
import { SourceError } from "./upload-error.js";
import type { FileUpload, UploadRun } from "./upload-run.js";
import { isNotFound } from "./upload-server.js";

/** The ids a file is uploaded under: one, unless somebody uses that one for something else. */
export interface SessionIds {
  readonly current: string;
  /** Goes on to another id. Rejects when there is none. */
  next(): Promise<void>;
  /** Whether the current id depends on the content alone, and another could be had. */
  isFirst(): boolean;
}

/** How many ids are tried. That one belongs to another upload takes either much bad luck or intent. */
const mostLives = 8;

/**
 * Ids derived from what is uploaded; see `deriveSessionId`. All but the first depend on what is in the store, too: a file
 * remembers the id of the session it was committed from, and committing under that id again writes nothing (protocol §2.5).
 */
export async function derivedIds(file: FileUpload, fingerprint: string): Promise<SessionIds> {
  const { storePath, source } = file;
  let life = file.firstLife;
  const derive = async () => {
    const version = life === 0 ? [] : versionOf(file);
    file.sessionId = await deriveSessionId(storePath, source.size, [fingerprint, ...version].join(" "), life);
    return file.sessionId;
  };
  let current = await derive();
  return {
    get current() {
      return current;
    },
    async next() {
      life += 1;
      if (life >= mostLives) throw new Error(`The ids of ${life} sessions are all used for other uploads`);
      current = await derive();
    },
    isFirst: () => life === 0,
  };
}

function versionOf({ before }: FileUpload): string[] {
  const version = before?.file?.fileVersion;
  if (version === undefined) return [];
  return [version.epochDataLossNumber, version.epochConfigurationNumber, version.versionNumber].map(String);
}

/** The one id that the caller has given. */
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

/** A text that stands for the content of a file, by the option `fingerprint`. */
export async function fingerprintOf(run: UploadRun, file: FileUpload): Promise<string> {
  const { fingerprint } = run.settings;
  const { source } = file;
  if (fingerprint === "content") return `content ${await hashContent(run, file)}`;
  if (fingerprint !== "stat") {
    const own: unknown = await fingerprint(source);
    // Of two contents without one, the second would go on with the session of the first.
    if (typeof own !== "string" || own === "") {
      throw new InvalidInputError("fingerprint", "must be a function that returns a text, not empty");
    }
    return `own ${own}`;
  }
  if (source.identity === undefined) {
    throw new InvalidInputError("fingerprint", 'cannot be "stat": this source has no name and time');
  }
  return `stat ${source.identity}`;
}

/**
 * Hashes the content of a file, once for each source it has. Returns the hash in hex. From then on, the source of `file`
 * can tell whether it still has that content.
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

/** For sources that cannot tell by themselves whether they have changed. */
function withHashCheck(digest: string, source: EngineSource, hash: () => Promise<string>): EngineSource {
  if (source.assertUnchanged !== undefined) return source;
  const assertUnchanged = async () => {
    if ((await hash()) !== digest) throw new SourceError("The source has changed while it was sent.");
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
