import { openAsBlob, writeFileSync } from "node:fs";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ByteRange, type ByteSource, createImageStoreClient } from "../../src/index.js";
import { BlockMemory, BufferPool, contentDigest } from "../../src/upload/fingerprint.js";
import { directoryOf } from "../package/directory.js";
import { rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "./store.js";

const content = someContent();

/** A source whose reads can be intercepted. */
function source(read: (bytes: Uint8Array, range: ByteRange) => Uint8Array = (bytes) => bytes): ByteSource {
  return {
    size: content.length,
    read: async (range) => read(content.slice(range.startPosition, range.endPosition + 1), range),
  };
}

describe("a source", () => {
  it.each([
    ["a Uint8Array", content],
    ["a Buffer that shares its memory with others", Buffer.from(content)],
    ["bytes that threads share", new Uint8Array(shared(content))],
    ["a Blob", new Blob([content])],
    ["a File", new File([content], "Code.bin")],
    ["anything that can read ranges", source()],
  ])("may be %s", async (_, source) => {
    await using store = await startStore();
    await store.client.uploadFile(storePath, source, inTenChunks);
    expect(await store.holds(content)).toBe(true);
  });

  it("is read when chunks are sent and not kept in memory", async () => {
    await using store = await startStore();
    let reading = 0;
    let most = 0;
    const counting: ByteSource = {
      size: content.length,
      async read(range) {
        most = Math.max(most, ++reading);
        await new Promise((read) => setImmediate(read));
        reading -= 1;
        return content.subarray(range.startPosition, range.endPosition + 1);
      },
    };
    await store.client.uploadFile(storePath, counting, { ...inTenChunks, concurrency: 3 });
    expect(most).toBeLessThanOrEqual(3);
  });

  function shared(bytes: Uint8Array): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  }
});

describe("a source that reads into the buffers of the upload", () => {
  const MiB = 1024 * 1024;

  /** Records how much was read, and into which buffers. */
  function recording(bytes: Uint8Array) {
    const buffers = new Set<ArrayBuffer>();
    const reads = { bytes: 0, buffers };
    const recorded: ByteSource = {
      size: bytes.length,
      async read({ startPosition, endPosition }, { buffer }) {
        if (buffer === undefined) throw new Error("no buffer");
        buffer.set(bytes.subarray(startPosition, endPosition + 1));
        reads.bytes += endPosition - startPosition + 1;
        buffers.add(buffer.buffer);
        return buffer.subarray(0, endPosition - startPosition + 1);
      },
      assertUnchanged: async () => {},
    };
    return { recorded, reads };
  }

  it("is read once for hashing and sending if the buffers have room for all of it", async () => {
    await using store = await startStore();
    const bytes = someContent(14.5 * MiB);
    const { recorded, reads } = recording(bytes);
    await store.client.uploadFile(storePath, recorded);
    expect(reads.bytes).toBe(bytes.length);
    expect(await store.holds(bytes)).toBe(true);
  });

  it("is read again where it does not fit, into no more buffers than before", async () => {
    await using store = await startStore();
    const bytes = someContent(50 * MiB);
    const { recorded, reads } = recording(bytes);
    await store.client.uploadFile(storePath, recorded);
    expect(reads.bytes).toBeGreaterThan(1.5 * bytes.length);
    expect(reads.bytes).toBeLessThan(2 * bytes.length);
    expect(reads.buffers.size).toBeLessThanOrEqual(8);
    expect(await store.holds(bytes)).toBe(true);
  });

  it("may return memory that it uses again itself", async () => {
    await using store = await startStore();
    const bytes = someContent(26.5 * MiB);
    const own = new Uint8Array(4 * MiB);
    const changing: ByteSource = {
      size: bytes.length,
      async read({ startPosition, endPosition }) {
        const target = own.subarray(0, endPosition - startPosition + 1);
        target.set(bytes.subarray(startPosition, endPosition + 1));
        return target.slice();
      },
      assertUnchanged: async () => {},
    };
    await store.client.uploadFile(storePath, changing);
    expect(await store.holds(bytes)).toBe(true);
  });

  it("may return any part of a buffer", async () => {
    const pool = new BufferPool(8);
    pool.release(new Uint8Array(4 * MiB));
    const atEnd: ByteSource = {
      size: 1000,
      read: async (_, { buffer }) => buffer?.fill(1, -1000).subarray(-1000) ?? new Uint8Array(1000),
    };
    await contentDigest(atEnd, new BlockMemory(pool), new AbortController().signal, () => {});
    expect(pool.takeContent(atEnd, { startPosition: 0, endPosition: 999 }) === undefined).toBe(true);
  });

  it("is sent correctly in larger chunks than it was hashed in", async () => {
    await using store = await startStore();
    const bytes = someContent(20.5 * MiB);
    await store.client.uploadFile(storePath, recording(bytes).recorded, { chunkSize: 6 * MiB });
    expect(await store.holds(bytes)).toBe(true);
  });

  it("is sent correctly in smaller chunks than it was hashed in", async () => {
    await using store = await startStore();
    const bytes = someContent(14.5 * MiB);
    let rejected = 0;
    const behindProxy = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (url, init) => {
        if (!(init?.body instanceof Uint8Array) || init.body.length <= 3 * MiB) return fetch(url, init);
        rejected += 1;
        return new Response("413 Request Entity Too Large", { status: 413 });
      },
    });
    await behindProxy.uploadFile(storePath, recording(bytes).recorded, {});
    expect(rejected).toBeGreaterThan(0);
    expect(await store.holds(bytes)).toBe(true);
  });
});

