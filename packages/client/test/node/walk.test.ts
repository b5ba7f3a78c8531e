import { execFile } from "node:child_process";
import { chmod, readFile, realpath, symlink } from "node:fs/promises";
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

  it("leaves out what exclude names, and folders that are empty because of it", async () => {
    await using directory = await directoryOf({
      ...{ "Code/a.dll": 1, "Code/a.pdb": 2, "Symbols/x/a.pdb": 3, "obj/b.dll": 4, "Data/": 0 },
      "obj/deep/c": 1,
    });
    const asked: string[] = [];
    const content = await walkDirectory(directory.path, {
      exclude: (path, kind) => {
        asked.push(`${kind} ${path}`);
        return path.endsWith(".pdb") || (kind === "folder" && path === "obj");
      },
    });
    expect(content.files.map(({ relativePath }) => relativePath)).toEqual(["Code/a.dll"]);
    expect(content.folders).toEqual(["Code", "Data"]);
    expect(content.excluded).toEqual(["Code/a.pdb", "Symbols/x/a.pdb", "obj/"]);
    expect(asked.toSorted()).toEqual([
      ...["file Code/a.dll", "file Code/a.pdb", "file Symbols/x/a.pdb"],
      ...["folder Code", "folder Data", "folder Symbols", "folder Symbols/x", "folder obj"],
    ]);
  });

  it.skipIf(onWindows)("does not look at files and links that are left out", async () => {
    await using directory = await directoryOf({ "a/b": 1 });
    await symlink("nowhere", join(directory.path, "a/dangling"));
    await promisify(execFile)("mkfifo", [join(directory.path, "pipe")]);
    const exclude = (path: string) => path !== "a" && path !== "a/b";
    expect(await walkDirectory(directory.path, { exclude })).toMatchObject({
      ...{ files: [{ relativePath: "a/b" }], excluded: ["a/dangling", "pipe"] },
    });
  });

  describe.skipIf(onWindows)("with followSymlinks", () => {
    it("reads the targets of links, and reports those outside of the directory", async () => {
      await using store = await startStore();
      await using outside = await directoryOf({ "lib/x.so": 5, "lib/deep/y": 6, large: 70_000 });
      await using directory = await directoryOf({ "a/b": 1 });
      const at = (path: string) => join(directory.path, path);
      await symlink(join(outside.path, "lib"), at("a/lib"));
      await symlink(join(outside.path, "large"), at("large"));
      await symlink("b", at("a/c"));
      const content = await walkDirectory(directory.path, { followSymlinks: true });
      const files = content.files.map(({ relativePath, size }) => [relativePath, size]);
      expect(files).toEqual([
        ...[
          ["a/b", 1],
          ["a/c", 1],
          ["a/lib/deep/y", 6],
          ["a/lib/x.so", 5],
          ["large", 70_000],
        ],
      ]);
      expect(content.folders).toEqual(["a", "a/lib", "a/lib/deep"]);
      const real = { directory: await realpath(directory.path), outside: await realpath(outside.path) };
      expect(content.links).toEqual([
        { relativePath: "a/c", target: join(real.directory, "a/b"), isOutside: false },
        { relativePath: "a/lib", target: join(real.outside, "lib"), isOutside: true },
        { relativePath: "large", target: join(real.outside, "large"), isOutside: true },
      ]);
      await store.client.uploadPackage(content, { destination: "App" });
      expect(await store.client.verifyPackage(content, "App")).toEqual({ proof: "content" });
    });

    it("rejects cycles, missing targets and special files together", async () => {
      await using directory = await directoryOf({ "a/b/c": 1, "d/e": 1 });
      const at = (path: string) => join(directory.path, path);
      await symlink("..", at("a/b/up"));
      await symlink(".", at("self"));
      await symlink("nowhere", at("a/dangling"));
      await symlink("loop", at("loop"));
      await symlink("/dev/null", at("null"));
      // Two folders that link to each other are a cycle only from within.
      await symlink("../d", at("a/to-d"));
      await symlink("../a", at("d/to-a"));
      const error = await rejection(walkDirectory(directory.path, { followSymlinks: true }));
      expect(error).toMatchObject({ name: "InvalidInputError", parameter: "directory" });
      expect(String(error)).toContain(
        'has 9 paths that cannot be uploaded: "a/b/up" is a symbolic link to a folder that contains it; ' +
          '"a/dangling" is a symbolic link that cannot be followed: ENOENT; ' +
          '"a/to-d/to-a" is a symbolic link to a folder that contains it; ' +
          '"d/to-a/b/up" is a symbolic link to a folder that contains it; ' +
          '"d/to-a/dangling" is a symbolic link that cannot be followed: ENOENT; ' +
          '"d/to-a/to-d" is a symbolic link to a folder that contains it; ' +
          '"loop" is a symbolic link that cannot be followed: ELOOP; "null" is a device; ' +
          '"self" is a symbolic link to a folder that contains it',
      );
    });
  });
});
