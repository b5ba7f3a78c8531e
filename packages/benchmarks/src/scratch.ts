import { randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MiB } from "./size.js";

/** A temporary folder for the files that are uploaded. Removed with all that is in it when disposed of. */
export class Scratch implements AsyncDisposable {
  readonly #folder: string;
  readonly #files = new Map<string, Promise<string>>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Scratch> {
    return new Scratch(await mkdtemp(join(tmpdir(), "sf-bench-")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#files.values());
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A file of random bytes, which the system still has in memory after writing it. Made once per size. */
  file(size: number): Promise<string> {
    return this.#once(`random-${size}`, async (path) => {
      await using file = await open(path, "w");
      const block = new Uint8Array(Math.min(size, 4 * MiB));
      for (let position = 0; position < size; position += block.length) {
        randomFillSync(block);
        await file.write(block, 0, Math.min(block.length, size - position), position);
      }
    });
  }

  /** A file of zeros that takes no room on the disk: reading it costs what reading cached pages costs. */
  sparseFile(size: number): Promise<string> {
    return this.#once(`sparse-${size}`, async (path) => {
      await using file = await open(path, "w");
      await file.truncate(size);
    });
  }

  /** An empty folder. */
  folder(name: string): Promise<string> {
    return this.#once(name, async (path) => void (await mkdir(path)));
  }

  /** A directory of small files, no two alike, in so many folders. */
  directory(folders: number, filesPerFolder: number, size: number): Promise<string> {
    return this.#once(`directory-${folders}-${filesPerFolder}-${size}`, async (path) => {
      for (let folder = 0; folder < folders; folder += 1) {
        const inside = join(path, `Folder${folder}`);
        await mkdir(inside, { recursive: true });
        for (let file = 0; file < filesPerFolder; file += 1) {
          await writeFile(join(inside, `File${file}.bin`), randomFillSync(new Uint8Array(size)));
        }
      }
    });
  }

  #once(name: string, make: (path: string) => Promise<void>): Promise<string> {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const path = join(this.#folder, name);
    const made = make(path).then(() => path);
    this.#files.set(name, made);
    return made;
  }
}
