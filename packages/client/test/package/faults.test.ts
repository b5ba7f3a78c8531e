import type { Fault } from "@sf-image-store/emulator";
import { describe, expect, it } from "vitest";
import { rejection } from "../server.js";
import { packageOf, quick, startStore } from "./store.js";

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

describe("The right tree is in the store, and nothing else, although", () => {
  it.each(Object.entries(scripts))("%s", async (_, faults) => {
    let fired = 0;
    await using store = await startStore({ faults, onFault: () => (fired += 1) });
    await store.client.uploadPackage(packageOf(sizes), options);
    expect(fired).toBeGreaterThan(0);
    const stored = await store.sizesAt("App");
    expect(stored).toEqual({ ...sizes, ...marks });
  });

  it("the answer to the deletion of what was there gets lost", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ old: 1 }), options);
    store.emulator.addFault({ operation: "DeleteImageStoreContent", do: "drop-after" });
    await store.client.uploadPackage(packageOf(sizes), { ...options, replace: true });
    expect(await store.sizesAt("App")).toEqual({ ...sizes, ...marks });
  });
});

describe("A file that a listing does not show", () => {
  const hidden = (times: number): Fault => ({
    operation: "GetImageStoreContent",
    path: "App/Code",
    times,
    do: "answer",
    status: 404,
    code: "FABRIC_E_FILE_NOT_FOUND",
  });

  it("is looked for again before it counts: while it is replaced it is hidden", async () => {
    await using store = await startStore();
    store.emulator.addFault(hidden(2));
    await store.client.uploadPackage(packageOf(sizes), options);
    await store.client.verifyPackage(packageOf(sizes), "App");
  });

  it("counts if it stays away, and the package is not marked", async () => {
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

describe("A server that is down for good", () => {
  it("ends the upload as one without progress", async () => {
    await using store = await startStore({ faults: [{ nth: 20, times: 100_000, ...unavailable }] });
    const retryOptions = { ...quick, maxRetries: 3 };
    const error = await rejection(store.client.uploadPackage(packageOf(sizes), { ...options, retryOptions }));
    expect(error).toMatchObject({ name: "UploadError", reason: "no-progress" });
  });
});
