import { getEventListeners } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ByteRange, UploadProgress } from "../../src/index.js";
import { directoryOf } from "./directory.js";
import { bytesOf, packageFile, packageOf, startStore } from "./store.js";

const KiB = 1024;
const small = { chunkSize: 4 * KiB, maxSingleShotSize: 2 * KiB };
const tree = {
  "ApplicationManifest.xml": 900,
  "WebPkg/ServiceManifest.xml": 700,
  "WebPkg/Code/web.dll": 30 * KiB,
  "WebPkg/Code/deep/er/empty.txt": 0,
  "WebPkg/Data/": 0,
};
const stored = {
  "ApplicationManifest.xml": 900,
  "WebPkg/Code/_.dir": 0,
  "WebPkg/Code/deep/_.dir": 0,
  "WebPkg/Code/deep/er/_.dir": 0,
  "WebPkg/Code/deep/er/empty.txt": 0,
  "WebPkg/Code/web.dll": 30 * KiB,
  "WebPkg/Data/_.dir": 0,
  "WebPkg/ServiceManifest.xml": 700,
  "WebPkg/_.dir": 0,
  "_.dir": 0,
};

describe("A directory", () => {
  it.each(["windows", "linux"] as const)(
    "is in the store with all files and marks, on %s",
    async (platform) => {
      await using store = await startStore({ platform });
      await using directory = await directoryOf(tree);
      const result = await store.client.uploadPackage(directory.path, { ...small, destination: "Apps/Web" });
      expect(await store.sizesAt("Apps/Web")).toEqual(stored);
      expect(result).toEqual({
        storePath: "Apps/Web",
        files: 4,
        folders: 6,
        totalBytes: 1600 + 30 * KiB,
        sentBytes: 1600 + 30 * KiB,
        resumedBytes: 0,
        deletedPaths: 0,
        sessionsLeft: 0,
        alreadyThere: false,
        receipt: expect.stringMatching(/^\.sf-image-store-receipts\/Apps\/Web\/[0-9a-f]{40}-[0-9a-f]{32}$/),
        receiptFailure: undefined,
      });
    },
  );

  it("is stored under its own name without a destination", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ a: 1 });
    const { storePath } = await store.client.uploadPackage(`${directory.path}/`);
    expect(storePath).toBe(basename(directory.path));
  });

  it("may be empty, and then only has a mark", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({});
    await store.client.uploadPackage(directory.path, { destination: "Empty" });
    expect(await store.sizesAt("Empty")).toEqual({ "_.dir": 0 });
  });

  it("is also verified with small listing pages", async () => {
    await using store = await startStore({ pageLimitBytes: 300 });
    const names = Array.from({ length: 60 }, (_, index) => [`f${index % 3}/file-${index}`, index]);
    await store.client.uploadPackage(packageOf(Object.fromEntries(names)), { destination: "Paged" });
    expect(Object.keys(await store.sizesAt("Paged"))).toHaveLength(64);
  });
});

describe("Marks", () => {
  it("are created after all files, children before their parents and the package last", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ a: 3, "b/c/d": 3000, "b/e": 5000, "f/g": 1 }), {
      ...small,
      destination: "App",
    });
    const writes = store.requests
      .filter(({ url }) => !url.includes("receipts"))
      .filter(
        ({ operationId }) => operationId === "UploadFile" || operationId === "CommitImageStoreUploadSession",
      )
      .map(({ url }) => decodeURIComponent(url.split("?")[0] ?? "").replace("/ImageStore/", ""));
    const marks = writes.filter((path) => path.endsWith("/_.dir"));
    expect(writes.slice(-marks.length)).toEqual(marks);
    expect(marks.slice(0, 1)).toEqual(["App/b/c/_.dir"]);
    expect(marks.slice(1, 3).sort()).toEqual(["App/b/_.dir", "App/f/_.dir"]);
    expect(marks.slice(3)).toEqual(["App/_.dir"]);
  });

  it("are also created without verification", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ "a/b": 3 }), { destination: "App", verify: false });
    expect(await store.sizesAt("App")).toEqual({ "_.dir": 0, "a/_.dir": 0, "a/b": 3 });
    // One listing looks for a complete package; there are no later listings.
    const listings = store.requests.filter(({ operationId }) => operationId === "GetImageStoreContent");
    expect(listings.map(({ url }) => url.split("?")[0])).toEqual(["/ImageStore/App"]);
  });
});

