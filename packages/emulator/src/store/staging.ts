import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { constants, createReadStream, createWriteStream, mkdirSync, openSync } from "node:fs";
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { FabricError } from "../wire/fabric-error.js";

/** Large enough that copying 2 GB does not spend its time between reads. */
const copyBufferBytes = 1024 * 1024;

/** What marks a folder as ours, so that one left behind by a killed run can be removed without a doubt. */
const runPrefix = "sf-image-store-run-";
const runName = /^sf-image-store-run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One life of the staging area, which ends with a fail-over or with the emulator. */
interface Run {
  readonly folder: string;
  readonly ending: AbortController;
}

/**
 * The folder for bytes that are not a file of the store yet: `<location>/staging/<random>`. It has a new name each time,
 * and every name in it is random, so nothing a caller sends becomes part of one.
 */
export class Staging {
  readonly #parent: string;
  #run: Run;

  private constructor(parent: string) {
    this.#parent = parent;
    this.#run = startRun(parent);
  }

  /** Opens a staging area, and removes what killed runs left in this one. Nobody else may be using the location. */
  static async open(location: string): Promise<Staging> {
    const parent = join(location, "staging");
    await mkdir(parent, { recursive: true });
    for (const name of await readdir(parent)) {
      if (runName.test(name)) await rm(join(parent, name), { recursive: true, force: true });
    }
    return new Staging(parent);
  }

  /** Streams bytes to a new file and returns its path. Leaves nothing behind when the source or the disk fails. */
  async receive(source: AsyncIterable<Uint8Array>): Promise<string> {
    const { ending } = this.#run;
    const file = this.newName();
    try {
      await pipeline(untilAborted(source, ending.signal), createWriteStream(file, { flags: "wx" }));
      return file;
    } catch (error) {
      await this.discard(file);
      throw ending.signal.aborted ? interrupted(error) : error;
    }
  }

  /** Streams files, one behind the other, to a new file and returns its path. */
  async concatenate(files: readonly string[]): Promise<string> {
    return this.receive(readAll(files));
  }

  /** Copies a file, but never what a symbolic link leads to, to a new one and returns its path. */
  async duplicate(source: string): Promise<string> {
    // In the same turn as the caller's look at the path. A pipe put there must not make us wait for its writer.
    const fd = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const bytes = createReadStream("", { fd, highWaterMark: copyBufferBytes });
    try {
      return await this.receive(bytes);
    } finally {
      bytes.destroy();
    }
  }

  /**
   * Lets `work` move a staged file to its place. When that fails, the file is removed.
   * @throws what `work` threw; FabricError `E_ABORT` when a fail-over took the file.
   */
  async handOver(file: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.discard(file);
      throw this.holds(file) ? error : interrupted(error);
    }
  }

  /** A path in here that nothing has. */
  newName(): string {
    return join(this.#run.folder, randomUUID());
  }

  /** Whether a file belongs to the present run. One from before a fail-over is lost. */
  holds(file: string): boolean {
    return dirname(file) === this.#run.folder;
  }

  async discard(file: string): Promise<void> {
    await rm(file, { force: true });
  }

  /** How much is in here now. */
  async usage(): Promise<{ bytes: bigint; files: number }> {
    let bytes = 0n;
    const names = await readdir(this.#run.folder);
    for (const name of names) {
      // A file may go while we look.
      const found = await stat(join(this.#run.folder, name), { bigint: true }).catch(() => undefined);
      bytes += found?.size ?? 0n;
    }
    return { bytes, files: names.length };
  }

  /** Loses everything in here, as a new primary does: transfers under way fail, and the folder has a new name. */
  async failOver(): Promise<void> {
    const old = this.#run;
    // In one go, so that no transfer meets half of it.
    this.#run = startRun(this.#parent);
    old.ending.abort();
    await rm(old.folder, { recursive: true, force: true });
  }

  /** Stops every transfer under way. */
  abort(): void {
    this.#run.ending.abort();
  }

  /** Removes the folder; call it when nothing works in it any more. */
  async remove(): Promise<void> {
    await rm(this.#run.folder, { recursive: true, force: true });
    // The parent may hold something that is not ours: then it stays.
    await rmdir(this.#parent).catch(() => undefined);
  }
}

function startRun(parent: string): Run {
  const folder = join(parent, runPrefix + randomUUID());
  mkdirSync(folder, { recursive: true });
  const ending = new AbortController();
  // One listener per transfer under way: many are no leak.
  setMaxListeners(0, ending.signal);
  return { folder, ending };
}

/** What most of a fail-over looks like to a client (protocol §4.2). */
function interrupted(cause: unknown): FabricError {
  return new FabricError("E_ABORT", undefined, { cause });
}

/** The pieces of a source until the signal says stop, which must not wait for a piece that may never come. */
async function* untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let stop: (reason: unknown) => void = () => {};
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    while (true) {
      signal.throwIfAborted();
      const piece = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        stop = reject;
        iterator.next().then(resolve, reject);
      });
      if (piece.done === true) return;
      yield piece.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Tells the source that nobody reads on; its answer is of no interest, and may never come.
    void iterator.return?.().catch(() => undefined);
  }
}

async function* readAll(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    const pieces: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: copyBufferBytes });
    yield* pieces;
  }
}
