import { InvalidInputError } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { versionNumbers } from "./sessions.js";
import type { Difference } from "./upload-error.js";
import {
  type FileUpload,
  newRetryBudget,
  type StateBefore,
  type UploadRun,
  withRetries,
} from "./upload-run.js";

/**
 * Reads the path of a file before the first write. Every write gives the file a new version (protocol, "FileVersion"), so the
 * listing can prove a write later. A response cannot prove it, because it may belong to another request. Throws
 * InvalidInputError if the path is a folder, which a file cannot replace.
 */
export async function stateBefore(run: UploadRun, file: FileUpload): Promise<StateBefore> {
  const { storePath, retryBudget } = file;
  const found = await withRetries(run, () => run.server.entryAt(storePath, run.signal), retryBudget);
  if (found !== "folder") return { file: found };
  const reason = `is a folder in the image store: ${storePath}. To upload the file into it, append a name: ${storePath}/NAME`;
  throw new InvalidInputError("storePath", reason);
}

/** Whether a listed file was written after `before` was read. */
export function isWrittenSince({ file }: StateBefore, now: Pick<StoreFile, "fileVersion">): boolean {
  return file === undefined || `${versionNumbers(now.fileVersion)}` !== `${versionNumbers(file.fileVersion)}`;
}

/** How often to list again if a file is missing: listings briefly hide a file while it is replaced (protocol §1.3). */
export const maxMissingRetries = 4;

/** Lists the file. Returns the difference from what was sent, or the listed file if there is none. */
export async function differenceAfter(
  run: UploadRun,
  file: FileUpload,
): Promise<{ readonly difference: Difference } | { readonly listed: StoreFile }> {
  const { storePath, source, retryBudget } = file;
  const waiting = newRetryBudget(run, maxMissingRetries);
  for (;;) {
    const listed = await withRetries(run, () => run.server.findFile(storePath, run.signal), retryBudget);
    if (listed !== undefined) {
      const difference = differenceOf(file, listed);
      return difference === undefined ? { listed } : { difference };
    }
    if (waiting.retries === maxMissingRetries) {
      return { difference: { storePath, kind: "missing", expectedSize: source.size } };
    }
    await waiting.wait(undefined, run.signal);
  }
}

function differenceOf(file: FileUpload, listed: StoreFile): Difference | undefined {
  const { storePath, source } = file;
  const sizes = { expectedSize: source.size, actualSize: listed.fileSize };
  if (!isProved(file, listed)) return { storePath, kind: "unchanged", ...sizes };
  return listed.fileSize === source.size ? undefined : { storePath, kind: "wrong-size", ...sizes };
}

/** Whether a listed file was written since `before` was read. True if it was not read. */
export function isProved({ before }: FileUpload, listed: StoreFile): boolean {
  return before === undefined || isWrittenSince(before, listed);
}

/**
 * Finds out whether a missing session was committed before it was lost. A failover loses sessions with their chunks, so only the
 * committed file can show it (protocol §2.9).
 */
export class CommitEvidence {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #before: StateBefore;
  /**
   * The session may have been committed: by this upload if the response was lost, or by a concurrent upload of the same content
   * if all chunks had arrived.
   */
  mayBeCommitted = false;
  /** A response was lost, so the server may have more bytes than it confirmed. */
  hasLostAnswers = false;
  #hasConcurrentUploader = false;

  constructor(run: UploadRun, file: FileUpload, before: StateBefore) {
    this.#run = run;
    this.#file = file;
    this.#before = before;
  }

  /** Another upload is sending the same content with the same session ID. */
  get hasConcurrentUploader(): boolean {
    return this.#hasConcurrentUploader;
  }

  /** The server has bytes that it did not confirm to this upload. If no response was lost, another upload sent them. */
  noteUnconfirmedBytes(): void {
    if (!this.hasLostAnswers) this.#hasConcurrentUploader = true;
  }

  /**
   * Whether the file was written since the upload began, has the right size, and may be from a commit of its session. Cannot
   * detect a concurrent write of different content with the same size.
   */
  async isCommitted(): Promise<boolean> {
    if (!this.mayBeCommitted && !this.#hasConcurrentUploader) return false;
    const { storePath, source, retryBudget } = this.#file;
    const { server, signal } = this.#run;
    const now = await withRetries(this.#run, () => server.findFile(storePath, signal), retryBudget);
    return now !== undefined && now.fileSize === source.size && isWrittenSince(this.#before, now);
  }
}