describe("Sessions", () => {
  it("are deleted only after the package is complete", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ a: 5000, b: 6000, c: 7000 }), {
      ...small,
      destination: "App",
    });
    const last = store.requests.slice(-3).map(({ operationId }) => operationId);
    expect(last).toEqual(Array(3).fill("DeleteImageStoreUploadSession"));
    const deletes = store.requests.filter(({ method }) => method === "DELETE");
    expect(deletes).toHaveLength(3);
  });

  it("that could not be deleted are counted and cause no failure", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "DeleteImageStoreUploadSession", do: "drop-before", times: 2 });
    const content = packageOf({ a: 5000, b: 6000, c: 7000 });
    const { sessionsLeft } = await store.client.uploadPackage(content, { ...small, destination: "App" });
    expect(sessionsLeft).toBe(2);
  });
});

describe("Progress", () => {
  it("has all files from the start, never decreases, and ends with everything", async () => {
    await using store = await startStore();
    const steps: UploadProgress[] = [];
    await store.client.uploadPackage(packageOf({ a: 5000, b: 600, "c/d": 0 }), {
      ...small,
      destination: "App",
      onProgress: (step) => steps.push(step),
    });
    expect(steps[0]).toMatchObject({ totalBytes: 5600, files: { total: 3 } });
    expect(steps.at(-1)).toMatchObject({ committedBytes: 5600, files: { total: 3, committed: 3 } });
    const committed = steps.map(({ committedBytes }) => committedBytes);
    expect(committed).toEqual([...committed].sort((a, b) => a - b));
  });
});

