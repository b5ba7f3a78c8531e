import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startEmulator } from "@sf-image-store/emulator";
import { scratchFolder } from "@sf-image-store/testing";
import { certify } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished } from "vitest";
import { createEnvironment } from "../../src/client.js";
import { openFolder } from "../../src/folder/index.js";
import { type Fetch, isInvalidInputError, type TransferOptions, type UploadSource } from "../../src/index.js";
import { createNodeFetch, type NodeFetchOptions } from "../../src/node/index.js";
import { packageOperations } from "../../src/package/packages.js";
import { uploadOperations } from "../../src/upload/uploads.js";
import { rejection } from "../server.js";
import { someContent, storePath } from "./store.js";

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * A clock on which waiting takes no time: when nothing else is going on, it jumps to the next timer. Timers of 90 seconds or
 * more are time limits, which the clock does not jump to. They expire if it passes them.
 */
function jumpingClock(isBusy: () => boolean) {
  interface Timer {
    readonly dueAt: number;
    readonly callback: () => void;
    readonly isLimit: boolean;
  }
  const timers = new Set<Timer>();
  let time = 0;
  let isScheduled = false;
  const jump = () => {
    isScheduled = false;
    if (isBusy()) return schedule();
    const sorted = [...timers].sort((one, other) => one.dueAt - other.dueAt);
    const next = sorted.find(({ isLimit }) => !isLimit);
    if (next === undefined) return;
    time = Math.max(time, next.dueAt);
    for (const timer of sorted) {
      if (timer.dueAt > time || !timers.delete(timer)) continue;
      timer.callback();
    }
    schedule();
  };
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(jump);
  };
  return {
    now: () => time,
    setTimer(ms: number, callback: () => void) {
      const timer = { dueAt: time + ms, callback, isLimit: ms >= 90_000 };
      timers.add(timer);
      schedule();
      return () => void timers.delete(timer);
    },
  };
}

interface Sent {
  readonly at: number;
  readonly bytes: number;
}

/** Uploads with a clock that does not wait, and records when which bytes were sent. */
async function setUp({
  tls,
  fetch: given,
}: {
  tls?: { cert: string; key: string; ca: string };
  fetch?: Fetch;
}) {
  const emulator = await startEmulator(tls === undefined ? {} : { tls });
  onTestFinished(() => emulator.close());
  /** The requests that have no response yet, and those that wait before they send more. */
  const requests = { open: 0, waiting: 0 };
  const clock = jumpingClock(() => requests.open > requests.waiting);
  const sent: Sent[] = [];
  /** When each request with content started. */
  const starts: number[] = [];
  const trust: NodeFetchOptions = tls === undefined ? {} : { ca: tls.ca };
  const nodeFetch = createNodeFetch(trust);
  onTestFinished(() => nodeFetch.close());
  const send: Fetch = given ?? nodeFetch;
  const watched: Fetch = (url, init) => {
    const report =
      "onBodySent" in init && typeof init.onBodySent === "function" ? init.onBodySent : undefined;
    if (init.method === "PUT" && init.body !== undefined) starts.push(clock.now());
    const onBodySent = (bytes: number) => {
      sent.push({ at: clock.now(), bytes });
      const wait: unknown = report?.(bytes);
      if (!(wait instanceof Promise)) return wait;
      requests.waiting += 1;
      return wait.finally(() => {
        requests.waiting -= 1;
      });
    };
    requests.open += 1;
    return send(url, report === undefined ? init : { ...init, ...{ onBodySent } }).finally(() => {
      requests.open -= 1;
    });
  };
  const environment = { ...createEnvironment({ endpoint: emulator.endpoint, fetch: watched }), clock };
  return {
    clock,
    sent,
    starts,
    uploadFile: uploadOperations(environment, undefined).uploadFile,
    uploadPackage: packageOperations(environment, undefined).uploadPackage,
  };
}

/** Checks that the bytes before every moment stay below the rate, plus the pieces that concurrent requests start with. */
function expectSteady(sent: readonly Sent[], rate: number, allowance: number): void {
  let total = 0;
  for (const { at, bytes } of sent) {
    total += bytes;
    expect(total).toBeLessThanOrEqual((at / 1000) * rate + allowance);
  }
  const gaps = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1100);
}

const memory = someContent(3 * MiB + 5);

