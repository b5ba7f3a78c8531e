import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Large enough that copying 2 GB does not spend its time between reads. */
const copyBufferBytes = 1024 * 1024;

/**
 * The folder for bytes that are not a file of the store yet: `<location>/staging/<random>`. It has a new name each time,
 * and every name in it is random, so nothing a caller sends becomes part of one.
 */
export class Staging {
  readonly #parent: string;
  readonly #folder: string;
  readonly #closing = new AbortController();

  private constructor(parent: string) {
    this.#parent = parent;
    this.#folder = join(parent, randomUUID());
    // One listener per transfer under way: many are no leak.
    setMaxListeners(0, this.#closing.signal);
  }

  static async open(location: string): Promise<Staging> {
    const staging = new Staging(join(location, "staging"));
    await mkdir(staging.#folder, { recursive: true });
    return staging;
  }

  /** Streams bytes to a new file and returns its path. Leaves nothing behind when the source or the disk fails. */
  async receive(source: AsyncIterable<Uint8Array>): Promise<string> {
    const file = join(this.#folder, randomUUID());
    try {
      await pipeline(source, createWriteStream(file, { flags: "wx" }), { signal: this.#closing.signal });
      return file;
    } catch (error) {
      await this.discard(file);
      throw error;
    }
  }

  /** Streams files, one behind the other, to a new file and returns its path. */
  async concatenate(files: readonly string[]): Promise<string> {
    return this.receive(readAll(files));
  }

  async discard(file: string): Promise<void> {
    await rm(file, { force: true });
  }

  /** Stops every transfer under way. */
  abort(): void {
    this.#closing.abort();
  }

  /** Removes the folder; call it when nothing works in it any more. */
  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    // The parent may hold something that is not ours: then it stays.
    await rmdir(this.#parent).catch(() => undefined);
  }
}

async function* readAll(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    const pieces: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: copyBufferBytes });
    yield* pieces;
  }
}
