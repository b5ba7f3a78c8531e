import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { applicationPackage, packageFiles, scratchFolder, writeTree } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { archiveContent } from "./packing/archive-content.js";
import { resultOf, type StoreForTest, storeForTest } from "./store-for-test.js";

async function storedFiles({ run }: StoreForTest, storePath: string): Promise<readonly string[]> {
  const { stdout } = await run("tree", storePath);
  return [...stdout.matchAll(/[\w.-]+\.(?:xml|exe|dll|pdb|log|html|zip|txt|sfignore)/g)].map(
    ([name]) => name,
  );
}

const symbols = {
  "WebPkg/Code/web.pdb": "symbols",
  "WebPkg/Code/wwwroot/a.log": "log",
  "WebPkg/Logs/b.log": "log",
} as const;
const withoutSymbols = ["--exclude", "*.pdb", "--exclude", "*.log"];
const files = Object.keys(packageFiles).length;

describe("patterns", () => {
  it("leave out files of upload, verify and --dry-run alike, and say how many", async () => {
    const store = await storeForTest();
    const directory = writeTree(applicationPackage(), symbols);
    const uploaded = await store.run("upload", directory, ...withoutSymbols);
    expect(uploaded.code).toBe(0);
    expect(uploaded.stderr).toContain(`Left out 3 paths of ${directory} because of patterns.\n`);
    expect(uploaded.stderr).not.toContain("web.pdb");
    const stored = await storedFiles(store, "ShopPkg");
    expect(stored).toContain("web.exe");
    expect(stored.filter((name) => /pdb|log/.test(name))).toEqual([]);
    const verified = await store.run("verify", directory, "ShopPkg", ...withoutSymbols, "--json");
    expect(resultOf(verified)).toMatchObject({ proof: "content", files });
    expect((await store.run("verify", directory, "ShopPkg")).code).toBe(5);
    const again = await store.run("upload", directory, ...withoutSymbols, "--dry-run", "-v");
    expect(again.stdout).toContain("Would send nothing");
    expect(again.stderr).toContain("Left out: WebPkg/Code/web.pdb\n");
  });

  it("are read from .sfignore, which is not uploaded, and can be overridden", async () => {
    const store = await storeForTest();
    const directory = writeTree(applicationPackage(), {
      ...symbols,
      ".sfignore": "# symbols\r\n*.PDB\r\n/WebPkg/Logs/\r\n",
      "WebPkg/Code/.sfignore": "only the one of the directory counts",
    });
    const count = async (...flags: string[]) => {
      const planned = await store.run("upload", directory, "--dry-run", "--json", ...flags);
      const result = resultOf(planned);
      if (typeof result !== "object" || result === null || !("files" in result)) throw new Error("no plan");
      return JSON.stringify(result.files).match(/storePath/g)?.length;
    };
    expect(await count()).toBe(files + 2);
    expect(await count("--exclude", "!web.pdb")).toBe(files + 3);
    expect(await count("--no-ignore-file")).toBe(files + 5);
    expect(await count("--include", "*.log", "--include", "*.pdb")).toBe(1);
  });

  it("apply to pack", async () => {
    const { run } = await storeForTest();
    const directory = writeTree(applicationPackage(), symbols);
    const output = join(scratchFolder(), "Shop.sfpkg");
    const packed = await run("pack", directory, "--sfpkg", "--output", output, ...withoutSymbols);
    expect(packed).toMatchObject({ code: 0, stderr: expect.stringContaining("Left out 3 paths") });
    expect(Object.keys(await archiveContent(output)).toSorted()).toEqual(
      Object.keys(packageFiles).toSorted(),
    );
  });

  it("that match nothing are noticed, and so are patterns that leave out everything", async () => {
    const { run } = await storeForTest();
    const directory = applicationPackage();
    const misspelled = await run("upload", directory, "--exclude", "*.pbd");
    expect(misspelled.stderr).toContain(`Left out nothing of ${directory} because of patterns.\n`);
    const none = await run("upload", directory, "--exclude", "*");
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("contains no files") });
    const one = await run("upload", join(directory, "ApplicationManifest.xml"), "--exclude", "*.xml");
    expect(one).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--exclude or --include leaves out"),
    });
    expect(await run("upload", directory, "--exclude", " ")).toMatchObject({ code: 2 });
  });
});

describe.skipIf(process.platform === "win32")("symbolic links", () => {
  it("are followed with --follow-symlinks, and those out of the directory are named", async () => {
    const store = await storeForTest();
    const directory = applicationPackage();
    const outside = writeTree(scratchFolder(), { "lib/x.dll": "x", "y.dll": "y" });
    symlinkSync(join(outside, "lib"), join(directory, "WebPkg/Code/lib"));
    symlinkSync(join(outside, "y.dll"), join(directory, "WebPkg/Code/y.dll"));
    symlinkSync("web.exe", join(directory, "WebPkg/Code/same.exe"));
    const refused = await store.run("upload", directory);
    expect(refused.code).toBe(2);
    for (const name of ["lib", "y.dll", "same.exe"])
      expect(refused.stderr).toContain(`"WebPkg/Code/${name}" is a symbolic link`);
    expect(refused.stderr).toContain("--follow-symlinks");
    const uploaded = await store.run("upload", directory, "--follow-symlinks");
    expect(uploaded.code).toBe(0);
    expect(uploaded.stderr).toContain("2 symbolic links lead out of ");
    expect(uploaded.stderr).toContain(`WebPkg/Code/y.dll -> ${join(outside, "y.dll")}`);
    expect(await storedFiles(store, "ShopPkg")).toEqual(
      expect.arrayContaining(["x.dll", "y.dll", "same.exe"]),
    );
    const verified = await store.run("verify", directory, "ShopPkg", "--follow-symlinks", "--json");
    expect(resultOf(verified)).toMatchObject({ proof: "content" });
    const packed = await store.run("pack", directory, "--output", `${directory}-p`, "--follow-symlinks");
    expect(packed.code).toBe(0);
  });
});

describe("verify --compress", () => {
  it("compares with what upload --compress sent", async () => {
    const store = await storeForTest();
    const directory = writeTree(applicationPackage(), symbols);
    expect((await store.run("upload", directory, "--compress", ...withoutSymbols)).code).toBe(0);
    expect(await storedFiles(store, "ShopPkg")).toContain("Code.zip");
    const verified = await store.run(
      "verify",
      directory,
      "ShopPkg",
      "--compress",
      ...withoutSymbols,
      "--json",
    );
    expect(resultOf(verified)).toMatchObject({ proof: "content", source: directory });
    writeTree(directory, { "WebPkg/Code/web.exe": "changed" });
    const changed = await store.run("verify", directory, "ShopPkg", "--compress", ...withoutSymbols);
    expect(changed).toMatchObject({ code: 5, stderr: expect.stringContaining("WebPkg/Code.zip") });
    const file = await store.run("verify", join(directory, "ApplicationManifest.xml"), "a.xml", "--compress");
    expect(file).toMatchObject({ code: 2, stderr: expect.stringContaining("is a file") });
  });
});
