import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { applicationPackage, packageFiles, scratchFolder, writeTree } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { packToTemporaryCopy } from "../../src/packing/write-package.js";
import { archiveContent } from "./archive-content.js";

const never = new AbortController().signal;

describe("a compressed copy", () => {
  it("has an archive instead of every folder of a service package, and everything else unchanged", async () => {
    const original = applicationPackage();
    await using copy = await packToTemporaryCopy(original, never);
    expect(basename(copy.directory)).toBe("ShopPkg");
    expect(treeOf(copy.directory)).toEqual([
      "ApplicationManifest.xml",
      "Notes/readme.txt",
      "WebPkg/Code.zip",
      "WebPkg/Config.zip",
      "WebPkg/ServiceManifest.xml",
    ]);
    expect(await archiveContent(join(copy.directory, "WebPkg/Code.zip"))).toEqual({
      "web.exe": packageFiles["WebPkg/Code/web.exe"],
      "wwwroot/ä.html": packageFiles["WebPkg/Code/wwwroot/ä.html"],
    });
    expect(readFileSync(join(copy.directory, "WebPkg/ServiceManifest.xml"), "utf8")).toBe(
      packageFiles["WebPkg/ServiceManifest.xml"],
    );
  });

  it("does not modify the original, and is deleted when disposed", async () => {
    const original = applicationPackage();
    const before = treeOf(original);
    const copy = await packToTemporaryCopy(original, never);
    await copy[Symbol.asyncDispose]();
    expect(treeOf(original)).toEqual(before);
    expect(existsSync(dirname(copy.directory))).toBe(false);
  });

  it.skipIf(process.platform === "win32")("can be read only by its owner", async () => {
    await using copy = await packToTemporaryCopy(applicationPackage(), never);
    expect(statSync(dirname(copy.directory)).mode & 0o777).toBe(0o700);
  });

  it("has the same bytes for the same content, regardless of dates, modes and time zone", async () => {
    const one = applicationPackage();
    const other = applicationPackage();
    utimesSync(join(other, "WebPkg/Code/web.exe"), 1e9, 1e9);
    chmodSync(join(other, "WebPkg/Code/web.exe"), 0o744);
    await using first = await packToTemporaryCopy(one, never);
    await using second = await inTimeZone("Asia/Kolkata", () => packToTemporaryCopy(other, never));
    const bytes = (copy: { directory: string }) => readFileSync(join(copy.directory, "WebPkg/Code.zip"));
    expect(bytes(second).equals(bytes(first))).toBe(true);
  });

  it("keeps empty folders inside and outside archives", async () => {
    const original = applicationPackage();
    mkdirSync(join(original, "WebPkg/Code/logs"));
    mkdirSync(join(original, "WebPkg/Data"));
    mkdirSync(join(original, "Empty"));
    await using copy = await packToTemporaryCopy(original, never);
    expect(await archiveContent(join(copy.directory, "WebPkg/Code.zip"))).toHaveProperty(["logs/"], "");
    expect(await archiveContent(join(copy.directory, "WebPkg/Data.zip"))).toEqual({});
    expect(statSync(join(copy.directory, "Empty")).isDirectory()).toBe(true);
  });

  it("replaces an existing archive next to the folder", async () => {
    const original = writeTree(applicationPackage(), { "WebPkg/code.zip": "old" });
    await using copy = await packToTemporaryCopy(original, never);
    expect(treeOf(copy.directory).filter((path) => /code\.zip/i.test(path))).toEqual(["WebPkg/Code.zip"]);
  });

  it("leaves nothing behind when it is stopped", async () => {
    const before = leftovers();
    await expect(packToTemporaryCopy(applicationPackage(), AbortSignal.abort())).rejects.toThrow();
    expect(leftovers()).toEqual(before);
  });

  it("is rejected for a folder without ApplicationManifest.xml, and for symbolic links", async () => {
    const folder = writeTree(scratchFolder(), { "WebPkg/ServiceManifest.xml": "" });
    await expect(packToTemporaryCopy(folder, never)).rejects.toThrow(/is not an application package/);
    const original = applicationPackage();
    symlinkSync("web.exe", join(original, "WebPkg/Code/link.exe"));
    await expect(packToTemporaryCopy(original, never)).rejects.toThrow(
      /"WebPkg\/Code\/link.exe" is a symbolic link/,
    );
  });
});

function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("sf-image-store-pack-"));
}

async function inTimeZone<Value>(zone: string, work: () => Promise<Value>): Promise<Value> {
  const before = process.env["TZ"];
  process.env["TZ"] = zone;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
}
