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
  readonly sendingBytes: number;
  readonly committedBytes: number;
  readonly resumedBytes: number;
}

/** How far an upload is. No figure ever falls, but for `sendingBytes`. */
export interface UploadProgress {
  /** Bytes of all files. */
  readonly totalBytes: number;
  /** Bytes handed to the network in this run. What had to be sent again counts again. */
  readonly sentBytes: number;
  /**
   * Bytes of requests under way that the system has taken for sending, and that the server has not confirmed: they stand
   * somewhere between here and there. Falls when a request ends. 0 where `fetch` is not one of `createNodeFetch`.
   */
  readonly sendingBytes: number;
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

/** What is told of every step. What it returns may be a promise; its rejection counts as much as an error thrown. */
export type OnProgress = (progress: UploadProgress) => unknown;

/** Adds up what happens to the files of an upload, and tells about it. */
export class ProgressTracker {
  readonly #onProgress: OnProgress | undefined;
  readonly #onFailure: (error: Error) => void;
  readonly #pending = new Set<Promise<void>>();
  #failure: Error | undefined;
  readonly #total = { totalBytes: 0, sentBytes: 0, sendingBytes: 0, committedBytes: 0, resumedBytes: 0 };
  readonly #files = { total: 0, committed: 0 };

  /** @param onFailure Called once, when `onProgress` has thrown or rejected: the upload must end. */
  constructor(onProgress: OnProgress | undefined, onFailure: (error: Error) => void) {
    this.#onProgress = onProgress;
    this.#onFailure = onFailure;
  }

  /** Why `onProgress` ends the upload. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when all that `onProgress` has begun is done. Rejects with its failure. */
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
      this.#tell(file);
    });
  }

  #tell(file: FileProgress): void {
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

  /** What a callback throws must not pass for the error of a request, which might be tried again. */
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

/** What a step of a file adds to the totals. */
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
  /** A file may be delivered a second time, and counts once. */
  #wasDone = false;

  /** Telling costs the transport something: not where nobody listens. */
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

  /** More bytes have been read for the fingerprint. */
  hashed(bytes: number): void {
    this.#step({ hashedBytes: this.#state.hashedBytes + bytes });
  }

  /** More bytes are on their way. */
  sent(bytes: number): void {
    this.#step({ sentBytes: this.#state.sentBytes + bytes });
  }

  /** Makes a request with content of the file, whose bytes are on their way until it has ended. */
  async sending(request: (onSent?: (bytes: number) => void) => Promise<void>): Promise<void> {
    if (!this.#isWatched) return request();
    let bytes = 0;
    let isOver = false;
    try {
      await request((more) => {
        // A request that was given up may go on for a moment.
        if (isOver) return;
        bytes += more;
        this.#step({ sendingBytes: this.#state.sendingBytes + more });
      });
    } finally {
      isOver = true;
      if (bytes > 0) this.#step({ sendingBytes: this.#state.sendingBytes - bytes });
    }
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
      sendingBytes: after.sendingBytes - before.sendingBytes,
      committedBytes: after.committedBytes - before.committedBytes,
      resumedBytes: after.resumedBytes - before.resumedBytes,
      isDone,
    });
  }
}
