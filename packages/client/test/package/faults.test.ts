import type { Fault } from "@sf-image-store/emulator";
import { describe, expect, it } from "vitest";
import { rejection } from "../server.js";
import { bytesOf, packageOf, quick, type Store, startStore } from "./store.js";

const KiB = 1024;
const options = { destination: "App", chunkSize: 2 * KiB, maxSingleShotSize: 1024, retryOptions: quick };
const sizes = { "App.xml": 400, "Code/a": 13 * KiB, "Code/b": 9 * KiB, "Data/c": 0, "Data/deep/d": 3 * KiB };
const marks = { "_.dir": 0, "Code/_.dir": 0, "Data/_.dir": 0, "Data/deep/_.dir": 0 };
const unavailable = { do: "answer", status: 503, code: "E_ABORT" } as const;

const scripts: Readonly<Record<string, readonly Fault[]>> = {
  "the connection breaks before every third chunk": [3, 6, 9, 12].map((nth) => ({
    operation: "UploadFileChunk",
    nth,
    do: "drop-before",
  })),
  "the answers of chunks get lost": [{ operation: "UploadFileChunk", nth: 2, times: 4, do: "drop-after" }],
  "the answers of commits get lost": [
    { operation: "CommitImageStoreUploadSession", times: 2, do: "drop-after" },
  ],
  "commits are unavailable": [{ operation: "CommitImageStoreUploadSession", times: 3, ...unavailable }],
  "listings are unavailable": [{ operation: "GetImageStoreContent", nth: 2, times: 6, ...unavailable }],
  "whole files are dropped": [{ operation: "UploadFile", times: 3, do: "drop-in-body", afterBytes: 0 }],
  "marks are unavailable, or their answers lost": [
    { operation: "UploadFile", path: "*_.dir", times: 2, ...unavailable },
    { operation: "UploadFile", path: "*_.dir", nth: 3, do: "drop-after" },
  ],
  "the answer about sessions gets lost": [{ operation: "GetImageStoreUploadSessionById", do: "drop-after" }],
  "the cluster fails over in the middle": [{ operation: "UploadFileChunk", nth: 7, do: "lose-sessions" }],
  "all requests are unavailable for a while": [{ nth: 10, times: 8, ...unavailable }],
};

describe("The store has exactly the package, although", () => {
  it.each(Object.entries(scripts))("%s", async (_, faults) => {
    let fired = 0;
    await using store = await startStore({ faults, onFault: () => (fired += 1) });
    await store.client.uploadPackage(packageOf(sizes), options);
    expect(fired).toBeGreaterThan(0);
    const stored = await store.sizesAt("App");
    expect(stored).toEqual({ ...sizes, ...marks });
  });

  it("the response to the deletion of the old package is lost", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ old: 1 }), options);
    store.emulator.addFault({ operation: "DeleteImageStoreContent", do: "drop-after" });
    await store.client.uploadPackage(packageOf(sizes), { ...options, replace: true });
    expect(await store.sizesAt("App")).toEqual({ ...sizes, ...marks });
  });
});

describe("A file that is missing in a listing", () => {
  const hidden = (times: number): Fault => ({
    operation: "GetImageStoreContent",
    path: "App/Code",
    times,
    do: "answer",
    status: 404,
    code: "FABRIC_E_FILE_NOT_FOUND",
  });

  it("is listed again before it counts as missing, because listings hide files while they are replaced", async () => {
    await using store = await startStore();
    // The first listing happens before the upload.
    store.emulator.addFault({ ...hidden(2), nth: 2 });
    const { sentBytes } = await store.client.uploadPackage(packageOf(sizes), options);
    expect(sentBytes).toBe(Object.values(sizes).reduce((sum, size) => sum + size));
    await store.client.verifyPackage(packageOf(sizes), "App");
  });

  it("counts as missing if it does not appear, and the package is not marked", async () => {
    await using store = await startStore();
    store.emulator.addFault(hidden(1000));
    const error = await rejection(store.client.uploadPackage(packageOf(sizes), options));
    expect(error).toMatchObject({
      name: "VerificationError",
      differences: [
        { storePath: "App/Code/a", kind: "missing", expectedSize: 13 * KiB },
        { storePath: "App/Code/b", kind: "missing", expectedSize: 9 * KiB },
      ],
    });
    expect(await store.sizesAt("App")).not.toHaveProperty(["_.dir"]);
  });
});

