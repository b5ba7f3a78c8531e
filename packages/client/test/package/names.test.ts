import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../../src/index.js";
import { rejection } from "../server.js";
import { packageOf, startStore } from "./store.js";

const destination = "App";

describe("Names that a server would store as others", () => {
  it("are refused all at once, before anything is sent", async () => {
    await using store = await startStore();
    const content = packageOf({ "a#b": 1, good: 1, "c\\d": 1, "x/_.DIR": 1, "e/$": 1, "f/../g": 1 }, ["h "]);
    const error = await rejection(store.client.uploadPackage(content, { destination }));
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const name of ["a#b", "c\\d", "x/_.DIR", "e/$", "f/../g", "h "]) {
      expect(String(error)).toContain(JSON.stringify(name));
    }
    expect(String(error)).not.toContain('"good"');
    expect(store.requests).toEqual([]);
  });

  it("are shown up to twenty, and counted", async () => {
    await using store = await startStore();
    const names = Array.from({ length: 25 }, (_, index) => [`${index}#`, 1]);
    const error = await rejection(
      store.client.uploadPackage(packageOf(Object.fromEntries(names)), { destination }),
    );
    expect(String(error)).toMatch(/25 paths.*and 5 more/);
    expect(String(error).match(/#"/g)).toHaveLength(20);
  });

  it.each(["windows", "linux"] as const)(
    "pass with %% and # when the gateway is known to be on %s",
    async (platform) => {
      await using store = await startStore({ platform });
      const client = store.newClient({ gatewayPlatform: platform });
      await client.uploadPackage(packageOf({ "100%41#b": 3 }), { destination });
      expect(await store.sizesAt(destination)).toEqual({ "100%41#b": 3, "_.dir": 0 });
    },
  );

  it("are refused for a file that is given twice, or is a folder too, on every platform", async () => {
    await using store = await startStore({ platform: "linux" });
    const { files } = packageOf({ a: 1 });
    const twice = await rejection(
      store.client.uploadPackage({ files: [...files, ...files] }, { destination }),
    );
    expect(String(twice)).toMatch(/"a" \(file\) and "a" \(file\) are the same name/);
    const both = await rejection(store.client.uploadPackage(packageOf({ a: 1, "a/b": 1 }), { destination }));
    expect(String(both)).toMatch(/"a" \(file\) and "a" \(folder\) are the same name/);
    expect(store.requests).toEqual([]);
  });
});

describe("Names that Windows cannot hold", () => {
  const bad = packageOf({ "a?": 1, "b.": 1, "con.txt": 1, "x/LPT1": 1 }, ["d /e"]);

  it("are refused when the gateway turns out to be on Windows", async () => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(bad, { destination }));
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const name of ["a?", "b.", "con.txt", "x/LPT1", "d /e"]) {
      expect(String(error)).toContain(JSON.stringify(name));
    }
    expect(store.operations()).toEqual(["GetImageStoreUploadSessionById"]);
  });

  it("are refused without asking when it is known to be", async () => {
    await using store = await startStore();
    const client = store.newClient({ gatewayPlatform: "windows" });
    expect(await rejection(client.uploadPackage(bad, { destination }))).toBeInstanceOf(InvalidInputError);
    expect(store.requests).toEqual([]);
  });

  it("pass on Linux", async () => {
    await using store = await startStore({ platform: "linux" });
    // The emulator itself stores no such names, on either platform: they come that far.
    const error = await rejection(store.client.uploadPackage(bad, { destination }));
    expect(error).not.toBeInstanceOf(InvalidInputError);
    expect(store.operations()).toContain("UploadFile");
  });

  it("are no destination either", async () => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(packageOf({}), { destination: "x/nul" }));
    expect(String(error)).toMatch(/destination .*device/);
  });
});

describe("Names that differ in case only", () => {
  const colliding = {
    "two files": packageOf({ "Code/a.dll": 1, "Code/A.DLL": 2 }),
    "two folders": packageOf({ "Code/a": 1, "code/b": 2 }),
    "a file and a folder": packageOf({ "Code/a": 1, CODE: 2 }),
    "an empty folder and a file": packageOf({ Data: 1 }, ["data"]),
  };

  it.each(Object.entries(colliding))("are refused on Windows: %s", async (_, content) => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(content, { destination }));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(String(error)).toMatch(/are the same (name|folder)/);
    expect(store.operations()).toEqual(["GetImageStoreUploadSessionById"]);
  });

  it.each(Object.entries(colliding))("are stored on Linux: %s", async (_, content) => {
    await using store = await startStore({ platform: "linux" });
    await store.client.uploadPackage(content, { destination });
    for (const { relativePath, size } of content.files) {
      expect(await store.sizesAt(destination)).toHaveProperty([relativePath], size);
    }
    await store.client.verifyPackage(content, destination);
  });

  it("make the client ask the gateway once and for all", async () => {
    await using store = await startStore({ platform: "linux" });
    await store.client.uploadPackage(packageOf({ a: 1 }), { destination });
    await store.client.verifyPackage(packageOf({ a: 1 }), destination);
    const questions = store.requests.filter(({ url }) => url.includes("GetUploadSession"));
    expect(questions).toHaveLength(1);
  });
});

describe("A destination", () => {
  it.each(["", "/App", "Store", "windowsfabricstore", "a//b"])("cannot be %j", async (wrong) => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(packageOf({}), { destination: wrong }));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
    expect(store.requests).toEqual([]);
  });
});

describe("Options and content that make no sense", () => {
  const wrong: readonly [string, object][] = [
    ["replace", { replace: 1 }],
    ["verify", { verify: "no" }],
    ["allowUnexpected", { allowUnexpected: null }],
    ["concurrency", { concurrency: 0 }],
  ];
  it.each(wrong)("are refused: %s", async (parameter, options) => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(packageOf({}), { destination, ...options }));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter });
  });

  it("are refused: files without a size", async () => {
    await using store = await startStore();
    const files = [{ relativePath: "a", size: Number.NaN, open: () => Promise.reject(new Error("unused")) }];
    const error = await rejection(store.client.uploadPackage({ files }, { destination }));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "content" });
  });
});
