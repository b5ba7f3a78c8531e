import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { mkdirSync, openSync } from "node:fs";
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FabricError } from "../wire/fabric-error.js";
import { readInBatches } from "../wire/request-body.js";
import { batchBytes, copyChunks, openForReading, save, tryToLink } from "./file-bytes.js";
import { type ChunkPlace, type Part, SessionFiles, type StagedChunk } from "./session-files.js";

/** Marks a folder as created by the emulator, so that the next start can safely delete it after a crash. */
const runPrefix = "sf-image-store-run-";
const runName = /^sf-image-store-run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The staging area until the next failover or until the emulator closes. */
interface Run {
  readonly folder: string;
  readonly ending: AbortController;
  readonly sessionFiles: SessionFiles;
}

/**
 * The folder for bytes that are not committed yet: `<location>/staging/<random>`. All names are random, so that no name
 * contains text from a caller.
 */
export class Staging {
  readonly #parent: string;
  #run: Run;
  /** The number of transfers in progress. */
  #receiving = 0;

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
    const file = this.newName();
    try {
      await this.#save(source, () => openSync(file, "wx"));
      return file;
    } catch (error) {
      await this.discard({ file });
      throw error;
    }
  }

  /**
   * The same for a chunk, which goes to its place in the file of its session if possible.
   * @param place Undefined if the chunk needs a file of its own.
   */
  async receiveChunk(source: AsyncIterable<Uint8Array>, place: ChunkPlace | undefined): Promise<StagedChunk> {
    const claim = place && this.#run.sessionFiles.claim(place, this.newName());
    if (claim === undefined) return { file: await this.receive(source) };
    const { part, descriptor } = claim;
    const chunk = { file: part.file, part };
    try {
      await this.#save(source, () => descriptor, part);
      return chunk;
    } catch (error) {
      await this.discard(chunk);
      throw error;
    }
  }

  async #save(source: AsyncIterable<Uint8Array>, openTarget: () => number, part?: Part): Promise<void> {
    const { signal } = this.#run.ending;
    const batches = readInBatches(source, () => batchBytes(this.#receiving), signal);
    this.#receiving += 1;
    try {
      await save(batches, openTarget(), part);
    } catch (error) {
      throw signal.aborted ? interrupted(error) : error;
    } finally {
      this.#receiving -= 1;
      batches.end();
    }
  }

  /**
   * Makes a new file of the chunks of a complete session and returns its path. Links it if all of them are parts of one file,
   * which is never written again, because each of its bytes belongs to a chunk. Otherwise, or if the file system has no hard
   * links, copies the real bytes of each chunk.
   */
  async join(chunks: readonly StagedChunk[]): Promise<string> {
    const [first] = chunks;
    const joined = this.newName();
    const isOneFile = chunks.every(({ file, part }) => part !== undefined && file === first?.file);
    if (first !== undefined && isOneFile && tryToLink(first.file, joined)) return joined;
    const { signal } = this.#run.ending;
    try {
      await copyChunks(chunks, joined, signal);
      return joined;
    } catch (error) {
      await this.discard({ file: joined });
      throw signal.aborted ? interrupted(error) : error;
    }
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
      await this.discard({ file });
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

  /** Deletes a staged file, or the part of a chunk, and the session's file with its last part. */
  async discard({ file, part }: StagedChunk): Promise<void> {
    // After a failover, the files of earlier runs are gone.
    if (part === undefined || this.#run.sessionFiles.release(part)) await rm(file, { force: true });
  }

  /** The total size and the number of the staged files. Counts each chunk as a file, as a cluster would store it. */
  async usage(): Promise<{ bytes: bigint; files: number }> {
    let bytes = 0n;
    let files = 0;
    const { folder, sessionFiles } = this.#run;
    for (const name of await readdir(folder)) {
      const parts = sessionFiles.partsOf(join(folder, name));
      files += parts?.length ?? 1;
      for (const { written } of parts ?? []) bytes += BigInt(written);
      if (parts !== undefined) continue;
      // A file can be deleted meanwhile.
      const found = await stat(join(folder, name), { bigint: true }).catch(() => undefined);
      bytes += found?.size ?? 0n;
    }
    return { bytes, files };
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

function startRun(parent: string): Run {
  const folder = join(parent, runPrefix + randomUUID());
  mkdirSync(folder, { recursive: true });
  const ending = new AbortController();
  // There is one listener per transfer, so many listeners are not a leak.
  setMaxListeners(0, ending.signal);
  return { folder, ending, sessionFiles: new SessionFiles() };
}

/** The error that clients get most often during a failover (protocol §4.2). */
function interrupted(cause: unknown): FabricError {
  return new FabricError("E_ABORT", undefined, { cause });
}
