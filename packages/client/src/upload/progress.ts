/**
 * The current phase of a file: waiting for its turn, being hashed for the fingerprint, being sent, being committed, or in the
 * store.
 */
export type FilePhase = "waiting" | "hashing" | "sending" | "committing" | "done";

/** The progress of one file. See UploadProgress for the meaning of the numbers. */
export interface FileProgress {
  readonly storePath: string;
  readonly phase: FilePhase;
  readonly totalBytes: number;
  /** The bytes hashed for the fingerprint in the phase `hashing`, which comes before sending. */
  readonly hashedBytes: number;
  readonly sentBytes: number;
  readonly sendingBytes: number;
  readonly committedBytes: number;
  readonly resumedBytes: number;
}

/** The progress of an upload. Only `sendingBytes` ever decreases. */
export interface UploadProgress {
  /** The size of all files in bytes. */
  readonly totalBytes: number;
  /** The bytes sent in this run, including bytes that were sent again. */
  readonly sentBytes: number;
  /**
   * The bytes of current requests that the operating system has accepted but the server has not confirmed. Decreases when a
   * request ends. Always 0 unless `fetch` is from `createNodeFetch`.
   */
  readonly sendingBytes: number;
  /** The bytes that the server has confirmed. Does not increase while lost bytes are sent again. */
  readonly committedBytes: number;
  /** The bytes that the server already had, from an earlier run or another machine, and that were not sent. */
  readonly resumedBytes: number;
  readonly files: {
    readonly total: number;
    /** The number of files that are in the store. */
    readonly committed: number;
  };
  /** The file that this step belongs to. */
  readonly file: FileProgress;
}

/** May return a promise. A rejection ends the upload like a thrown error. */
export type OnProgress = (progress: UploadProgress) => unknown;

/** Sums up the progress of all files and reports it to `onProgress`. */
export class ProgressTracker {
  readonly #onProgress: OnProgress | undefined;
  readonly #onFailure: (error: Error) => void;
  readonly #pending = new Set<Promise<void>>();
  #failure: Error | undefined;
  readonly #total = { totalBytes: 0, sentBytes: 0, sendingBytes: 0, committedBytes: 0, resumedBytes: 0 };
  readonly #files = { total: 0, committed: 0 };

  /** @param onFailure Called when `onProgress` threw or rejected, which must end the upload. */
  constructor(onProgress: OnProgress | undefined, onFailure: (error: Error) => void) {
    this.#onProgress = onProgress;
    this.#onFailure = onFailure;
  }

  /** The error of `onProgress` that ends the upload. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Waits for all promises that `onProgress` returned. Rejects with its failure. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
    if (this.#failure !== undefined) throw this.#failure;
  }

  get totals(): Omit<UploadProgress, "file"> {
    return { ...this.#total, files: { ...this.#files } };
  }

  addFile(storePath: string, totalBytes: number): FileTracker {
    this.#total.totalBytes += totalBytes;
    this.#files.total += 1;
    const isWatched = this.#onProgress !== undefined;
    return new FileTracker(storePath, totalBytes, isWatched, (file, added) => {
      this.#total.sentBytes += added.sentBytes;
      this.#total.sendingBytes += added.sendingBytes;
      this.#total.committedBytes += added.committedBytes;
      this.#total.resumedBytes += added.resumedBytes;
      if (added.isDone) this.#files.committed += 1;
      this.#report(file);
    });
  }

  #report(file: FileProgress): void {
    if (this.#onProgress === undefined) return;
    try {
      const answer = this.#onProgress({ ...this.totals, file });
      if (isThenable(answer)) this.#watch(Promise.resolve(answer));
    } catch (cause) {
      throw this.#fail("thrown an error", cause);
    }
  }

  #watch(answer: Promise<unknown>): void {
    const watched = answer.then(
      () => void this.#pending.delete(watched),
      (cause: unknown) => {
        this.#pending.delete(watched);
        this.#fail("rejected", cause);
      },
    );
    this.#pending.add(watched);
  }

  /** Wraps the error of the callback, so that it is not treated as a request failure and retried. */
  #fail(how: string, cause: unknown): Error {
    const what = cause instanceof Error ? cause.message : String(cause);
    const error = new Error(`onProgress has ${how}: ${what}`, { cause });
    this.#failure ??= error;
    this.#onFailure(this.#failure);
    return error;
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** The changes that a step of a file makes to the totals. */
interface Added {
  readonly sentBytes: number;
  readonly sendingBytes: number;
  readonly committedBytes: number;
  readonly resumedBytes: number;
  readonly isDone: boolean;
}

export class FileTracker {
  readonly #onStep: (file: FileProgress, added: Added) => void;
  #state: FileProgress;
  /** A file that is delivered a second time counts once. */
  #wasDone = false;

  /** Reporting sent bytes costs time, so it is skipped without an `onProgress`. */
  readonly #isWatched: boolean;

  constructor(
    storePath: string,
    totalBytes: number,
    isWatched: boolean,
    onStep: (file: FileProgress, added: Added) => void,
  ) {
    this.#isWatched = isWatched;
    const none = { hashedBytes: 0, sentBytes: 0, sendingBytes: 0, committedBytes: 0, resumedBytes: 0 };
    this.#state = { storePath, phase: "waiting", totalBytes, ...none };
    this.#onStep = onStep;
  }

  get state(): FileProgress {
    return this.#state;
  }

  enter(phase: FilePhase): void {
    if (phase !== this.#state.phase) this.#step({ phase });
  }

  /** Records that more bytes were hashed. */
  hashed(bytes: number): void {
    this.#step({ hashedBytes: this.#state.hashedBytes + bytes });
  }

  /** Records that more bytes are being sent. */
  sent(bytes: number): void {
    this.#step({ sentBytes: this.#state.sentBytes + bytes });
  }

  /** Makes a request with content of the file and counts its bytes in `sendingBytes` until it ends. */
  async sending(request: (onSent?: (bytes: number) => void) => Promise<void>): Promise<void> {
    if (!this.#isWatched) return request();
    let bytes = 0;
    let isOver = false;
    try {
      await request((more) => {
        // An abandoned request may continue for a moment.
        if (isOver) return;
        bytes += more;
        this.#step({ sendingBytes: this.#state.sendingBytes + more });
      });
    } finally {
      isOver = true;
      if (bytes > 0) this.#step({ sendingBytes: this.#state.sendingBytes - bytes });
    }
  }

  /** Records how many bytes the server has. */
  received(bytes: number): void {
    if (bytes > this.#state.committedBytes) this.#step({ committedBytes: bytes });
  }

  /** Records how many bytes the server had before anything was sent. No effect when a file is delivered again. */
  resumed(bytes: number): void {
    if (bytes > this.#state.committedBytes) this.#step({ resumedBytes: bytes, committedBytes: bytes });
  }

  /** Records that the file is in the store. */
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
      sendingBytes: after.sendingBytes - before.sendingBytes,
      committedBytes: after.committedBytes - before.committedBytes,
      resumedBytes: after.resumedBytes - before.resumedBytes,
      isDone,
    });
  }
}