describe("an upload with a maximum rate", () => {
  it.each<[string, UploadSource, TransferOptions]>([
    ["in chunks", memory, { chunkSize: 512 * KiB }],
    ["in chunks of a Blob", new Blob([memory]), { chunkSize: 512 * KiB }],
    ["in one request", memory, { maxSingleShotSize: 4 * MiB }],
    [
      "as a stream in one request",
      {
        size: memory.byteLength,
        read: async ({ startPosition, endPosition }) => memory.subarray(startPosition, endPosition + 1),
      },
      { maxSingleShotSize: 4 * MiB, chunkSize: MiB },
    ],
  ])("sends a file at this rate over all requests: %s", async (_, source, options) => {
    const { clock, sent, uploadFile } = await setUp({});
    const rate = 256 * KiB;
    const uploaded = await uploadFile(storePath, source, { ...options, maxBytesPerSecond: rate });
    expect(uploaded.sentBytes).toBe(memory.byteLength);
    expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(memory.byteLength);
    expectSteady(sent, rate, 256 * KiB);
    // The last request may send all of its content before the time of the others is over.
    expect(clock.now()).toBeGreaterThan(((memory.byteLength - MiB) / rate) * 1000);
    expect(clock.now()).toBeLessThan((memory.byteLength / rate) * 1000 + 1000);
  });

  it("keeps every request within its time limit at the lowest rate, however many wait", async () => {
    const { clock, sent, uploadFile } = await setUp({});
    const content = someContent(9 * MiB);
    await uploadFile(storePath, content, {
      ...{ chunkSize: MiB, concurrency: 8, maxBytesPerSecond: 16 * KiB },
      retryOptions: { maxRetries: 0 },
    });
    // Without a repeated chunk.
    expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(content.byteLength);
    expectSteady(sent, 16 * KiB, 64 * KiB);
    expect(clock.now()).toBeGreaterThan(500_000);
  });

  it("counts the small files of a package together", async () => {
    const { clock, sent, uploadPackage } = await setUp({});
    const files = Array.from({ length: 200 }, (_, index) => ({
      relativePath: `Code/${index}`,
      size: 4 * KiB,
      open: async () => someContent(4 * KiB, index),
    }));
    const destination = "App";
    await uploadPackage({ files }, { destination, maxBytesPerSecond: 100 * KiB, concurrency: 16 });
    expectSteady(sent, 100 * KiB, 16 * KiB);
    expect(clock.now()).toBeGreaterThan(7000);
    expect(clock.now()).toBeLessThan(9000);
  });

  it("works over TLS", async () => {
    const authority = certify("authority", undefined, { isAuthority: true });
    const tls = { ...certify("cluster", authority), ca: authority.cert };
    const { clock, sent, uploadFile } = await setUp({ tls });
    await uploadFile(storePath, memory, { chunkSize: MiB, maxBytesPerSecond: 256 * KiB });
    expectSteady(sent, 256 * KiB, 256 * KiB);
    expect(clock.now()).toBeGreaterThan(8000);
  });

  it("waits between requests with another fetch, which sends a chunk at once", async () => {
    const { starts, sent, uploadFile } = await setUp({ fetch: (url, init) => fetch(url, init) });
    const options = { chunkSize: 512 * KiB, maxSingleShotSize: 0, receipt: false };
    await uploadFile(storePath, memory.subarray(0, 2 * MiB), { ...options, maxBytesPerSecond: 256 * KiB });
    expect(sent).toEqual([]);
    expect(starts.map(Math.round)).toEqual([0, 2000, 4000, 6000]);
  });

  it("stops at once when it is aborted while it waits", async () => {
    const { uploadFile } = await setUp({});
    const stop = new AbortController();
    const upload = uploadFile(storePath, memory, {
      ...{ chunkSize: 64 * KiB, maxBytesPerSecond: 16 * KiB, abortSignal: stop.signal },
      onProgress: ({ committedBytes }) => {
        if (committedBytes > 0) stop.abort();
      },
    });
    expect(await rejection(upload)).toMatchObject({ name: "UploadError", reason: "aborted" });
  });

  it.each([0, -1, 16 * KiB - 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("cannot be %s", async (rate) => {
    const { uploadFile, starts } = await setUp({});
    const failure = await rejection(uploadFile(storePath, memory, { maxBytesPerSecond: rate }));
    expect(isInvalidInputError(failure) && failure.parameter).toBe("maxBytesPerSecond");
    expect(starts).toEqual([]);
  });

  it("limits copying to a store in a folder, too", async () => {
    const file = join(scratchFolder(), "Code.bin");
    writeFileSync(file, memory);
    const store = await openFolder(scratchFolder());
    const begin = performance.now();
    await store.uploadFile("App/Code.bin", file, { chunkSize: MiB, maxBytesPerSecond: 8 * MiB });
    // Never faster, however slow this machine is.
    expect(performance.now() - begin).toBeGreaterThan(240);
  });
});