describe("Requests", () => {
  it("never exceed `concurrency`, over all files and chunks", async () => {
    await using store = await startStore();
    let now = 0;
    let most = 0;
    const client = store.newClient({
      fetch: async (input, init) => {
        most = Math.max(most, ++now);
        try {
          return await fetch(input, init);
        } finally {
          now -= 1;
        }
      },
    });
    const sizes = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}/a`, index * 1500]));
    await client.uploadPackage(packageOf(sizes), { ...small, destination: "App", concurrency: 3 });
    expect(most).toBe(3);
  });

  it("start with the largest file in one worker and the smallest files in the others", async () => {
    await using store = await startStore();
    const opened: number[] = [];
    const sizes = [10, 20_000, 30, 40_000, 50];
    const files = sizes.map((size) => {
      const file = packageFile(`f${size}`, size);
      const open = () => {
        opened.push(size);
        return file.open();
      };
      return { ...file, open };
    });
    await store.client.uploadPackage({ files }, { ...small, destination: "App", concurrency: 2 });
    expect(opened.slice(0, 2).sort((a, b) => a - b)).toEqual([10, 40_000]);
    expect(opened.indexOf(50)).toBeLessThan(opened.indexOf(20_000));
  });

  it("never open more files at a time than `concurrency`, and close every file", async () => {
    await using store = await startStore();
    let now = 0;
    let most = 0;
    const files = Array.from({ length: 40 }, (_, index) => {
      const file = packageFile(`f${index}`, index * 200);
      const open = async () => {
        most = Math.max(most, ++now);
        const close = async () => {
          now -= 1;
        };
        return { ...(await file.open()), close };
      };
      return { ...file, open };
    });
    await store.client.uploadPackage({ files }, { ...small, destination: "App", concurrency: 4 });
    expect(most).toBeLessThanOrEqual(4);
    expect(now).toBe(0);
  });
});

describe("After the files were sent", () => {
  /** Lets requests wait until `count` of them are in progress. Requests that follow each other would never get there. */
  function barrier(count: number) {
    let waiting = 0;
    let open = () => {};
    const isOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    return () => {
      waiting += 1;
      if (waiting === count) open();
      return isOpen;
    };
  }

  it("all folders are listed at the same time, at any depth", async () => {
    await using store = await startStore();
    const pass = barrier(5);
    let isSent = false;
    const client = store.newClient({
      fetch: async (input, init) => {
        const isListing = init?.method === "GET" && input.includes("/ImageStore/App");
        if (isListing && isSent) await pass();
        const response = await fetch(input, init);
        if (input.includes("/file?")) isSent = true;
        return response;
      },
    });
    await client.uploadPackage(packageOf({ "a/b/c/d/file": 10 }), { destination: "App" });
    expect(await store.sizesAt("App")).toHaveProperty(["a/b/c/d/file"], 10);
  });

  it("the receipt is written while folders are marked", async () => {
    await using store = await startStore();
    const pass = barrier(2);
    const client = store.newClient({
      fetch: async (input, init) => {
        if (/receipts.*PUT|_\.dir.*PUT/.test(`${input} ${init?.method}`)) await pass();
        return fetch(input, init);
      },
    });
    const { receipt } = await client.uploadPackage(packageOf({ file: 10 }), { destination: "App" });
    expect(receipt).toBeDefined();
  });
});

describe("Hashing", () => {
  it("uses no more memory for many concurrent files", async () => {
    await using store = await startStore();
    const size = 1100 * KiB;
    let now = 0;
    let most = 0;
    const read = async ({ startPosition, endPosition }: ByteRange) => {
      const length = endPosition - startPosition + 1;
      // Chunks are smaller.
      if (length === size) most = Math.max(most, ++now);
      await new Promise((done) => setTimeout(done, 1));
      if (length === size) now -= 1;
      return new Uint8Array(length);
    };
    const source = { size, read, assertUnchanged: async () => {} };
    const files = Array.from({ length: 16 }, (_, index) => ({
      relativePath: `f${index}`,
      size,
      open: async () => source,
    }));
    const options = { destination: "App", chunkSize: 1024 * KiB, concurrency: 16 };
    await store.client.uploadPackage({ files }, options);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });
});

describe("Content", () => {
  it("may be Blobs and bytes, as in browsers", async () => {
    await using store = await startStore();
    const files = [
      { relativePath: "a", size: 3000, open: async () => new Blob([bytesOf(3000)]) },
      { relativePath: "b", size: 10, open: async () => bytesOf(10) },
    ];
    await store.client.uploadPackage({ files }, { ...small, destination: "App" });
    expect(await store.sizesAt("App")).toEqual({ "_.dir": 0, a: 3000, b: 10 });
    expect(new Uint8Array(await readFile(store.emulator.contentPath("App/a")))).toEqual(bytesOf(3000));
  });
});

describe("An AbortSignal", () => {
  it("has no listeners after the upload", async () => {
    await using store = await startStore();
    const { signal } = new AbortController();
    await store.client.uploadPackage(packageOf({ a: 9000 }), {
      ...small,
      destination: "App",
      abortSignal: signal,
    });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("Many requests at a time", () => {
  it("add no more listeners to a signal than platforms allow without a warning", async () => {
    await using store = await startStore();
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    const { signal } = new AbortController();
    const sizes = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f${index}`, index * 700]));
    const options = { ...small, concurrency: 40, abortSignal: signal };
    await store.client.uploadPackage(packageOf(sizes), { ...options, destination: "App" });
    await store.client.uploadFile("App/one", bytesOf(400 * KiB), options);
    expect(warnings).toEqual([]);
  });
});

describe("What is stored", () => {
  it("is exactly what was sent", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ "a/b": 9 });
    await mkdir(join(directory.path, "empty"));
    await store.client.uploadPackage(directory.path, { destination: "App" });
    const names: string[] = [];
    for await (const { storePath } of store.client.listContent({ storePath: "App" })) names.push(storePath);
    expect(names.sort()).toEqual(["App/_.dir", "App/a", "App/empty"]);
  });
});
