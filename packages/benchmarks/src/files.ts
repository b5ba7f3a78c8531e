import { randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figures } from "./resources.js";

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** Formats a size for the table, such as `8 MiB`. */
export function sizeText(bytes: number): string {
  const [unit, name] = bytes >= GiB ? [GiB, "GiB"] : bytes >= MiB ? [MiB, "MiB"] : [KiB, "KiB"];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
}

/** The settings for uploads of a single file. */
export const transfer = { chunkSize: 8 * MiB, concurrency: 4 } as const;

/** The sizes of a measured upload of one file. */
export function sizesOf(fileBytes: number): Figures {
  return { fileBytes, chunkBytes: transfer.chunkSize, concurrency: transfer.concurrency };
}

/** A temporary folder for the files to upload. Removed with its content when disposed. */
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

  /** A file of random bytes, which is still in the page cache. Made once per size. */
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

  /** A sparse file of zeros: reading it is as fast as reading cached pages. */
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

  /** A directory with small files of different content in several folders. */
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
