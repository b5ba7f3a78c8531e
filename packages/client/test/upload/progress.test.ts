import { describe, expect, it } from "vitest";
import { createImageStoreClient, type UploadProgress } from "../../src/index.js";
import { ProgressTracker } from "../../src/upload/progress.js";
import { rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "./store.js";

const content = someContent();

describe("progress", () => {
  it("distinguishes sent from committed bytes, and ends with all bytes", async () => {
    await using store = await startStore();
    const steps: UploadProgress[] = [];
    await store.client.uploadFile(storePath, content, {
      ...inTenChunks,
      onProgress: (step) => steps.push(step),
    });
    expect(steps.some((step) => step.sentBytes > step.committedBytes)).toBe(true);
    expect([...new Set(steps.map((step) => step.file.phase))]).toEqual([
      "hashing",
      "sending",
      "committing",
      "done",
    ]);
    const all = {
      totalBytes: 10_000,
      sentBytes: 10_000,
      sendingBytes: 0,
      committedBytes: 10_000,
      resumedBytes: 0,
    };
    expect(steps.at(-1)).toEqual({
      ...all,
      files: { total: 1, committed: 1 },
      file: {
        ...all,
        sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        hashedBytes: 10_000,
        storePath,
        phase: "done",
      },
    });
  });

  it("reports resumed bytes", async () => {
    await using store = await startStore();
    const stop = new AbortController();
    const onProgress = (step: UploadProgress) => {
      if (step.committedBytes === 4000) stop.abort();
    };
    const { signal: abortSignal } = stop;
    await rejection(store.client.uploadFile(storePath, content, { ...inTenChunks, onProgress, abortSignal }));
    const result = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(result.resumedBytes + result.sentBytes).toBe(10_000);
    expect(result.resumedBytes).toBeGreaterThanOrEqual(4000);
  });

  it("ends the upload when it throws", async () => {
    await using store = await startStore();
    const onProgress = () => {
      throw new Error("the bar broke");
    };
    const error = await rejection(
      store.client.uploadFile(storePath, content, { ...inTenChunks, onProgress }),
    );
    expect(error).toMatchObject({ name: "UploadError", reason: "internal" });
    expect(String(error)).toContain("the bar broke");
  });

  it("ends the upload even if it throws an error that would be retried for a request", async () => {
    await using store = await startStore();
    const onProgress = ({ sentBytes }: UploadProgress) => {
      if (sentBytes >= 3000) throw new DOMException("too slow", "TimeoutError");
    };
    const error = await rejection(
      store.client.uploadFile(storePath, content, { ...inTenChunks, onProgress }),
    );
    expect(error).toMatchObject({ name: "UploadError", reason: "internal" });
    expect(store.requests.filter((request) => request.startsWith("UploadFileChunk"))).toHaveLength(2);
  });

  it.each(["hashing", "sending", "committing", "done"])(
    "ends the upload when its promise rejects in the phase %s",
    async (phase) => {
      await using store = await startStore();
      const onProgress = async ({ file }: UploadProgress) => {
        if (file.phase === phase) throw new Error("the bar broke");
      };
      const error = await rejection(
        store.client.uploadFile(storePath, content, { ...inTenChunks, onProgress }),
      );
      const cause = { message: "onProgress has rejected: the bar broke" };
      expect(error).toMatchObject({ name: "UploadError", reason: "internal", cause });
    },
  );

  it("ends the upload of a package when its promise rejects", async () => {
    await using store = await startStore();
    const file = { relativePath: "a", size: 3, open: async () => new Uint8Array(3) };
    const onProgress = async ({ file: { phase } }: UploadProgress) => {
      if (phase === "done") throw new Error("the bar broke");
    };
    const upload = store.client.uploadPackage({ files: [file] }, { destination: "App", onProgress });
    expect(await rejection(upload)).toMatchObject({ name: "UploadError", reason: "internal" });
  });

  it("finishes its promises before the upload resolves", async () => {
    await using store = await startStore();
    let begun = 0;
    let done = 0;
    const onProgress = async () => {
      begun += 1;
      await new Promise((resolve) => setImmediate(resolve));
      done += 1;
    };
    await store.client.uploadFile(storePath, content, { ...inTenChunks, onProgress });
    expect(done).toBe(begun);
  });
});

it.each([{ maxSingleShotSize: 0 }, { maxSingleShotSize: 20_000 }])(
  "counts a file that is delivered twice only once, without resumed bytes: %j",
  async (own) => {
    await using store = await startStore();
    let falsely = 1;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        const url = input;
        const isMet = /CommitUploadSession/.test(url) || (init?.method === "PUT" && !url.includes("Chunk"));
        return isMet && falsely-- > 0 ? new Response(null, { status: 200 }) : fetch(input, init);
      },
    });
    const steps: UploadProgress[] = [];
    const onProgress = (step: UploadProgress) => void steps.push(step);
    await client.uploadFile(storePath, someContent(), { ...inTenChunks, ...own, onProgress });
    expect(falsely).toBeLessThan(1);
    expect(steps.at(-1)).toMatchObject({ committedBytes: 10_000, resumedBytes: 0, files: { committed: 1 } });
    for (const [index, step] of steps.entries()) {
      expect(step.committedBytes).toBeGreaterThanOrEqual(steps[index - 1]?.committedBytes ?? 0);
    }
  },
);

describe("sendingBytes", () => {
  it("decreases when its request ends and ignores later reports of that request", async () => {
    let last: UploadProgress | undefined;
    let onSent: ((bytes: number) => void) | undefined;
    const onProgress = (step: UploadProgress) => {
      last = step;
    };
    const file = new ProgressTracker(onProgress, () => {}).addFile("a", 10);
    const failed = file.sending(64 * 1024, async (tell) => {
      onSent = tell;
      tell?.(4);
      expect(last).toMatchObject({ sendingBytes: 4, file: { sendingBytes: 4 } });
      throw new Error("cut off");
    });
    expect(String(await rejection(failed))).toContain("cut off");
    onSent?.(3);
    expect(last).toMatchObject({ sendingBytes: 0, file: { sendingBytes: 0 } });
  });
});

describe("a promise of onProgress", () => {
  it("that rejects is reported at once and fails the upload", async () => {
    const failures: Error[] = [];
    const reject = () => Promise.reject(new Error("the bar broke"));
    const progress = new ProgressTracker(reject, (error) => failures.push(error));
    progress.addFile("a", 1).done();
    expect(String(await rejection(progress.settled()))).toContain("the bar broke");
    expect(failures).toEqual([progress.failure]);
  });

  it("is waited for", async () => {
    let resolve = () => {};
    const answer = new Promise<void>((resolved) => {
      resolve = resolved;
    });
    const progress = new ProgressTracker(
      () => answer,
      () => {},
    );
    progress.addFile("a", 1).done();
    let isSettled = false;
    const settled = progress.settled().then(() => {
      isSettled = true;
    });
    await new Promise((turn) => setImmediate(turn));
    expect(isSettled).toBe(false);
    resolve();
    await settled;
  });
});