describe("A server that stays down", () => {
  it("ends the upload with no-progress", async () => {
    await using store = await startStore({ faults: [{ nth: 20, times: 100_000, ...unavailable }] });
    const retryOptions = { ...quick, maxRetries: 3 };
    const error = await rejection(store.client.uploadPackage(packageOf(sizes), { ...options, retryOptions }));
    expect(error).toMatchObject({ name: "UploadError", reason: "no-progress" });
  });
});

describe("A mark that was acknowledged but not created", () => {
  const falsely = (store: Store, times: number) => {
    let left = times;
    return store.newClient({
      fetch: async (input, init) => {
        const url = input;
        const isMark = init?.method === "PUT" && url.includes("/_.dir");
        return isMark && left-- > 0 ? new Response(null, { status: 200 }) : fetch(input, init);
      },
    });
  };

  it("is created again", async () => {
    await using store = await startStore();
    await falsely(store, 3).uploadPackage(packageOf(sizes), options);
    expect(await store.sizesAt("App")).toEqual({ ...sizes, ...marks });
  });

  it("always ends the upload with a list of the unmarked folders", async () => {
    await using store = await startStore();
    const error = await rejection(falsely(store, 1000).uploadPackage(packageOf(sizes), options));
    expect(error).toMatchObject({ name: "VerificationError" });
    expect(String(error)).toContain("the folder App has no mark file");
  });
});

describe("Files that were acknowledged but not stored, over older files of the same size", () => {
  it("are sent again, but no other files", async () => {
    await using store = await startStore();
    for (const [path, size] of Object.entries(sizes)) {
      await store.client.putFile({ storePath: `App/${path}`, content: bytesOf(size, 50) });
    }
    let left = 2;
    const client = store.newClient({
      fetch: async (input, init) => {
        const url = input;
        const isMet = /\/(App\.xml\?|\$\/CommitUploadSession)/.test(url);
        const method = init.method;
        return method !== "GET" && isMet && left-- > 0
          ? new Response(null, { status: 200 })
          : fetch(input, init);
      },
    });
    const result = await client.uploadPackage(packageOf(sizes), options);
    expect(left).toBeLessThan(0);
    const { client: other } = store;
    expect(await other.verifyPackage(packageOf(sizes), "App")).toEqual({ proof: "content" });
    const all = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    expect(result.sentBytes).toBeLessThanOrEqual(all + 400);
  });

  it("always cause a VerificationError, and the package is not marked", async () => {
    await using store = await startStore();
    await store.client.putFile({ storePath: "App/App.xml", content: bytesOf(400, 50) });
    const client = store.newClient({
      fetch: async (input, init) => {
        const url = input;
        return init?.method === "PUT" && url.includes("/App.xml")
          ? new Response(null, { status: 200 })
          : fetch(input, init);
      },
    });
    const error = await rejection(client.uploadPackage(packageOf(sizes), options));
    expect(error).toMatchObject({
      name: "VerificationError",
      differences: [{ storePath: "App/App.xml", kind: "unchanged" }],
    });
    expect(await store.sizesAt("App")).not.toHaveProperty(["_.dir"]);
  });
});

describe("The deletion of a complete package that was acknowledged but not done", () => {
  it("is repeated before anything is sent", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ old: 7 }), options);
    let left = 1;
    const client = store.newClient({
      fetch: async (input, init) => {
        const method = init.method;
        return method === "DELETE" && left-- > 0 ? new Response(null, { status: 200 }) : fetch(input, init);
      },
    });
    store.requests.length = 0;
    await client.uploadPackage(packageOf(sizes), { ...options, replace: true });
    expect(await store.sizesAt("App")).toEqual({ ...sizes, ...marks });
    const deleted = store.requests.filter(({ method }) => method === "DELETE").map(({ url }) => url);
    expect(deleted[0]).toMatch(/^\/ImageStore\/App\?/);
  });
});

describe("A worker that fails", () => {
  it("stops the others, and no file is started after the failure", async () => {
    await using store = await startStore();
    const begun: string[] = [];
    const { files } = packageOf(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, 10 + i])));
    const watched = files.map((file, index) => ({
      ...file,
      open: async () => {
        begun.push(file.relativePath);
        if (index === 0) throw new Error("gone away");
        return file.open();
      },
    }));
    const own = { ...options, concurrency: 2 };
    await rejection(store.client.uploadPackage({ files: watched }, own));
    expect(begun.length).toBeLessThan(10);
  });
});