describe("a source that is an instance of a caller's class", () => {
  /** Its properties are not its own: a copy of the object would lose them. */
  class Download implements ByteSource {
    readonly #bytes = content;

    get size() {
      return this.#bytes.length;
    }

    async read({ startPosition, endPosition }: ByteRange) {
      return this.#bytes.subarray(startPosition, endPosition + 1);
    }
  }

  it("may have getters", async () => {
    await using store = await startStore();
    await store.client.uploadFile(storePath, new Download(), inTenChunks);
    expect(await store.holds(content)).toBe(true);
  });
});

describe("a source that temporarily cannot be read", () => {
  /** Fails once, at a position; asked whether it has changed, it says no. */
  function interrupted(): ByteSource {
    let isHealthy = false;
    const failing = source((bytes, { startPosition }) => {
      if (isHealthy || startPosition < 5000) return bytes;
      isHealthy = true;
      throw new Error("EIO: i/o error, read");
    });
    return { ...failing, assertUnchanged: async () => {} };
  }
  const own = { ...inTenChunks, fingerprint: () => "build 17" };

  it("keeps its session, so that the upload can resume", async () => {
    await using store = await startStore();
    const changing = interrupted();
    const error = await rejection(store.client.uploadFile(storePath, changing, own));
    expect(error).toMatchObject({ reason: "source", committedBytes: 5000 });
    expect(String(error)).toContain("to send only the rest");
    const { resumedBytes, sentBytes } = await store.client.uploadFile(storePath, changing, own);
    expect([resumedBytes, sentBytes]).toEqual([5000, 5000]);
  });
});

describe("a source whose reading fails while it is hashed", () => {
  it("is not read after the upload has ended", async () => {
    await using store = await startStore();
    let reads = 0;
    const failing: ByteSource = {
      size: 400 * 1024 * 1024,
      async read({ startPosition, endPosition }) {
        reads += 1;
        if (startPosition > 0) throw new Error("EIO: i/o error, read");
        await new Promise((read) => setTimeout(read, 20));
        return new Uint8Array(endPosition - startPosition + 1);
      },
    };
    await rejection(store.client.uploadFile(storePath, failing, inTenChunks));
    const before = reads;
    await new Promise((later) => setTimeout(later, 200));
    expect(reads).toBe(before);
  });
});

