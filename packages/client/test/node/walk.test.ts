import { execFile } from "node:child_process";
import { chmod, readFile, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { walkDirectory } from "../../src/node/package-files.js";
import { directoryOf } from "../package/directory.js";
import { bytesOf, packageOf, startStore } from "../package/store.js";
import { rejection } from "../server.js";

const onWindows = process.platform === "win32";

describe("walkDirectory", () => {
  it("returns files with their sizes and all folders, sorted", async () => {
    await using directory = await directoryOf({ "b/c/d": 3, b2: 4, "a/": 0, "b/A": 1, "b/c/empty/": 0 });
    const { files, folders } = await walkDirectory(directory.path);
    expect(files.map(({ relativePath, size }) => [relativePath, size])).toEqual([
      ["b/A", 1],
      ["b/c/d", 3],
      ["b2", 4],
    ]);
    expect(folders).toEqual(["a", "b", "b/c", "b/c/empty"]);
  });

  it("skips mark files, ignoring case", async () => {
    await using directory = await directoryOf({ "_.dir": 0, "a/_.DIR": 5, "a/b": 1 });
    const { files } = await walkDirectory(directory.path);
    expect(files.map(({ relativePath }) => relativePath)).toEqual(["a/b"]);
  });

  it("may start at a link to a directory", async () => {
    await using directory = await directoryOf({ "real/a": 1 });
    const link = join(directory.path, "link");
    await symlink(join(directory.path, "real"), link, "junction");
    expect((await walkDirectory(link)).files).toHaveLength(1);
  });

  it("reads small files once, so that the upload sends what they contained then", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ a: 100 });
    const content = await walkDirectory(directory.path);
    await directory.write("a", bytesOf(100, 7));
    await store.client.uploadPackage(content, { destination: "App" });
    expect(await readFile(store.emulator.contentPath("App/a"))).toEqual(Buffer.from(bytesOf(100, 1)));
    await store.client.verifyPackage(content, "App");
  });

  it("gives the same hashes as other sources", async () => {
    await using store = await startStore();
    const sizes = { empty: 0, a: 1, "b/c": 64 * 1024, "b/d": 64 * 1024 + 1 };
    await using directory = await directoryOf(sizes);
    await store.client.uploadPackage(directory.path, { destination: "App" });
    expect(await store.client.verifyPackage(packageOf(sizes), "App")).toEqual({ proof: "content" });
  });

  it("keeps at most 16 MiB in memory, and no file above 64 KiB", async () => {
    const KiB = 1024;
    const names = Array.from({ length: 270 }, (_, index) => [`f${index}`, 64 * KiB]);
    await using directory = await directoryOf({ ...Object.fromEntries(names), large: 64 * KiB + 1 });
    const { files } = await walkDirectory(directory.path);
    let kept = 0;
    for (const file of files) {
      const source = await file.open();
      if ("whole" in source) kept += file.size;
      if (file.relativePath === "large") expect(source).not.toHaveProperty("whole");
      if ("close" in source) await source.close?.();
    }
    expect(kept).toBe(16 * KiB * KiB);
  });

  it.each(["a", "none"])("rejects a path that is not a directory: %s", async (name) => {
    await using directory = await directoryOf({ a: 1 });
    const error = await rejection(walkDirectory(join(directory.path, name)));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "directory" });
  });

  it.skipIf(onWindows)("rejects links, sockets and pipes together", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ "a/b": 1 });
    const at = (path: string) => join(directory.path, path);
    await symlink(at("a/b"), at("to-file"));
    await symlink(at("a"), at("a/to-folder"));
    await symlink(at("nowhere"), at("a/dangling"));
    await promisify(execFile)("mkfifo", [at("pipe")]);
    const server = createServer().listen(at("socket"));
    await new Promise((listening) => server.once("listening", listening));
    onTestFinished(() => void server.close());
    const error = await rejection(store.client.uploadPackage(directory.path));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "directory" });
    expect(String(error)).toContain(
      '"a/dangling" is a symbolic link; "a/to-folder" is a symbolic link; "pipe" is a pipe; ' +
        '"socket" is a socket; "to-file" is a symbolic link',
    );
    expect(store.requests).toEqual([]);
  });

  // Windows does not have these permissions.
  it.skipIf(onWindows)("rejects unreadable files and folders together", async () => {
    await using directory = await directoryOf({ "a/b": 1, "c/d": 1, e: 1 });
    const paths = ["a", "e"].map((name) => join(directory.path, name));
    await chmod(directory.path, 0o755);
    for (const path of paths) await chmod(path, 0);
    const script = fileURLToPath(new URL("walk-process.ts", import.meta.url));
    const flags = ["--import", "tsx", "-C", "@sf-image-store/source", script];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, directory.path]);
    for (const path of paths) await chmod(path, 0o700);
    expect(stdout).toContain('"a" cannot be read: EACCES; "e" cannot be read: EACCES');
  });
});
