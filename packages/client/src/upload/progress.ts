/**
 * The current phase of a file: waiting for its turn, being hashed for the fingerprint, being copied inside the store, being
 * sent, being committed, or in the store.
 */
export type FilePhase = "waiting" | "hashing" | "copying" | "sending" | "committing" | "done";

/** The progress of one file. See UploadProgress for the meaning of the numbers. */
export interface FileProgress {
  readonly storePath: string;
  readonly phase: FilePhase;
  /** The ID of the upload session. Undefined until it is known, and if the file is sent in one request. */
  readonly sessionId: string | undefined;
  readonly totalBytes: number;
  /** The bytes hashed for the fingerprint in the phase `hashing`, which comes before sending. */
  readonly hashedBytes: number;
  readonly sentBytes: number;
  readonly sendingBytes: number;
  readonly committedBytes: number;
  readonly resumedBytes: number;
  readonly copiedBytes: number;
}

/** The progress of an upload. Only `sendingBytes` ever decreases. */
export interface UploadProgress {
  /** The size of all files in bytes. */
  readonly totalBytes: number;
  /** The bytes sent in this run, including bytes that were sent again. */
  readonly sentBytes: number;
  /**
   * The bytes of current requests that the operating system has accepted but the server has not confirmed. Decreases when a
   * request ends. Only for requests of 64 KiB or more, and only if `fetch` is from `createNodeFetch`; otherwise 0.
   */
  readonly sendingBytes: number;
  /** The bytes that the server has confirmed. Does not increase while lost bytes are sent again. */
  readonly committedBytes: number;
  /** The bytes that the server already had, from an earlier run or another machine, and that were not sent. */
  readonly resumedBytes: number;
  /** The bytes that the server copied from another package, because of the option `base`. */
  readonly copiedBytes: number;
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
  readonly #total = {
    totalBytes: 0,
    sentBytes: 0,
    sendingBytes: 0,
    committedBytes: 0,
    resumedBytes: 0,
    copiedBytes: 0,
  };
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
    const onStep = this.#onProgress === undefined ? undefined : (file: FileProgress) => this.#report(file);
    return new FileTracker(storePath, totalBytes, this.#total, this.#files, onStep);
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

/** The bytes of a file, or of all files. */
interface ByteCounts {
  sentBytes: number;
  sendingBytes: number;
  committedBytes: number;
  resumedBytes: number;
  copiedBytes: number;
}

/** Requests with fewer bytes do not count in `sendingBytes`, because they end soon. */
const minWatchedBytes = 64 * 1024;

/** Counts the bytes of one file. Creates an object only when something reads the state. */
export class FileTracker implements ByteCounts {
  readonly storePath: string;
  readonly totalBytes: number;
  phase: FilePhase = "waiting";
  sessionId: string | undefined = undefined;
  hashedBytes = 0;
  sentBytes = 0;
  sendingBytes = 0;
  committedBytes = 0;
  resumedBytes = 0;
  copiedBytes = 0;
  readonly #all: ByteCounts;
  readonly #files: { committed: number };
  readonly #onStep: ((file: FileProgress) => void) | undefined;
  /** A file that is delivered a second time counts once. */
  #wasDone = false;

  /** @param onStep Called after every step, if given. */
  constructor(
    storePath: string,
    totalBytes: number,
    all: ByteCounts,
    files: { committed: number },
    onStep: ((file: FileProgress) => void) | undefined,
  ) {
    this.storePath = storePath;
    this.totalBytes = totalBytes;
    this.#all = all;
    this.#files = files;
    this.#onStep = onStep;
  }

  get state(): FileProgress {
    const { storePath, phase, sessionId, totalBytes, hashedBytes } = this;
    const { sentBytes, sendingBytes, committedBytes, resumedBytes, copiedBytes } = this;
    const counts = { sentBytes, sendingBytes, committedBytes, resumedBytes, copiedBytes };
    return { storePath, phase, sessionId, totalBytes, hashedBytes, ...counts };
  }

  enter(phase: FilePhase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.#tell();
  }

  /** Records that more bytes were hashed. */
  hashed(bytes: number): void {
    this.hashedBytes += bytes;
    this.#tell();
  }

  /** Records that more bytes are being sent. */
  sent(bytes: number): void {
    this.#add("sentBytes", bytes);
    this.#tell();
  }

  /** Makes a request with `size` bytes of content and counts those in `sendingBytes` that are sent, until it ends. */
  async sending(size: number, request: (onSent?: (bytes: number) => void) => Promise<void>): Promise<void> {
    if (this.#onStep === undefined || size < minWatchedBytes) return request();
    let bytes = 0;
    let isOver = false;
    try {
      await request((more) => {
        // An abandoned request may continue for a moment.
        if (isOver) return;
        bytes += more;
        this.#add("sendingBytes", more);
        this.#tell();
      });
    } finally {
      isOver = true;
      this.#add("sendingBytes", -bytes);
      if (bytes > 0) this.#tell();
    }
  }

  /** Records how many bytes the server has. */
  received(bytes: number): void {
    if (bytes <= this.committedBytes) return;
    this.#add("committedBytes", bytes - this.committedBytes);
    this.#tell();
  }

  /** Records how many bytes the server had before anything was sent. No effect when a file is delivered again. */
  resumed(bytes: number): void {
    if (bytes <= this.committedBytes) return;
    this.#add("resumedBytes", bytes - this.resumedBytes);
    this.received(bytes);
  }

  /** Records that the server copied the file. Counts once, although a copy may be repeated. */
  copied(): void {
    this.#add("copiedBytes", this.totalBytes - this.copiedBytes);
    this.done();
  }

  /** Records that the file is in the store. */
  done(): void {
    this.#add("committedBytes", this.totalBytes - this.committedBytes);
    this.phase = "done";
    if (!this.#wasDone) this.#files.committed += 1;
    this.#wasDone = true;
    this.#tell();
  }

  #add(count: keyof ByteCounts, bytes: number): void {
    this[count] += bytes;
    this.#all[count] += bytes;
  }

  #tell(): void {
    this.#onStep?.(this.state);
  }
}
