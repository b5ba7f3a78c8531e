import { mkdtemp, open, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openFile } from "../../src/node/file-source.js";
import { startHashThread } from "../../src/node/hash-thread.js";
import type { EngineSource, HashThread } from "../../src/upload/byte-source.js";
import { BlockMemory, contentDigest } from "../../src/upload/fingerprint.js";

const MiB = 1024 * 1024;
const { signal } = new AbortController();

/** A sparse file of 131 MiB with different blocks: 32 whole ones and a part. */
async function largeFile() {
  const folder = await mkdtemp(join(tmpdir(), "sf-image-store-hash-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "large.bin");
  const file = await open(path, "w");
  for (let at = 0; at < 131; at += 3) await file.write(`block ${at}`, at * MiB);
  await file.truncate(131 * MiB);
  await file.close();
  const source = await openFile(path);
  onTestFinished(() => source.close());
  return source;
}

const digestOf = (source: EngineSource, abortSignal = signal, onHashed: (bytes: number) => void = () => {}) =>
  contentDigest(source, new BlockMemory(), abortSignal, onHashed);

/** The source with a thread that counts its calls. */
function counting(source: EngineSource) {
  const counts = { hashed: 0, closed: 0 };
  const start = (): HashThread | undefined => {
    const thread = startHashThread();
    return (
      thread && {
        hash: (bytes) => {
          counts.hashed += 1;
          return thread.hash(bytes);
        },
        close: () => {
          counts.closed += 1;
          return thread.close();
        },
      }
    );
  };
  return { counts, source: { ...source, startHashThread: start } };
}

describe.skipIf(availableParallelism() < 2)("the content of a file", () => {
  it("is hashed by two threads with the same result", async () => {
    const file = await largeFile();
    const { startHashThread: _, ...alone } = file;
    const { counts, source } = counting(file);
    let hashed = 0;
    const digest = await digestOf(source, signal, (bytes) => {
      hashed += bytes;
    });
    expect(digest).toEqual(await digestOf(alone));
    expect(hashed).toBe(file.size);
    expect(counts.hashed).toBeGreaterThan(0);
    expect(counts.hashed).toBeLessThan(33);
    expect(counts.closed).toBe(1);
  });

  it("stops its thread when the upload is aborted", async () => {
    const { counts, source } = counting(await largeFile());
    const stop = new AbortController();
    const digest = digestOf(source, stop.signal, () => stop.abort());
    await expect(digest).rejects.toMatchObject({ name: "AbortError" });
    expect(counts.closed).toBe(1);
  });
});

describe.skipIf(availableParallelism() < 2)("a thread that hashes", () => {
  it("exists once, until it is closed", async () => {
    const first = startHashThread();
    expect(startHashThread()).toBeUndefined();
    await first?.close();
    const second = startHashThread();
    expect(second).toBeDefined();
    await second?.close();
  });

  it("rejects what it has not hashed when it is closed", async () => {
    const thread = startHashThread();
    const hashing = thread?.hash(new Uint8Array(MiB));
    const outcome = expect(hashing).rejects.toThrow("was stopped");
    await thread?.close();
    await outcome;
  });

  it("takes the memory and returns it", async () => {
    const thread = startHashThread();
    const bytes = new Uint8Array(10).fill(7);
    const answer = await thread?.hash(bytes.subarray(2, 8));
    expect(bytes.byteLength).toBe(0);
    expect(answer?.bytes).toEqual(new Uint8Array(6).fill(7));
    expect(answer?.bytes.buffer.byteLength).toBe(10);
    await thread?.close();
  });
});
