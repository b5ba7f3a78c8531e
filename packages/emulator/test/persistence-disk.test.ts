import { mkdirSync, renameSync, symlinkSync } from "node:fs";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { startEmulator } from "../src/index.js";
import { Content } from "../src/store/content.js";
import { allFiles, deleteContent, putFiles } from "./content-exchange.js";
import { emulatorForTest } from "./exchange.js";
import { imageStoreForTest, stage, timeForTest } from "./image-store-for-test.js";

const clock = { now: () => timeForTest };

describe("a folder that becomes a symbolic link during an upload", () => {
  it.each(["App/Code/a", "App/new/a"])("does not redirect %s outside the folder", async (name) => {
    const store = await imageStoreForTest();
    const { content } = store;
    await content.replace(content.parsePath("App/Code/a"), await stage(store, "old"));
    const outside = scratchFolder();
    mkdirSync(join(outside, "Code"));
    const file = await stage(store, "new");
    // Runs up to its first wait; what follows comes before it goes on.
    const moved = content.replace(content.parsePath(name), file);
    renameSync(join(content.root, "App"), join(content.root, "Moved"));
    symlinkSync(outside, join(content.root, "App"));
    await expect(moved).rejects.toMatchObject({ code: "E_INVALIDARG" });
    expect(await readdir(outside, { recursive: true })).toEqual(["Code"]);
    expect(await readFile(join(content.root, "Moved", "Code", "a"), "utf8")).toBe("old");
  });
});

describe("--platform windows on a case-sensitive disk", () => {
  it.each([
    ["a", "A"],
    ["App/Code/x", "App/code/y"],
  ])("does not start with %s and %s", async (left, right) => {
    const location = scratchFolder();
    for (const path of [left, right]) {
      const file = join(location, "content", path);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, "x");
    }
    const names = [left, right].map((path) => path.replace(/\/[xy]$/, ""));
    const open = Content.open(location, { platform: "windows", clock });
    const message = await open.then(
      () => "",
      (error: unknown) => String(error),
    );
    for (const name of names) expect(message).toContain(join(location, "content", name));
    const linux = await Content.open(location, { platform: "linux", clock });
    linux.close();
  });

  it("never creates such names itself, not even by simultaneous writes", async () => {
    const store = await imageStoreForTest();
    const { content } = store;
    const files = [await stage(store, "x"), await stage(store, "y")];
    await Promise.all(
      ["A/x", "a/y"].map((path, index) => content.replace(content.parsePath(path), files[index] ?? "")),
    );
    expect(await readdir(content.root)).toHaveLength(1);
  });
});

describe("a large folder that is deleted", () => {
  it("leaves one line in the index, and stays deleted after a restart", async () => {
    const location = scratchFolder();
    const first = await startEmulator({ location });
    const index = join(location, "index.jsonl");
    const inside = Array.from({ length: 50 }, (_, number) => `App/Code ${number % 7}/${number}`);
    await putFiles(first, "App.v1", "Apple/a", ...inside.map((path) => encodeURIComponent(path)));
    const lines = async () => (await readFile(index, "utf8")).trimEnd().split("\n");
    const before = (await lines()).length;
    await deleteContent(first, "APP");
    expect((await lines()).slice(before)).toEqual(['{"removedBelow":"APP"}']);
    expect(await allFiles(first)).toEqual(["App.v1", "Apple\\a"]);
    await putFiles(first, "app/again");
    await first.close();
    const second = await emulatorForTest({ location });
    expect(await allFiles(second)).toEqual(["App.v1", "Apple\\a", "app\\again"]);
  });

  it("removes the versions of its files, even if new files take their paths", async () => {
    const location = scratchFolder();
    const version = (number: number) => ({ dataLoss: "1", configuration: "1", number });
    const line = (path: string, number: number) => ({
      path,
      version: version(number),
      size: 1,
      modifiedAt: 1000,
    });
    const journal = [line("App/a", 1), { removedBelow: "app" }, line("App/b", 2)];
    await mkdir(join(location, "content", "App"), { recursive: true });
    for (const name of ["a", "b"]) {
      await writeFile(join(location, "content", "App", name), "x");
      await utimes(join(location, "content", "App", name), 1, 1);
    }
    await writeFile(join(location, "index.jsonl"), journal.map((entry) => JSON.stringify(entry)).join("\n"));
    const content = await Content.open(location, { platform: "windows", clock });
    const numbers = content.below(undefined).map(({ version: { number } }) => number);
    content.close();
    expect(numbers).toEqual([3, 2]);
  });
});