describe("a source that has changed", () => {
  const ends = [
    ["ends early", source((bytes, { startPosition }) => (startPosition < 5000 ? bytes : bytes.subarray(1)))],
    ["gives more than it was asked for", source((bytes) => Buffer.concat([bytes, bytes]))],
    [
      "can no longer be read",
      source((bytes, { startPosition }) => {
        if (startPosition > 3000) throw new Error("EIO: i/o error, read");
        return bytes;
      }),
    ],
  ] as const;

  it.each(ends)("and %s is an error", async (_, source) => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadFile(storePath, source, inTenChunks));
    expect(error).toMatchObject({ name: "UploadError", reason: "source", cause: { name: "SourceError" } });
    expect(store.requests).not.toContain("CommitImageStoreUploadSession 200");
  });

  it("between hashing and sending is never committed or resumed", async () => {
    await using store = await startStore();
    let reads = 0;
    const changing = source((bytes) => {
      reads += 1;
      return reads > 1 ? bytes.fill(0, 0, 1) : bytes;
    });
    const error = await rejection(store.client.uploadFile(storePath, changing, inTenChunks));
    expect(error).toMatchObject({ name: "UploadError", reason: "source" });
    expect(error).toMatchObject({ committedBytes: 0, sessionId: undefined });
    expect(String(error)).toContain("Upload it again");
    expect(store.requests).not.toContain("CommitImageStoreUploadSession 200");
    expect(await store.client.getUploadSessionsByPath({ storePath })).toEqual([]);
  });

  it("and is a file on disk is distinguished from a network failure", async () => {
    await using store = await startStore();
    const folder = await mkdtemp(join(tmpdir(), "sf-image-store-blob-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "Code.zip");
    await writeFile(path, content);
    const error = await rejection(
      store.client.uploadFile(storePath, await openAsBlob(path), {
        ...inTenChunks,
        onProgress: ({ committedBytes }) => void (committedBytes === 3000 && writeFileSync(path, "other")),
      }),
    );
    expect(error).toMatchObject({ name: "UploadError", reason: "source", cause: { name: "SourceError" } });
    expect(store.requests).not.toContain("CommitImageStoreUploadSession 200");
    expect(await store.client.getUploadSessionsByPath({ storePath })).toEqual([]);
  });

  it("and reports it is never committed", async () => {
    await using store = await startStore();
    const changed = { ...source(), assertUnchanged: () => Promise.reject(new Error("it was written to")) };
    const error = await rejection(store.client.uploadFile(storePath, changed, inTenChunks));
    expect(error).toMatchObject({ reason: "source", message: expect.stringContaining("it was written to") });
    expect(store.requests).not.toContain("CommitImageStoreUploadSession 200");
  });
});

describe("a Blob of a file that changes", () => {
  it.each([
    ["while its chunks are sent", "windows", inTenChunks, 10_000],
    ["while it is sent as a whole", "linux", inTenChunks, 10_000],
    ["before it is sent, and is small", "windows", { maxSingleShotSize: 20_000 }, 10_000],
  ] as const)("%s ends the upload at once, as a source", async (_, platform, options, size) => {
    await using store = await startStore({ platform });
    await using directory = await directoryOf({ file: size });
    const path = join(directory.path, "file");
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        const isContent = init?.body !== undefined && init.body !== null;
        if (isContent) await appendFile(path, "x");
        return fetch(input, init);
      },
    });
    const blob = await openAsBlob(path);
    if (!("chunkSize" in options)) await appendFile(path, "x");
    const error = await rejection(client.uploadFile(storePath, blob, options));
    expect(error).toMatchObject({ name: "UploadError", reason: "source" });
    expect(store.requests).not.toContain("CommitImageStoreUploadSession 200");
    expect(store.requests).not.toContain("UploadFile 200");
  });
});

describe("an invalid source", () => {
  it.each([
    ["source", storePath, "text", {}],
    ["source", storePath, { size: -1, read: async () => content }, {}],
    ["storePath", "../App", content, {}],
    ["concurrency", storePath, content, { concurrency: 0 }],
    ["chunkSize", storePath, content, { chunkSize: 0.5 }],
    ["maxSingleShotSize", storePath, content, { maxSingleShotSize: 2 ** 40 }],
    ["timeoutMs", storePath, content, { timeoutMs: 0 }],
    ["retryOptions.maxRetries", storePath, content, { retryOptions: { maxRetries: -1 } }],
    ["sessionsOnAbort", storePath, content, { sessionsOnAbort: "forget" }],
    ["fingerprint", storePath, content, { fingerprint: "md5" }],
    ["fingerprint", storePath, content, { ...inTenChunks, fingerprint: () => undefined }],
    ["sessionId", storePath, content, { ...inTenChunks, sessionId: "1" }],
    ["onProgress", storePath, content, { onProgress: "log" }],
    ["abortSignal", storePath, content, { abortSignal: new AbortController() }],
    ["abortSignal", storePath, content, { abortSignal: null }],
    ["retryOptions", storePath, content, { retryOptions: null }],
    ["verify", storePath, content, { verify: "no" }],
  ] as const)("is refused before anything is sent: %s", async (parameter, storePath, source, options) => {
    await using store = await startStore();
    // @ts-expect-error: callers without types
    const error = await rejection(store.client.uploadFile(storePath, source, options));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter });
    expect(store.requests).toEqual([]);
  });
});
