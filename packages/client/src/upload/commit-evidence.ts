import type { StoreFile } from "../content.js";
import { type FileUpload, type UploadRun, withRetries } from "./upload-run.js";

/**
 * What tells whether a session that is gone was committed first. A session goes away with its chunks when the cluster
 * fails over, and nothing remembers it then but the file it may have become (protocol §2.9).
 */
export class CommitEvidence {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #before: StoreFile | undefined;
  /** A commit was sent, and nobody can tell what came of it. */
  isCommitInDoubt = false;
  /** An answer of the server got lost, so that it may have more than it said. */
  hasLostAnswers = false;
  #isHelped = false;

  private constructor(run: UploadRun, file: FileUpload, before: StoreFile | undefined) {
    this.#run = run;
    this.#file = file;
    this.#before = before;
  }

  /** Notes which state of the file is in the store before anything is sent. */
  static async begin(run: UploadRun, file: FileUpload): Promise<CommitEvidence> {
    return new CommitEvidence(run, file, await findFile(run, file));
  }

  /** Somebody else is uploading the same: the id stands for the content. */
  get isHelped(): boolean {
    return this.#isHelped;
  }

  /** The server has bytes that it has not confirmed. Unless an answer was lost, somebody else sent them. */
  noteUnconfirmedBytes(): void {
    if (!this.hasLostAnswers) this.#isHelped = true;
  }

  /**
   * Whether the file was written since the upload began, with the right size, when a commit of its session may have done
   * that. A write by others in the same moments cannot be told apart, but would have overwritten this one in any case.
   */
  async isCommitted(): Promise<boolean> {
    if (!this.isCommitInDoubt && !this.#isHelped) return false;
    const now = await findFile(this.#run, this.#file);
    if (now === undefined || now.fileSize !== this.#file.source.size) return false;
    return this.#before === undefined || !isSameVersion(now, this.#before);
  }
}

function findFile(run: UploadRun, { storePath, patience }: FileUpload): Promise<StoreFile | undefined> {
  return withRetries(run, patience, () => run.server.findFile(storePath, run.signal));
}

function isSameVersion({ fileVersion: a }: StoreFile, { fileVersion: b }: StoreFile): boolean {
  return (
    a.versionNumber === b.versionNumber &&
    a.epochConfigurationNumber === b.epochConfigurationNumber &&
    a.epochDataLossNumber === b.epochDataLossNumber
  );
}
