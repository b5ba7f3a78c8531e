import { describe, expect, it } from "vitest";
import { InvalidInputError, VerificationError } from "../../src/index.js";
import { rejection } from "../server.js";
import { packageOf, type Store, startStore } from "./store.js";

const destination = "Apps/Web";
const content = packageOf({ "App.xml": 10, "Code/a": 20 });
const complete = { "App.xml": 10, "Code/_.dir": 0, "Code/a": 20, "_.dir": 0 };

/** The files of an interrupted upload, and files that do not belong to the package. */
async function leave(store: Store, sizes: Readonly<Record<string, number>>) {
  for (const [path, size] of Object.entries(sizes)) {
    await store.client.putFile({ storePath: `${destination}/${path}`, content: new Uint8Array(size) });
  }
}

const interrupted = { "App.xml": 3, "Code/a": 20, "Code/_.dir": 0 };
const foreign = { "old.txt": 4, "Old/b/c": 5, "Code/d": 6 };

function writes(store: Store): number {
  return store.requests.filter(({ method }) => method !== "GET").length;
}

describe("A complete package at the destination", () => {
  it("is not changed, and the error says what to do", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(content, { destination });
    const before = writes(store);
    const error = await rejection(store.client.uploadPackage(packageOf({ b: 1 }), { destination }));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(String(error)).toContain(
      "Apps/Web already contains a complete package that differs from this one: Apps/Web/App.xml is unexpected and 2 more. Pass replace: true to overwrite it.",
    );
    expect(writes(store)).toBe(before);
    expect(await store.sizesAt(destination)).toEqual(complete);
  });

  it("is deleted in one request before the replacement is sent", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ "Old/x": 1, y: 2 }), { destination });
    store.requests.length = 0;
    const { deletedPaths } = await store.client.uploadPackage(content, { destination, replace: true });
    expect(deletedPaths).toBe(1);
    expect(await store.sizesAt(destination)).toEqual(complete);
    const changes = store.requests
      .filter(({ method }) => method !== "GET")
      .map(({ operationId, url }) => `${operationId} ${url.split("?")[0]?.replace("/ImageStore/", "")}`);
    const deletions = [destination, `.sf-image-store-receipts/${destination}`];
    expect(changes.slice(0, 2)).toEqual(deletions.map((path) => `DeleteImageStoreContent ${path}`));
    expect(changes.slice(2).join()).not.toContain("DeleteImageStoreContent");
  });

  it("loses only its mark during the upload with `replace` and `allowUnexpected`", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf({ "App.xml": 1, "Old/x": 1 }), { destination });
    store.requests.length = 0;
    const options = { destination, replace: true, allowUnexpected: true };
    const { deletedPaths } = await store.client.uploadPackage(content, options);
    expect(deletedPaths).toBe(0);
    expect(await store.sizesAt(destination)).toEqual({ ...complete, "Old/x": 1, "Old/_.dir": 0 });
    const [first] = store.requests.filter(({ method }) => method !== "GET");
    expect(first).toMatchObject({
      method: "DELETE",
      url: expect.stringMatching(/^\/ImageStore\/Apps\/Web\/_\.dir\?/),
    });
  });
});

describe("A complete package whose sessions still exist", () => {
  it("is replaced by the same package without sending it again", async () => {
    await using store = await startStore();
    const large = packageOf({ a: 9000, "b/c": 5000 });
    const options = { destination, chunkSize: 2048, maxSingleShotSize: 1024 };
    store.emulator.addFault({ operation: "DeleteImageStoreUploadSession", do: "drop-before", times: 2 });
    const { sessionsLeft } = await store.client.uploadPackage(large, options);
    expect(sessionsLeft).toBe(2);
    const again = await store.client.uploadPackage(large, { ...options, replace: true });
    expect(again).toMatchObject({ sentBytes: 0, resumedBytes: 14_000, sessionsLeft: 0 });
    expect(await store.sizesAt(destination)).toEqual({ a: 9000, "b/c": 5000, "b/_.dir": 0, "_.dir": 0 });
  });
});

describe("An interrupted upload at the destination", () => {
  it("is resumed", async () => {
    await using store = await startStore();
    await leave(store, interrupted);
    await store.client.uploadPackage(content, { destination });
    expect(await store.sizesAt(destination)).toEqual(complete);
  });

  it("loses unexpected files with `replace`", async () => {
    await using store = await startStore();
    await leave(store, { ...interrupted, ...foreign });
    const { deletedPaths } = await store.client.uploadPackage(content, { destination, replace: true });
    expect(deletedPaths).toBe(3);
    expect(await store.sizesAt(destination)).toEqual(complete);
    const deleted = store.requests
      .filter(({ operationId }) => operationId === "DeleteImageStoreContent")
      .map(({ url }) => url.split("?")[0]?.replace(`/ImageStore/${destination}/`, ""));
    expect(deleted.sort()).toEqual(["Code/d", "Old", "old.txt"]);
  });

  it("loses unexpected files with `replace` even without verification", async () => {
    await using store = await startStore();
    await leave(store, foreign);
    await store.client.uploadPackage(content, { destination, replace: true, verify: false });
    expect(await store.sizesAt(destination)).toEqual(complete);
  });

  it("loses a file in place of a folder and a folder in place of a file", async () => {
    await using store = await startStore();
    await leave(store, { Code: 5, "App.xml/x": 5 });
    await store.client.uploadPackage(content, { destination, replace: true });
    expect(await store.sizesAt(destination)).toEqual(complete);
  });
});

describe("Unexpected files and folders", () => {
  it("cause one VerificationError before anything is sent", async () => {
    await using store = await startStore();
    await leave(store, foreign);
    const before = writes(store);
    const error = await rejection(store.client.uploadPackage(content, { destination }));
    expect(error).toBeInstanceOf(VerificationError);
    expect(error).toMatchObject({
      differences: [
        { storePath: `${destination}/Code/d`, kind: "unexpected", actualSize: 6 },
        { storePath: `${destination}/Old`, kind: "unexpected" },
        { storePath: `${destination}/old.txt`, kind: "unexpected", actualSize: 4 },
      ],
    });
    expect(writes(store)).toBe(before);
  });

  it("cause a VerificationError if they appear during the upload, and the package is not marked", async () => {
    await using store = await startStore();
    const files = content.files.map((file) => ({
      ...file,
      open: async () => {
        await leave(store, { "late.txt": 1 });
        return file.open();
      },
    }));
    const error = await rejection(store.client.uploadPackage({ files }, { destination }));
    expect(error).toMatchObject({
      differences: [{ storePath: `${destination}/late.txt`, kind: "unexpected" }],
    });
    expect(await store.sizesAt(destination)).not.toHaveProperty(["_.dir"]);
  });

  it.each([false, true])("are kept with `allowUnexpected` (replace: %s)", async (replace) => {
    await using store = await startStore();
    await leave(store, foreign);
    await store.client.uploadPackage(content, { destination, allowUnexpected: true, replace });
    expect(await store.sizesAt(destination)).toEqual({ ...complete, ...foreign });
  });

  it("do not include names that differ only in case on Windows", async () => {
    await using store = await startStore();
    await leave(store, { "APP.XML": 7, "CODE/A": 8 });
    await store.client.uploadPackage(content, { destination: destination.toUpperCase() });
    await store.client.verifyPackage(content, destination);
  });
});
