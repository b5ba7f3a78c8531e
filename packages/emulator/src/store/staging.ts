import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import {
  closeSync,
  constants,
  createReadStream,
  mkdirSync,
  openSync,
  type ReadStream,
  writeSync,
  writev,
} from "node:fs";
import { mkdir, open, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { FabricError } from "../wire/fabric-error.js";

/**
 * How much to write at once. The pieces of a body have 64 KiB, and each asynchronous operation takes longer than copying that.
 * A thousand uploads at once need two batches each.
 */
const batchBytes = 256 * 1024;
const copyBytes = 1024 * 1024;

/** Marks a folder as created by the emulator, so that the next start can safely delete it after a crash. */
const runPrefix = "sf-image-store-run-";
const runName = /^sf-image-store-run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The staging area until the next failover or until the emulator closes. */
interface Run {
  readonly folder: string;
  readonly ending: AbortController;
}

/**
 * The folder for bytes that are not committed yet: `<location>/staging/<random>`. All names are random, so that no name
 * contains text from a caller.
 */
export class Staging {
  readonly #parent: string;
  #run: Run;

  private constructor(parent: string) {
    this.#parent = parent;
    this.#run = startRun(parent);
  }

  /** Opens a staging area, and deletes those of earlier runs. The location must be locked. */
  static async open(location: string): Promise<Staging> {
    const parent = join(location, "staging");
    await mkdir(parent, { recursive: true });
    for (const name of await readdir(parent)) {
      if (runName.test(name)) await rm(join(parent, name), { recursive: true, force: true });
    }
    return new Staging(parent);
  }

  /** Streams bytes to a new file and returns its path. Deletes the file if the source or the disk fails. */
  async receive(source: AsyncIterable<Uint8Array>): Promise<string> {
    const { ending } = this.#run;
    const file = this.newName();
    const pieces = new AbortablePieces(source, ending.signal);
    try {
      await save(pieces, file);
      return file;
    } catch (error) {
      await this.discard(file);
      throw ending.signal.aborted ? interrupted(error) : error;
    } finally {
      pieces.end();
    }
  }

  /** Concatenates files into a new file and returns its path. */
  concatenate(files: readonly string[]): Promise<string> {
    return this.receive(readAll(files));
  }

  /** Copies a file to a new file and returns its path. Does not follow symbolic links. */
  async duplicate(source: string): Promise<string> {
    const bytes = openForReading(source);
    try {
      return await this.receive(bytes);
    } finally {
      bytes.destroy();
    }
  }

  /**
   * Runs `work`, which moves a staged file to its final path. If it fails, the staged file is deleted.
   * @throws The error of `work`; FabricError `E_ABORT` if the store failed over.
   */
  async handOver(file: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.discard(file);
      throw this.holds(file) ? error : interrupted(error);
    }
  }

  /** A new unique path in the staging area. */
  newName(): string {
    return join(this.#run.folder, randomUUID());
  }

  /** Whether a file belongs to the current run. A failover drops all earlier files. */
  holds(file: string): boolean {
    return dirname(file) === this.#run.folder;
  }

  async discard(file: string): Promise<void> {
    await rm(file, { force: true });
  }

  /** The total size and the number of the staged files. */
  async usage(): Promise<{ bytes: bigint; files: number }> {
    let bytes = 0n;
    const names = await readdir(this.#run.folder);
    for (const name of names) {
      // A file can be deleted meanwhile.
      const found = await stat(join(this.#run.folder, name), { bigint: true }).catch(() => undefined);
      bytes += found?.size ?? 0n;
    }
    return { bytes, files: names.length };
  }

  /** Drops all staged files, as a new primary does. Transfers in progress fail, and the folder gets a new name. */
  async failOver(): Promise<void> {
    const old = this.#run;
    // Do this synchronously, so that no transfer sees a partial state.
    this.#run = startRun(this.#parent);
    old.ending.abort();
    await rm(old.folder, { recursive: true, force: true });
  }

  /** Aborts all transfers in progress. */
  abort(): void {
    this.#run.ending.abort();
  }

  /** Deletes the folder. Call this after all transfers have ended. */
  async remove(): Promise<void> {
    await rm(this.#run.folder, { recursive: true, force: true });
    // Keep the parent folder if it contains other files.
    await rmdir(this.#parent).catch(() => undefined);
  }
}

/** Opens a file synchronously, right after the caller has checked its path. Does not follow symbolic links. */
export function openForReading(file: string): ReadStream {
  // Do not block if the file was replaced with a pipe.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  return createReadStream("", { fd, highWaterMark: copyBytes });
}

function startRun(parent: string): Run {
  const folder = join(parent, runPrefix + randomUUID());
  mkdirSync(folder, { recursive: true });
  const ending = new AbortController();
  // There is one listener per transfer, so many listeners are not a leak.
  setMaxListeners(0, ending.signal);
  return { folder, ending };
}

/** The error that clients get most often during a failover (protocol §4.2). */
function interrupted(cause: unknown): FabricError {
  return new FabricError("E_ABORT", undefined, { cause });
}

/**
 * The pieces of a source until the signal is aborted. Does not wait for a piece that may never arrive. Not a generator, because
 * a generator would add several steps for each piece.
 */
class AbortablePieces implements AsyncIterable<Uint8Array> {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  #stop: (reason: unknown) => void = () => {};

  constructor(source: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#signal = signal;
    signal.addEventListener("abort", this);
  }

  handleEvent(): void {
    this.#stop(this.#signal.reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() };
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#stop = reject;
      if (this.#signal.aborted) reject(this.#signal.reason);
      else this.#iterator.next().then(resolve, reject);
    });
  }

  /** Closes the source without waiting, because it may never respond. */
  end(): void {
    this.#signal.removeEventListener("abort", this);
    void this.#iterator.return?.().catch(() => undefined);
  }
}

/** The content of files, in pieces of `copyBytes` and a rest. A piece is valid until the next but one is requested. */
async function* readAll(files: readonly string[]): AsyncGenerator<Uint8Array> {
  // While one is written, the other is filled.
  let [buffer, other] = [Buffer.allocUnsafe(copyBytes), Buffer.allocUnsafe(copyBytes)];
  let filled = 0;
  for (const file of files) {
    await using source = await open(file);
    while (true) {
      const { bytesRead } = await source.read(buffer, filled, copyBytes - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
      if (filled < copyBytes) continue;
      yield buffer;
      [buffer, other] = [other, buffer];
      filled = 0;
    }
  }
  yield buffer.subarray(0, filled);
}

/** Writes the pieces to a new file. While one batch of them is written, the next one arrives. */
async function save(source: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const target = openSync(file, "wx");
  let batch: Uint8Array[] = [];
  let length = 0;
  let writing: Promise<void> | undefined;
  try {
    for await (const piece of source) {
      batch.push(piece);
      length += piece.length;
      if (length < batchBytes) continue;
      await writing;
      writing = write(target, batch, length);
      // The next `await` reports it. Meanwhile, it is not unhandled.
      writing.catch(() => undefined);
      batch = [];
      length = 0;
    }
    await writing;
    // For a small file, writing takes less time than waiting for it would.
    writeAll(target, Buffer.concat(batch));
  } finally {
    await writing?.catch(() => undefined);
    closeSync(target);
  }
}

const writeBatch = promisify(writev);

async function write(target: number, batch: readonly Uint8Array[], length: number): Promise<void> {
  const { bytesWritten } = await writeBatch(target, batch);
  // On a full disk, this reports the error.
  if (bytesWritten < length) writeAll(target, Buffer.concat(batch).subarray(bytesWritten));
}

function writeAll(target: number, content: Uint8Array): void {
  for (let written = 0; written < content.length; ) {
    written += writeSync(target, content, written);
  }
}
