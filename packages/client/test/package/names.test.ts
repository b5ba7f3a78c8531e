import { describe, expect, it } from "vitest";
import { InvalidInputError, type PackageContent } from "../../src/index.js";
import { rejection } from "../server.js";
import { packageOf, startStore } from "./store.js";

const destination = "App";

describe("Names that a server would change", () => {
  it("are rejected together before anything is sent", async () => {
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

  it("are listed up to 20, with their total number", async () => {
    await using store = await startStore();
    const names = Array.from({ length: 25 }, (_, index) => [`${index}#`, 1]);
    const error = await rejection(
      store.client.uploadPackage(packageOf(Object.fromEntries(names)), { destination }),
    );
    expect(String(error)).toMatch(/25 paths.*and 5 more/);
    expect(String(error).match(/#"/g)).toHaveLength(20);
  });

  it.each(["windows", "linux"] as const)(
    "may contain %% and # if gatewayPlatform is %s",
    async (platform) => {
      await using store = await startStore({ platform });
      const client = store.newClient({ gatewayPlatform: platform });
      await client.uploadPackage(packageOf({ "100%41#b": 3 }), { destination });
      expect(await store.sizesAt(destination)).toEqual({ "100%41#b": 3, "_.dir": 0 });
    },
  );

  it("include duplicate files, and files that are also folders, on every platform", async () => {
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

const bad = packageOf({ "a?": 1, "b.": 1, "con.txt": 1, "x/LPT1": 1 }, ["d /e"]);

describe("Names that Windows does not allow", () => {
  it("are rejected if the gateway turns out to run on Windows", async () => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(bad, { destination }));
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const name of ["a?", "b.", "con.txt", "x/LPT1", "d /e"]) {
      expect(String(error)).toContain(JSON.stringify(name));
    }
    expect(store.operations()).toEqual(["GetImageStoreUploadSessionById"]);
  });

  it("are rejected without a request if gatewayPlatform is windows", async () => {
    await using store = await startStore();
    const client = store.newClient({ gatewayPlatform: "windows" });
    expect(await rejection(client.uploadPackage(bad, { destination }))).toBeInstanceOf(InvalidInputError);
    expect(store.requests).toEqual([]);
  });

  it("are accepted on Linux", async () => {
    await using store = await startStore({ platform: "linux" });
    // The emulator rejects such names on either platform, but the client sends them.
    const error = await rejection(store.client.uploadPackage(bad, { destination }));
    expect(error).not.toBeInstanceOf(InvalidInputError);
    expect(store.operations()).toContain("UploadFile");
  });

  it("are not allowed as a destination", async () => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(packageOf({}), { destination: "x/nul" }));
    expect(String(error)).toMatch(/destination .*device/);
  });
});

describe("The path of a single file", () => {
  it("is rejected on Windows like a path in a package, before anything is sent", async () => {
    await using store = await startStore();
    for (const path of ["App/con.txt", "App/a?", "App/b./c"]) {
      const error = await rejection(store.client.uploadFile(path, new Uint8Array(1)));
      expect(error).toMatchObject({ name: "InvalidInputError", parameter: "storePath" });
    }
    expect(store.operations()).toEqual(["GetImageStoreUploadSessionById"]);
    expect(store.requests).toHaveLength(1);
  });

  it("is accepted on Linux, and other paths cost no request", async () => {
    await using linux = await startStore({ platform: "linux" });
    // The emulator rejects the name on either platform.
    const error = await rejection(linux.client.uploadFile("App/con.txt", new Uint8Array(1)));
    expect(error).toMatchObject({ name: "UploadError" });
    await using store = await startStore();
    await store.client.uploadFile("App/a.txt", new Uint8Array(1));
    expect(store.operations()).not.toContain("GetImageStoreUploadSessionById");
  });
});

describe("checkNames", () => {
  it("rejects what uploadPackage rejects, and sends no content", async () => {
    await using store = await startStore();
    const check = (content: PackageContent, path = destination) =>
      rejection(store.client.checkNames(content, path));
    expect(String(await check(bad))).toMatch(/content has 5 paths.*"a\?".*"x\/LPT1"/);
    expect(String(await check(packageOf({ "Code/a": 1, CODE: 2 })))).toMatch(/are the same name/);
    expect(String(await check(packageOf({}), "App/con.txt"))).toMatch(/destination .*device/);
    await store.client.checkNames(packageOf({ a: 1 }), destination);
    expect(store.operations()).toEqual(["GetImageStoreUploadSessionById"]);
  });
});

describe("Names that differ only in case", () => {
  const colliding = {
    "two files": packageOf({ "Code/a.dll": 1, "Code/A.DLL": 2 }),
    "two folders": packageOf({ "Code/a": 1, "code/b": 2 }),
    "a file and a folder": packageOf({ "Code/a": 1, CODE: 2 }),
    "an empty folder and a file": packageOf({ Data: 1 }, ["data"]),
  };

  it.each(Object.entries(colliding))("are rejected on Windows: %s", async (_, content) => {
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

  it("make the client ask the gateway only once", async () => {
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

describe("Invalid options and content", () => {
  const wrong: readonly [string, object][] = [
    ["replace", { replace: 1 }],
    ["verify", { verify: "no" }],
    ["allowUnexpected", { allowUnexpected: null }],
    ["concurrency", { concurrency: 0 }],
  ];
  it.each(wrong)("are rejected: %s", async (parameter, options) => {
    await using store = await startStore();
    const error = await rejection(store.client.uploadPackage(packageOf({}), { destination, ...options }));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter });
  });

  it("are rejected: files without a size", async () => {
    await using store = await startStore();
    const files = [{ relativePath: "a", size: Number.NaN, open: () => Promise.reject(new Error("unused")) }];
    const error = await rejection(store.client.uploadPackage({ files }, { destination }));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "content" });
  });
});
