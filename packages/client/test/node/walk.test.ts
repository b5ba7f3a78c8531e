import { execFile } from "node:child_process";
import { chmod, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { walkDirectory } from "../../src/node/package-files.js";
import { directoryOf } from "../package/directory.js";
import { startStore } from "../package/store.js";
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
