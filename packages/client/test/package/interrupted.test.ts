import { spawn } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { readdir, readlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  isAbortError,
  isTimeoutError,
  type PackageContent,
  type PackageSource,
  UploadError,
} from "../../src/index.js";
import { rejection } from "../server.js";
import { directoryOf } from "./directory.js";
import { chunkBytes, packageFile, packageOf, quick, type Store, startStore } from "./store.js";

const KiB = 1024;
const destination = "App";
const options = {
  destination,
  chunkSize: 4 * KiB,
  maxSingleShotSize: 1024,
  retryOptions: quick,
  concurrency: 2,
};
const large = { a: 40 * KiB, b: 12 * KiB, "c/d": 8 * KiB, "c/e": 500 };
const largeBytes = 60 * KiB;

function refuseFrom(store: Store, nth: number): () => void {
  const answer = { do: "answer", status: 403, code: "E_ACCESSDENIED" } as const;
  return store.emulator.addFault({ operation: "UploadFileChunk", nth, times: 1000, ...answer });
}

/** After that, chunks get no response. */
function stallFrom(store: Store, nth: number): () => void {
  return store.emulator.addFault({ operation: "UploadFileChunk", nth, times: 1000, do: "delay", ms: 60_000 });
}

async function sessionIds(store: Store, content: PackageContent): Promise<string[]> {
  const sessions = content.files.map(({ relativePath }) =>
    store.client.getUploadSessionsByPath({ storePath: `${destination}/${relativePath}` }),
  );
  return (await Promise.all(sessions)).flat().map(({ sessionId }) => sessionId);
}

describe("The first failure", () => {
  it("ends the upload with the error of that file and the totals of the package, and stops everything", async () => {
    await using store = await startStore();
    refuseFrom(store, 6);
    const error = await rejection(store.client.uploadPackage(packageOf(large), options));
    expect(error).toBeInstanceOf(UploadError);
    expect(error).toMatchObject({
      reason: "refused",
      storePath: expect.stringMatching(/^App\/(a|b|c\/d)$/),
      totals: { totalBytes: largeBytes + 500, files: { total: 4 } },
      cause: { status: 403 },
    });
    const later = () => new Promise((resolve) => setTimeout(resolve, 100));
    // Requests in progress have not been counted yet.
    await later();
    const count = store.requests.length;
    await later();
    expect(store.requests.length).toBe(count);
  });

  it("keeps all sessions, so that the next upload sends only the rest", async () => {
    await using store = await startStore();
    const content = packageOf(large);
    // With one worker, the largest file is stored with 10 chunks and the next file has one chunk when the upload ends.
    const single = { ...options, concurrency: 1 };
    const heal = refuseFrom(store, 12);
    await rejection(store.client.uploadPackage(content, single));
    heal();
    expect(store.operations()).toContain("CommitImageStoreUploadSession");
    expect(await sessionIds(store, content)).toHaveLength(2);
    const result = await store.newClient().uploadPackage(content, single);
    const before = 11 * 4 * KiB;
    expect(result).toMatchObject({
      resumedBytes: before,
      sentBytes: largeBytes - before + 500,
      sessionsLeft: 0,
    });
    expect(chunkBytes(store.requests)).toBe(largeBytes);
    expect(await sessionIds(store, content)).toEqual([]);
  });

  it("may be a file that cannot be opened, and all open files are closed", async () => {
    await using store = await startStore();
    const { files } = packageOf(large);
    const broken = { relativePath: "z", size: 50 * KiB, open: () => Promise.reject(new Error("gone away")) };
    const error = await rejection(store.client.uploadPackage({ files: [...files, broken] }, options));
    expect(error).toMatchObject({ name: "UploadError", reason: "source", storePath: "App/z" });
    expect(String(error)).toContain("gone away");
  });

  it("may be a file whose size differs from the list", async () => {
    await using store = await startStore();
    const files = [{ ...packageFile("a", 3000), size: 2999 }];
    const error = await rejection(store.client.uploadPackage({ files }, options));
    expect(error).toMatchObject({ name: "UploadError", reason: "source" });
    expect(store.operations()).not.toContain("UploadFileChunk");
  });

  it("may not be about a file, and then the error is about the package", async () => {
    await using store = await startStore();
    store.emulator.addFault({ path: "App/_.dir", do: "answer", status: 403, code: "E_ACCESSDENIED" });
    const error = await rejection(store.client.uploadPackage(packageOf(large), options));
    expect(error).toMatchObject({
      name: "UploadError",
      reason: "refused",
      storePath: "App",
      committedBytes: largeBytes + 500,
    });
    expect(String(error)).toContain("Start the same upload again");
  });
});

