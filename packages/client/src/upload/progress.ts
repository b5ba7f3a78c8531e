/**
 * What an upload does with a file at the moment: it waits for its turn, reads it for the fingerprint, sends what the server
 * lacks, has the session made the file, or has it in the store.
 */
export type FilePhase = "waiting" | "hashing" | "sending" | "committing" | "done";

/** How far one file is. The figures mean what they mean in UploadProgress, for this file alone. */
export interface FileProgress {
  readonly storePath: string;
  readonly phase: FilePhase;
  readonly totalBytes: number;
  /** Bytes read for the fingerprint, in the phase `hashing`: before that is done, nothing is sent. */
  readonly hashedBytes: number;
  readonly sentBytes: number;
  readonly committedBytes: number;
  readonly resumedBytes: number;
}

/** How far an upload is. No figure ever falls. */
export interface UploadProgress {
  /** Bytes of all files. */
  readonly totalBytes: number;
  /** Bytes handed to the network in this run. What had to be sent again counts again. */
  readonly sentBytes: number;
  /** Bytes the server has confirmed to hold. Stands still while lost ones are made up for. */
  readonly committedBytes: number;
  /** Bytes that the server held before, from an earlier run or another machine, and that were not sent. */
  readonly resumedBytes: number;
  readonly files: {
    readonly total: number;
    /** Files that are in the store. */
    readonly committed: number;
  };
  /** The file that this step belongs to. */
  readonly file: FileProgress;
}

/** Adds up what happens to the files of an upload, and tells about it. */
export class ProgressTracker {
  readonly #onProgress: ((progress: UploadProgress) => void) | undefined;
  readonly #total = { totalBytes: 0, sentBytes: 0, committedBytes: 0, resumedBytes: 0 };
  readonly #files = { total: 0, committed: 0 };

  constructor(onProgress: ((progress: UploadProgress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  get totals(): Omit<UploadProgress, "file"> {
    return { ...this.#total, files: { ...this.#files } };
  }

  addFile(storePath: string, totalBytes: number): FileTracker {
    this.#total.totalBytes += totalBytes;
    this.#files.total += 1;
    return new FileTracker(storePath, totalBytes, (file, added) => {
      this.#total.sentBytes += added.sentBytes;
      this.#total.committedBytes += added.committedBytes;
      this.#total.resumedBytes += added.resumedBytes;
      if (added.isDone) this.#files.committed += 1;
      if (this.#onProgress !== undefined) tell(this.#onProgress, { ...this.totals, file });
    });
  }
}

/** What a callback throws must not pass for the error of a request, which might be tried again. */
function tell(onProgress: (progress: UploadProgress) => void, progress: UploadProgress): void {
  try {
    onProgress(progress);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`onProgress has thrown an error: ${what}`, { cause });
  }
}

/** What a step of a file adds to the totals. */
interface Added {
  readonly sentBytes: number;
  readonly committedBytes: number;
  readonly resumedBytes: number;
  readonly isDone: boolean;
}

export class FileTracker {
  readonly #onStep: (file: FileProgress, added: Added) => void;
  #state: FileProgress;
  /** A file may be delivered a second time, and counts once. */
  #wasDone = false;

  constructor(storePath: string, totalBytes: number, onStep: (file: FileProgress, added: Added) => void) {
    const none = { hashedBytes: 0, sentBytes: 0, committedBytes: 0, resumedBytes: 0 };
    this.#state = { storePath, phase: "waiting", totalBytes, ...none };
    this.#onStep = onStep;
  }

  get state(): FileProgress {
    return this.#state;
  }

  enter(phase: FilePhase): void {
    if (phase !== this.#state.phase) this.#step({ phase });
  }

  /** More bytes have been read for the fingerprint. */
  hashed(bytes: number): void {
    this.#step({ hashedBytes: this.#state.hashedBytes + bytes });
  }

  /** More bytes are on their way. */
  sent(bytes: number): void {
    this.#step({ sentBytes: this.#state.sentBytes + bytes });
  }

  /** The server holds so many bytes of the file. */
  received(bytes: number): void {
    if (bytes > this.#state.committedBytes) this.#step({ committedBytes: bytes });
  }

  /** The server held so many bytes before anything was sent. Nothing new when the file is delivered a second time. */
  resumed(bytes: number): void {
    if (bytes > this.#state.committedBytes) this.#step({ resumedBytes: bytes, committedBytes: bytes });
  }

  /** The file is in the store. */
  done(): void {
    this.#step({ committedBytes: this.#state.totalBytes, phase: "done" });
  }

  #step(change: Partial<FileProgress>): void {
    const before = this.#state;
    const after = { ...before, ...change };
    this.#state = after;
    const isDone = after.phase === "done" && !this.#wasDone;
    this.#wasDone ||= isDone;
    this.#onStep(after, {
      sentBytes: after.sentBytes - before.sentBytes,
      committedBytes: after.committedBytes - before.committedBytes,
      resumedBytes: after.resumedBytes - before.resumedBytes,
      isDone,
    });
  }
}
