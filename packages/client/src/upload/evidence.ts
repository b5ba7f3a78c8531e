import { InvalidInputError } from "../errors/errors.js";
import type { FileVersion, StoreFile } from "../operations/content.js";
import { type Difference, VerificationError } from "./upload-error.js";
import { type FileUpload, newPatience, type StateBefore, type UploadRun, withRetries } from "./upload-run.js";

/**
 * Reads what is at the path of a file before anything is written there. Every write gives a file another version
 * (protocol, "FileVersion"), so a listing can prove later that a write was delivered, which no answer can: it may be that
 * of another request. Throws InvalidInputError when the path is a folder, which no file can replace.
 */
export async function stateBefore(run: UploadRun, file: FileUpload): Promise<StateBefore> {
  const { storePath, patience } = file;
  const found = await withRetries(run, patience, () => run.server.entryAt(storePath, run.signal));
  if (found !== "folder") return { file: found };
  const reason = `is a folder in the image store: ${storePath}. To put the file into it, append a name: ${storePath}/NAME`;
  throw new InvalidInputError("storePath", reason);
}

/** Whether a listed file was written after `before` was read. */
export function isWrittenSince({ file }: StateBefore, now: Pick<StoreFile, "fileVersion">): boolean {
  return file === undefined || !isSameVersion(now.fileVersion, file.fileVersion);
}

function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  return (
    a.versionNumber === b.versionNumber &&
    a.epochConfigurationNumber === b.epochConfigurationNumber &&
    a.epochDataLossNumber === b.epochDataLossNumber
  );
}

/** How often to look again for a file that is not listed: while it is replaced it is hidden for a moment (protocol §1.3). */
export const looksForMissing = 4;

/** What the listing says against the file being in the store as it was sent. Undefined when nothing does. */
export async function differenceAfter(
  run: UploadRun,
  file: FileUpload,
): Promise<{ readonly difference: Difference } | { readonly listed: StoreFile }> {
  const { storePath, source, patience } = file;
  const settings = { ...run.settings, retry: { ...run.settings.retry, maxRetries: looksForMissing } };
  const waiting = newPatience({ ...run, settings });
  for (;;) {
    const listed = await withRetries(run, patience, () => run.server.findFile(storePath, run.signal));
    if (listed !== undefined) {
      const difference = differenceOf(file, listed);
      return difference === undefined ? { listed } : { difference };
    }
    const difference: Difference = { storePath, kind: "missing", expectedSize: source.size };
    const error = new VerificationError(storePath, [difference]);
    try {
      await waiting.wait(error, run.signal);
    } catch (ended) {
      if (ended === error) return { difference };
      throw ended;
    }
  }
}

function differenceOf(file: FileUpload, listed: StoreFile): Difference | undefined {
  const { storePath, source } = file;
  const sizes = { expectedSize: source.size, actualSize: listed.fileSize };
  if (!isProved(file, listed)) return { storePath, kind: "unchanged", ...sizes };
  return listed.fileSize === source.size ? undefined : { storePath, kind: "wrong-size", ...sizes };
}

/** Whether a listed file was written since `before` of this upload was read, as far as that was read. */
export function isProved({ before }: FileUpload, listed: StoreFile): boolean {
  return before === undefined || isWrittenSince(before, listed);
}

/**
 * Deletes a file whose session holds every byte, so that the next commit has to write it. The file remembers the session
 * it was committed from, and committing that session again writes nothing (protocol §2.5): then the listing can never
 * prove the commit. That happens when an interrupted upload of a package goes on, and costs no bytes this way. For packages
 * alone: they are incomplete in any case until they are marked.
 */
export async function makeWay(run: UploadRun, file: FileUpload): Promise<void> {
  const { storePath, patience } = file;
  await withRetries(run, patience, () => run.server.deleteContent(storePath, run.signal));
  file.before = await stateBefore(run, file);
}

/**
 * What tells whether a session that is gone was committed first. A session goes away with its chunks when the cluster
 * fails over, and nothing remembers it then but the file it may have become (protocol §2.9).
 */
export class CommitEvidence {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #before: StateBefore;
  /**
   * The session may have been committed: by this upload, whose answer was lost, or by another upload of the same content,
   * which needs all chunks to be there.
   */
  mayBeCommitted = false;
  /** An answer of the server got lost, so that it may have more than it said. */
  hasLostAnswers = false;
  #hasConcurrentUploader = false;

  constructor(run: UploadRun, file: FileUpload, before: StateBefore) {
    this.#run = run;
    this.#file = file;
    this.#before = before;
  }

  /** Another upload is sending the same content: the id stands for the content. */
  get hasConcurrentUploader(): boolean {
    return this.#hasConcurrentUploader;
  }

  /** The server has bytes that it has not confirmed. Unless an answer was lost, another upload sent them. */
  noteUnconfirmedBytes(): void {
    if (!this.hasLostAnswers) this.#hasConcurrentUploader = true;
  }

  /**
   * Whether the file was written since the upload began, with the right size, when a commit of its session may have done
   * that. A write of other content with the same size in the same moments cannot be told apart.
   */
  async isCommitted(): Promise<boolean> {
    if (!this.mayBeCommitted && !this.#hasConcurrentUploader) return false;
    const { storePath, source, patience } = this.#file;
    const { server, signal } = this.#run;
    const now = await withRetries(this.#run, patience, () => server.findFile(storePath, signal));
    return now !== undefined && now.fileSize === source.size && isWrittenSince(this.#before, now);
  }
}