describe("An upload whose process was killed", () => {
  it("resumes in another process and sends only what is missing", async () => {
    await using store = await startStore();
    await using directory = await directoryOf(large);
    const heal = stallFrom(store, 8);
    const script = fileURLToPath(new URL("upload-process.ts", import.meta.url));
    const flags = ["--import", "tsx", "-C", "@sf-image-store/source", script];
    const child = spawn(process.execPath, [...flags, store.emulator.endpoint, directory.path]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const exit = once(child, "exit");
    await expect.poll(() => chunkBytes(store.requests)).toBe(7 * 4 * KiB);
    child.kill("SIGKILL");
    await exit;
    heal();
    const result = await store.client.uploadPackage(directory.path, options);
    expect(result.resumedBytes).toBe(7 * 4 * KiB);
    expect(chunkBytes(store.requests)).toBe(largeBytes);
    expect(await store.sizesAt(destination)).toEqual({ ...large, "_.dir": 0, "c/_.dir": 0 });
  });
});

describe("Two uploads of the same package at the same time", () => {
  it("both succeed, and the next one finds the complete package", async () => {
    await using store = await startStore();
    const uploads = [store.client, store.newClient()].map((client) =>
      client.uploadPackage(packageOf(large), options),
    );
    for (const { storePath } of await Promise.all(uploads)) expect(storePath).toBe(destination);
    expect(await store.sizesAt(destination)).toEqual({ ...large, "_.dir": 0, "c/_.dir": 0 });
    const third = await store.client.uploadPackage(packageOf(large), options);
    expect(third).toMatchObject({ alreadyThere: true, sentBytes: 0, resumedBytes: largeBytes + 500 });
  });
});

describe("An aborted upload", () => {
  async function abortInTheMiddle(store: Store, sessionsOnAbort: "keep" | "delete") {
    const heal = stallFrom(store, 7);
    const controller = new AbortController();
    const own = { ...options, sessionsOnAbort, abortSignal: controller.signal };
    const upload = rejection(store.client.uploadPackage(packageOf(large), own));
    await expect.poll(() => chunkBytes(store.requests)).toBe(6 * 4 * KiB);
    // No timer of the client expires, so it must reject without waiting for one.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    controller.abort(new Error("enough"));
    const error = await upload;
    vi.useRealTimers();
    heal();
    return { error, listeners: getEventListeners(controller.signal, "abort") };
  }

  it("rejects without waiting for a timer, and leaves no listener", async () => {
    await using store = await startStore();
    const { error, listeners } = await abortInTheMiddle(store, "keep");
    expect(error).toMatchObject({ name: "UploadError", reason: "aborted" });
    expect(isAbortError(error)).toBe(true);
    expect(listeners).toEqual([]);
  });

  it("keeps its sessions, so that the next upload can resume", async () => {
    await using store = await startStore();
    await abortInTheMiddle(store, "keep");
    const { resumedBytes } = await store.client.uploadPackage(packageOf(large), options);
    expect(resumedBytes).toBe(6 * 4 * KiB);
  });

  it("deletes all its sessions with sessionsOnAbort: delete, without waiting for a timer", async () => {
    await using store = await startStore();
    const { error } = await abortInTheMiddle(store, "delete");
    expect(error).toMatchObject({ reason: "aborted", sessionId: undefined, committedBytes: 0 });
    expect(String(error)).not.toContain("kept");
    expect(await sessionIds(store, packageOf(large))).toEqual([]);
  });

  it("sends nothing if the signal was already aborted", async () => {
    await using store = await startStore();
    const own = { ...options, abortSignal: AbortSignal.abort() };
    const error = await rejection(store.client.uploadPackage(packageOf(large), own));
    expect(error).toMatchObject({ name: "UploadError", reason: "aborted", storePath: destination });
    expect(store.requests).toEqual([]);
  });

  it("does not wait for a file that does not open, and closes it later", async () => {
    await using store = await startStore();
    const controller = new AbortController();
    const close = vi.fn(async () => {});
    let finish = (_: PackageSource) => {};
    const open = () =>
      new Promise<PackageSource>((opened) => {
        finish = opened;
        controller.abort();
      });
    const files = [{ relativePath: "a", size: 1, open }];
    const error = await rejection(
      store.client.uploadPackage({ files }, { ...options, abortSignal: controller.signal }),
    );
    expect(error).toMatchObject({ name: "UploadError", reason: "aborted" });
    finish({ size: 1, read: async () => new Uint8Array(1), close });
    await expect.poll(() => close).toHaveBeenCalledOnce();
  });

  it("may be aborted by a timeout", async () => {
    await using store = await startStore();
    stallFrom(store, 3);
    const error = await rejection(
      store.client.uploadPackage(packageOf(large), { ...options, timeoutMs: 300 }),
    );
    expect(error).toMatchObject({ name: "UploadError", reason: "timed-out" });
    expect(isTimeoutError(error)).toBe(true);
  });

  it.skipIf(process.platform !== "linux")("leaves no file open", async () => {
    await using store = await startStore();
    // Small files are in memory, and not open.
    await using directory = await directoryOf({ a: 100 * KiB, b: 80 * KiB, c: 70 * KiB });
    const openFiles = async () => {
      const links = await readdir("/proc/self/fd");
      const targets = links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => ""));
      return (await Promise.all(targets)).filter((target) => target.startsWith(directory.path));
    };
    stallFrom(store, 3);
    const controller = new AbortController();
    const own = { ...options, abortSignal: controller.signal };
    const upload = rejection(store.client.uploadPackage(directory.path, own));
    await expect.poll(() => openFiles()).toHaveLength(2);
    controller.abort();
    await upload;
    await expect.poll(() => openFiles()).toEqual([]);
  });
});
