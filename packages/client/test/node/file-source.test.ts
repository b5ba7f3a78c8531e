import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, open, readFile, rename, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { InvalidInputError, SourceError } from "../../src/index.js";
import { createHasher, type FileSource, openFile, readSmallFile } from "../../src/node/file-source.js";
import { directoryOf } from "../package/directory.js";
import { bytesOf } from "../package/store.js";
import { rejection } from "../server.js";
import { busyThreads } from "./busy-threads.js";

const { signal: abortSignal } = new AbortController();
const range = { startPosition: 100, endPosition: 299 };

async function withFile(use: (file: FileSource, path: string) => Promise<void>, size = 1000) {
  await using directory = await directoryOf({});
  const path = await directory.write("file.bin", bytesOf(size));
  const file = await openFile(path);
  try {
    await use(file, path);
  } finally {
    await file.close();
  }
}

describe("A file as a source", () => {
  it("returns any range, repeatedly", async () => {
    await withFile(async (file) => {
      expect(file.size).toBe(1000);
      for (let times = 0; times < 2; times++) {
        expect(await file.read(range, { abortSignal })).toEqual(bytesOf(1000).subarray(100, 300));
      }
    });
  });

  it("reads into the given buffer without a copy", async () => {
    await withFile(async (file) => {
      const buffer = new Uint8Array(512);
      const bytes = await file.read(range, { buffer, abortSignal });
      expect(bytes).toEqual(bytesOf(1000).subarray(100, 300));
      expect(bytes).toHaveProperty("buffer", buffer.buffer);
    });
  });

  it("reads beyond 4 GiB", async () => {
    await withFile(async (_, path) => {
      const size = 5 * 1024 ** 3;
      await truncate(path, size);
      const handle = await open(path, "r+");
      await handle.write(Uint8Array.of(1, 2, 3), 0, 3, size - 3);
      await handle.close();
      const file = await openFile(path);
      expect(file.size).toBe(size);
      const last = { startPosition: size - 4, endPosition: size - 1 };
      expect(await file.read(last, { abortSignal })).toEqual(Uint8Array.of(0, 1, 2, 3));
      await file.close();
    });
  });

  it("has an identity from name, size and time", async () => {
    await withFile(async (file, path) => {
      await utimes(path, 1, 2);
      const touched = await openFile(path);
      expect(touched.identity).toBe("file.bin 1000 2000000000");
      expect(file.identity).not.toBe(touched.identity);
      await touched.close();
    });
  });

  const changes: Readonly<Record<string, (path: string) => Promise<void>>> = {
    "longer, by a byte": (path) => appendFile(path, "x"),
    "shorter, but longer than the range": (path) => truncate(path, 500),
    "shorter than the range": (path) => truncate(path, 150),
    "overwritten with as many bytes": async (path) => writeFile(path, bytesOf(1000, 1)),
    "overwritten, and its time put back": async (path) => {
      const time = new Date();
      await utimes(path, time, time);
      await writeFile(path, bytesOf(1000, 1));
      await utimes(path, time, time);
    },
    "replaced by another": async (path) => {
      await writeFile(`${path}.new`, await readFile(path));
      await rename(`${path}.new`, path);
    },
  };

  it.each(Object.entries(changes))("returns no bytes after the file is %s", async (_, change) => {
    await withFile(async (file, path) => {
      // File systems have timestamps in milliseconds, so the change needs a later one.
      await new Promise((tick) => setTimeout(tick, 20));
      await change(path);
      expect(await rejection(file.read(range, { abortSignal }))).toBeInstanceOf(SourceError);
      expect(await rejection(file.assertUnchanged())).toBeInstanceOf(SourceError);
    });
  });

  it.each(Object.entries(changes))("detects that a file in memory was %s", async (_, change) => {
    await using directory = await directoryOf({});
    const path = await directory.write("file.bin", bytesOf(1000));
    const { source } = await readSmallFile(path, 1000);
    await source?.assertUnchanged();
    await new Promise((tick) => setTimeout(tick, 20));
    await change(path);
    expect(await source?.read(range, { abortSignal })).toEqual(bytesOf(1000).subarray(100, 300));
    expect(source && (await rejection(source.assertUnchanged()))).toBeInstanceOf(SourceError);
  });

  it("returns no bytes after it was closed, because the system may reuse the descriptor", async () => {
    await withFile(async (file) => {
      await file.close();
      expect(await rejection(file.read(range, { abortSignal }))).toBeInstanceOf(SourceError);
      expect(await rejection(file.assertUnchanged())).toBeInstanceOf(SourceError);
    });
  });

  it("stops reading after an abort", async () => {
    await withFile(async (file) => {
      const reason = new Error("enough");
      const error = await rejection(file.read(range, { abortSignal: AbortSignal.abort(reason) }));
      expect(error).toBe(reason);
    });
  });
});

describe("The hasher of a file", () => {
  const large = new Uint8Array(1024 * 1024);

  it("hashes one of four large blocks if other threads hash at the same time", () => {
    const hasher = createHasher(4);
    const [first, second, third, fourth] = [hasher(large), hasher(large), hasher(large), hasher(large)];
    expect([first, second, third]).toEqual([undefined, undefined, undefined]);
    expect(fourth).toEqual(createHash("sha256").update(large).digest());
  });

  it("hashes small blocks, because another thread would take longer to start", () => {
    const hasher = createHasher(4);
    expect([1, 2, 3].map(() => hasher(new Uint8Array(9)) === undefined)).toEqual([false, false, false]);
  });
});

describe("A file that is closed while it is read", () => {
  it("does not wait for a disk that does not respond", async () => {
    await using directory = await directoryOf({});
    const file = await openFile(await directory.write("file.bin", bytesOf(1000)));
    const work = busyThreads();
    const reading = rejection(file.read(range, { abortSignal })).catch(() => {});
    await file.close();
    expect(work.isOneFree()).toBe(false);
    await Promise.all([work.done, reading]);
  });
});

describe("A path that is not a file", () => {
  it("is rejected: a directory", async () => {
    await using directory = await directoryOf({});
    const error = await rejection(openFile(directory.path));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(String(error)).toContain("uploadPackage");
  });

  it("is rejected with the cause: a missing file", async () => {
    await using directory = await directoryOf({});
    const error = await rejection(openFile(join(directory.path, "none")));
    expect(error).toMatchObject({ name: "InvalidInputError", cause: { code: "ENOENT" } });
  });

  it.skipIf(process.platform === "win32")("is rejected: a device", async () => {
    expect(await rejection(openFile("/dev/null"))).toBeInstanceOf(InvalidInputError);
  });

  it.skipIf(process.platform === "win32")("is rejected: a pipe, without waiting for a writer", async () => {
    await using directory = await directoryOf({});
    const pipe = join(directory.path, "pipe");
    await promisify(execFile)("mkfifo", [pipe]);
    expect(await rejection(openFile(pipe))).toBeInstanceOf(InvalidInputError);
  });
});
