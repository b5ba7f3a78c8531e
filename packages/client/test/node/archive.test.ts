import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder, sharedFolder, writeZip, type ZipEntry } from "@sf-image-store/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ArchiveOptions, openArchive } from "../../src/node/archive.js";
import { directoryOf } from "../package/directory.js";
import { startStore } from "../package/store.js";
import { rejection } from "../server.js";

async function open(entries: readonly ZipEntry[], options?: ArchiveOptions) {
  return openArchive(writeZip(join(scratchFolder(), "a.zip"), entries), options);
}

const temporary = sharedFolder();
/** The names of temporary files end with one. */
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
beforeEach(() => void vi.stubEnv(process.platform === "win32" ? "TEMP" : "TMPDIR", temporary));
afterEach(() => void vi.unstubAllEnvs());

const large = randomBytes(1_000_000);
const code = Buffer.concat([large, large]);

describe("openArchive", () => {
  it("uploads what is in the archive as a directory with the same content would be", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ "Empty/": 0 });
    await directory.write("ApplicationManifest.xml", "<a/>");
    await directory.write("Code/large.bin", code);
    await directory.write("Code/stored.bin", large);
    await using archive = await open([
      { name: "ApplicationManifest.xml", content: "<a/>" },
      { name: "Empty/", deflate: false },
      { name: "Code\\large.bin", content: code },
      { name: "Code/stored.bin", content: large, deflate: false },
      { name: "Code/_.dir", content: "" },
    ]);
    expect(archive.files.map(({ relativePath, size }) => [relativePath, size])).toEqual([
      ["ApplicationManifest.xml", 4],
      ["Code/large.bin", 2_000_000],
      ["Code/stored.bin", 1_000_000],
    ]);
    expect(archive.folders).toEqual(["Code", "Empty"]);
    await store.client.uploadPackage(archive, { destination: "App" });
    expect((await readFile(store.emulator.contentPath("App/Code/large.bin"))).equals(code)).toBe(true);
    expect(await store.client.verifyPackage(archive, "App")).toEqual({ proof: "content" });
    expect(await store.client.verifyPackage(directory.path, "App")).toEqual({ proof: "content" });
    expect(await store.client.uploadPackage(archive, { destination: "App" })).toMatchObject({
      alreadyThere: true,
      sentBytes: 0,
    });
    expect(readdirSync(temporary).filter((name) => uuid.test(name))).toEqual([]);
  });

  it("leaves out what exclude names, in folders without an entry of their own, too", async () => {
    await using archive = await open(
      [
        { name: "Code/a.dll", content: "a" },
        { name: "Code/a.pdb", content: "a" },
        { name: "Logs/old/b.log", content: "b" },
        { name: "Logs/../c", content: "not a problem, because it is left out" },
      ],
      { exclude: (path, kind) => path.endsWith(".pdb") || (kind === "folder" && path === "Logs") },
    );
    expect(archive.files.map(({ relativePath }) => relativePath)).toEqual(["Code/a.dll"]);
    expect(archive.folders).toEqual(["Code"]);
    expect(archive.excluded).toEqual(["Code/a.pdb", "Logs/"]);
  });

  it("rejects all hostile entries together", async () => {
    const error = await rejection(
      open([
        { name: "shared", content: "x".repeat(1000) },
        { name: "../out", content: "x" },
        { name: "a/../../out", content: "x" },
        { name: "..\\windows", content: "x" },
        { name: "/etc/passwd", content: "x" },
        { name: "C:/x", content: "x" },
        { name: "twice", content: "x" },
        { name: "twice", content: "y" },
        { name: "link", content: "/etc/passwd", mode: 0o120777 },
        { name: "device", content: "", mode: 0o060600 },
        { name: "secret", content: "x", flags: 1 },
        { name: "lzma", content: "x", method: 14 },
        { name: "bomb", content: "x", size: 4_000_000_000 },
        { name: "again", content: "x".repeat(1000), isShared: true },
        { name: "fine", content: "x", mode: 0o100644 },
      ]),
    );
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "archive" });
    for (const problem of [
      '"../out" leads out of the archive',
      '"a/../../out" leads out of the archive',
      '"../windows" leads out of the archive',
      '"/etc/passwd" is an absolute path',
      '"C:/x" is an absolute path',
      '"twice" is in the archive more than once',
      '"link" is a symbolic link',
      '"device" is a special file',
      '"secret" is encrypted',
      '"lzma" has a compression method that is not supported (14)',
      '"bomb" has a size that its bytes cannot have',
      '"shared" overlaps with another entry of the archive',
      '"again" overlaps with another entry of the archive',
    ])
      expect(String(error)).toContain(problem);
    expect(String(error)).toContain("has 13 paths");
  });

  it.each([
    [
      "Readme.txt and README.TXT",
      [{ name: "Readme.txt" }, { name: "README.TXT" }],
      /same name on the server/,
    ],
    ["a file and a folder of the same name", [{ name: "a" }, { name: "a/b" }], /same name on the server/],
    ["device names", [{ name: "con.txt" }, { name: "a/NUL" }], /has 2 paths.*Windows reserves/],
    ["empty names", [{ name: "a//b" }], /single slashes/],
  ])("is checked for names like a directory: %s", async (_, entries, message) => {
    await using store = await startStore();
    await using archive = await open(entries);
    const error = await rejection(store.client.uploadPackage(archive, { destination: "App" }));
    expect(error).toMatchObject({ name: "InvalidInputError", message: expect.stringMatching(message) });
  });

  it.each([
    ["has a wrong checksum", { content: "hello", crc: 1 }, /checksum does not match/],
    ["is larger than declared", { content: "x".repeat(5000), size: 100 }, /too many bytes/],
    ["is smaller than declared", { content: "x".repeat(5000), size: 5001 }, /not enough bytes/],
    ["is larger than declared, and large", { content: code, size: 1_000_000 }, /too many bytes/],
    ["is large and has a wrong checksum", { content: code, crc: 1 }, /checksum does not match/],
  ])("does not send a file that %s", async (_, entry, message) => {
    await using store = await startStore();
    await using archive = await open([{ name: "bad.bin", ...entry }]);
    const error = await rejection(store.client.uploadPackage(archive, { destination: "App" }));
    expect(error).toMatchObject({ name: "UploadError", reason: "source" });
    const { cause } = error instanceof Error ? error : {};
    expect(cause).toMatchObject({ name: "SourceError", message: expect.stringMatching(message) });
    expect(cause).toMatchObject({ cause: { name: "ArchiveError" } });
    await store.client.deleteContent({ storePath: "App" }).catch(() => {});
    expect(readdirSync(temporary).filter((name) => uuid.test(name))).toEqual([]);
  });

  it("rejects a file that is no archive, and a truncated one", async () => {
    const path = join(scratchFolder(), "a.zip");
    await writeFile(path, "no archive");
    expect(await rejection(openArchive(path))).toMatchObject({
      name: "InvalidInputError",
      parameter: "archive",
    });
    writeZip(path, [{ name: "a", content: "a".repeat(100) }]);
    await writeFile(path, (await readFile(path)).subarray(0, -30));
    expect(await rejection(openArchive(path))).toMatchObject({ name: "InvalidInputError" });
    expect(await rejection(openArchive(`${path}.none`))).toMatchObject({
      message: expect.stringContaining("ENOENT"),
    });
  });

  it("resumes an interrupted upload, and stops unpacking after an abort", async () => {
    await using store = await startStore();
    await using archive = await open([{ name: "large.bin", content: code }]);
    const abort = new AbortController();
    const first = store.client.uploadPackage(archive, {
      ...{ destination: "App", chunkSize: 300_000, concurrency: 1, abortSignal: abort.signal },
      onProgress: ({ committedBytes }) => committedBytes > 1_000_000 && abort.abort(),
    });
    expect(await rejection(first)).toMatchObject({ name: "UploadError", reason: "aborted" });
    const second = await store.client.uploadPackage(archive, { destination: "App", chunkSize: 300_000 });
    expect(second.resumedBytes).toBeGreaterThan(1_000_000);
    expect(second.sentBytes).toBeLessThan(1_000_000);
    const stopped = new AbortController();
    await using other = await open([{ name: "large.bin", content: code }], { abortSignal: stopped.signal });
    stopped.abort(new Error("enough"));
    await expect(other.files[0]?.open()).rejects.toThrow("enough");
  });
});
