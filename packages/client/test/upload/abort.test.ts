import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import {
  createImageStoreClient,
  isAbortError,
  isTimeoutError,
  type UploadFileOptions,
} from "../../src/index.js";
import { answering, rejection } from "../server.js";
import { inTenChunks, type Store, someContent, startStore, storePath } from "./store.js";

const content = someContent();

/** Aborts an upload when half of it is committed. Returns the error. */
async function abortedHalfway(store: Store, options: UploadFileOptions = {}) {
  const stop = new AbortController();
  const error = await rejection(
    store.client.uploadFile(storePath, content, {
      ...inTenChunks,
      ...options,
      abortSignal: stop.signal,
      onProgress: ({ committedBytes }) => committedBytes >= 5000 && stop.abort(),
    }),
  );
  return { error, signal: stop.signal };
}

describe("an upload that is aborted", () => {
  it("rejects with what is needed to resume and keeps its session", async () => {
    await using store = await startStore();
    const { error } = await abortedHalfway(store);
    expect(isAbortError(error)).toBe(true);
    expect(error).toMatchObject({
      name: "UploadError",
      reason: "aborted",
      storePath,
      committedBytes: 5000,
      totalBytes: 10_000,
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await store.client.getUploadSessionsByPath({ storePath })).toHaveLength(1);
  });

  it("deletes its session with sessionsOnAbort: delete", async () => {
    await using store = await startStore();
    const { error } = await abortedHalfway(store, { sessionsOnAbort: "delete" });
    expect(await store.client.getUploadSessionsByPath({ storePath })).toEqual([]);
    // The error does not say that anything is left.
    expect(error).toMatchObject({ reason: "aborted", committedBytes: 0, sessionId: undefined });
    expect(String(error)).toContain("The server confirmed no bytes.");
  });

  it("leaves no listener on the caller's signal", async () => {
    await using store = await startStore();
    const { signal } = await abortedHalfway(store);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const idle = new AbortController().signal;
    await store.client.uploadFile(storePath, content, { ...inTenChunks, abortSignal: idle });
    expect(getEventListeners(idle, "abort")).toEqual([]);
  });

  it("sends nothing if it was already aborted", async () => {
    await using store = await startStore();
    const abortSignal = AbortSignal.abort();
    const error = await rejection(
      store.client.uploadFile(storePath, content, { ...inTenChunks, abortSignal }),
    );
    expect(isAbortError(error)).toBe(true);
    expect(store.requests).toEqual([]);
  });

  it.each([
    ["a server that never answers", undefined],
    ["a fetch that does not care for signals", () => new Promise<Response>(() => {})],
  ])("does not wait for %s", async (_, fetch) => {
    await using server = await answering(() => {});
    const client = createImageStoreClient({ endpoint: server.endpoint, ...(fetch && { fetch }) });
    const stop = new AbortController();
    const upload = rejection(client.uploadFile(storePath, content, { abortSignal: stop.signal }));
    setTimeout(() => stop.abort(), 50);
    expect(isAbortError(await upload)).toBe(true);
  });

  it("does not wait for a source that hangs", async () => {
    await using store = await startStore();
    const stop = new AbortController();
    const source = { size: 10_000, read: () => new Promise<Uint8Array>(() => stop.abort()) };
    const upload = store.client.uploadFile(storePath, source, { ...inTenChunks, abortSignal: stop.signal });
    expect(isAbortError(await rejection(upload))).toBe(true);
  });
});

describe("an upload that times out", () => {
  it("rejects and keeps its session", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 3, do: "delay", ms: 60_000 });
    const error = await rejection(
      store.client.uploadFile(storePath, content, { ...inTenChunks, timeoutMs: 1000 }),
    );
    expect(isTimeoutError(error)).toBe(true);
    expect(error).toMatchObject({ name: "UploadError", reason: "timed-out", committedBytes: 2000 });
  });
});

describe("an UploadError as JSON", () => {
  it("has plain values with the code and status of the cause", async () => {
    await using store = await startStore();
    const denied = { do: "answer", status: 403, code: "E_ACCESSDENIED" } as const;
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 3, ...denied });
    const error = await rejection(store.client.uploadFile(storePath, content, inTenChunks));
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: "UploadError",
      reason: "refused",
      storePath,
      committedBytes: 2000,
      totals: { files: { total: 1, committed: 0 } },
      cause: { name: "FabricError", status: 403, code: "E_ACCESSDENIED" },
    });
  });
});
