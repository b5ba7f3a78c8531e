import { readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import * as core from "../../src/index.js";
import * as node from "../../src/node/index.js";
import { directoryOf } from "../package/directory.js";
import { bytesOf, chunkBytes, packageOf, startStore } from "../package/store.js";
import { rejection } from "../server.js";
import { busyThreads } from "./busy-threads.js";

const chunked = { chunkSize: 1024, maxSingleShotSize: 512 };

async function openFilesIn(directory: string): Promise<string[]> {
  const links = await readdir("/proc/self/fd");
  const targets = links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => ""));
  return (await Promise.all(targets)).filter((target) => target.startsWith(directory));
}

describe("The entry point for Node.js", () => {
  it("exports everything that the main entry point exports", () => {
    expect(Object.keys(node)).toEqual(expect.arrayContaining(Object.keys(core)));
    expect(node.createImageStoreClient).not.toBe(core.createImageStoreClient);
  });
});

describe("uploadFile", () => {
  it.each([
    ["a path", (path: string) => path],
    ["a file: URL", (path: string) => pathToFileURL(path)],
  ])("accepts %s", async (_, from) => {
    await using store = await startStore();
    await using directory = await directoryOf({});
    const path = await directory.write("a b#c.zip", bytesOf(5000));
    const result = await store.client.uploadFile("App/a.zip", from(path), chunked);
    expect(result).toMatchObject({ totalBytes: 5000, sessionDeleted: true });
    expect(new Uint8Array(await readFile(store.emulator.contentPath("App/a.zip")))).toEqual(bytesOf(5000));
  });

  it("still accepts bytes", async () => {
    await using store = await startStore();
    await store.client.uploadFile("App/a", bytesOf(10));
    expect(await store.sizesAt("App")).toEqual({ a: 10 });
  });

  it("resumes a file by its name and time with fingerprint: stat", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ big: 10_000 });
    const answer = { do: "answer", status: 403, code: "E_ACCESSDENIED" } as const;
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 5, ...answer });
    const options = { ...chunked, fingerprint: "stat", concurrency: 1 } as const;
    const path = join(directory.path, "big");
    await rejection(store.client.uploadFile("App/big", path, options));
    const { resumedBytes } = await store.client.uploadFile("App/big", path, options);
    expect(resumedBytes).toBe(4096);
    expect(chunkBytes(store.requests)).toBe(10_000);
  });

  it("rejects non-files and remote URLs before anything is sent", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({});
    for (const source of [directory.path, join(directory.path, "none"), new URL("https://example.com/a")]) {
      const error = await rejection(store.client.uploadFile("App/a", source));
      expect(error).toMatchObject({ name: "InvalidInputError", parameter: "source" });
    }
    expect(store.requests).toEqual([]);
  });

  it("never stores mixed content of a changed file and keeps no session of it", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ a: 20_000 });
    const path = join(directory.path, "a");
    let isChanged = false;
    const onProgress = ({ committedBytes }: core.UploadProgress) => {
      if (committedBytes > 0) isChanged = true;
    };
    const client = store.newClient({
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (isChanged) await writeFile(path, bytesOf(20_000, 7));
        return response;
      },
    });
    const error = await rejection(
      client.uploadFile("App/a", path, { ...chunked, concurrency: 1, onProgress }),
    );
    expect(error).toMatchObject({ name: "UploadError", reason: "source" });
    expect(store.operations()).not.toContain("CommitImageStoreUploadSession");
    expect(await store.client.getUploadSessionsByPath({ storePath: "App/a" })).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")("always closes the file", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ a: 5000 });
    const path = join(directory.path, "a");
    await store.client.uploadFile("App/a", path, chunked);
    await rejection(store.client.uploadFile("App/a#", path, chunked));
    store.emulator.addFault({
      operation: "UploadFileChunk",
      do: "answer",
      status: 403,
      code: "E_ACCESSDENIED",
    });
    await rejection(store.client.uploadFile("App/b", path, chunked));
    // The client does not wait for pending reads; the file closes when they end.
    await expect.poll(() => openFilesIn(directory.path)).toEqual([]);
  });
});

describe("uploadPackage and verifyPackage", () => {
  it("accept a file: URL", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ a: 1 });
    const url = pathToFileURL(directory.path);
    await store.client.uploadPackage(url, { destination: "App" });
    await store.client.verifyPackage(url, "App");
  });

  it("accept a PackageContent, which requires a destination", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ a: 1 }), { destination: "App" });
    const error = await rejection(store.client.uploadPackage(packageOf({ a: 1 })));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
  });

  it("reject a file", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ a: 1 });
    const error = await rejection(store.client.uploadPackage(join(directory.path, "a")));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "directory" });
  });

  // Small files are in memory by then.
  it.each([20_000, 80_000])(
    "fail with the name of a file of %i bytes that was deleted before its turn",
    async (size) => {
      await using store = await startStore();
      await using directory = await directoryOf({ a: size, b: 10 });
      const client = store.newClient({
        fetch: async (input, init) => {
          await rm(join(directory.path, "a"), { force: true });
          return fetch(input, init);
        },
      });
      const error = await rejection(client.uploadPackage(directory.path, { ...chunked, destination: "App" }));
      expect(error).toMatchObject({ name: "UploadError", reason: "source", storePath: "App/a" });
      expect(String(error)).toContain("ENOENT");
      // Other files were.
      expect(String(error)).not.toContain("Nothing was sent");
    },
  );

  it.each(["uploadPackage", "verifyPackage"] as const)(
    "stop while they read the directory: %s",
    async (method) => {
      await using store = await startStore();
      await using directory = await directoryOf({ a: 1 });
      const controller = new AbortController();
      const options = { abortSignal: controller.signal };
      const ended = rejection(
        method === "uploadPackage"
          ? store.client.uploadPackage(directory.path, { destination: "App", ...options })
          : store.client.verifyPackage(directory.path, "App", options),
      );
      // Simulates a device that does not respond: no thread is free to read the directory.
      const work = busyThreads();
      controller.abort();
      expect(core.isAbortError(await ended)).toBe(true);
      expect(work.isOneFree()).toBe(false);
      expect(store.requests).toEqual([]);
      await work.done;
    },
  );

  it.each([20_000, 80_000])(
    "fail with the name of a file of %i bytes that changed during the upload, and do not mark the package",
    async (size) => {
      await using store = await startStore();
      await using directory = await directoryOf({ a: size, b: 10 });
      const path = join(directory.path, "a");
      let isSent = false;
      const client = store.newClient({
        fetch: async (input, init) => {
          if (input.includes("UploadChunk") && !isSent) {
            isSent = true;
            await writeFile(path, bytesOf(size, 7));
          }
          return fetch(input, init);
        },
      });
      const error = await rejection(client.uploadPackage(directory.path, { ...chunked, destination: "App" }));
      expect(error).toMatchObject({ name: "UploadError", reason: "source", storePath: "App/a" });
      expect(await store.sizesAt("App")).not.toHaveProperty(["_.dir"]);
    },
  );
});
