import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  applicationPackage,
  packageFiles,
  scratchFolder,
  writeTree,
  writeZip,
} from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { readStandardInput } from "../src/upload/source.js";
import { startCli } from "./cli-process.js";
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
    const packed = await run("pack", directory, "--sfpkg", "--to", output, ...withoutSymbols);
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
    symlinkSync("..", join(directory, "WebPkg/up"));
    const cycle = await store.run("upload", directory, "--follow-symlinks");
    expect(cycle.stderr).toContain('"WebPkg/up" is a symbolic link to a folder that contains it');
    expect(cycle.stderr).not.toContain("--follow-symlinks");
    rmSync(join(directory, "WebPkg/up"));
    const uploaded = await store.run("upload", directory, "--follow-symlinks");
    expect(uploaded.code).toBe(0);
    expect(uploaded.stderr).toContain("2 symbolic links lead out of ");
    expect(uploaded.stderr).toContain(`WebPkg/Code/y.dll -> ${join(outside, "y.dll")}`);
    expect(await storedFiles(store, "ShopPkg")).toEqual(
      expect.arrayContaining(["x.dll", "y.dll", "same.exe"]),
    );
    const verified = await store.run("verify", directory, "ShopPkg", "--follow-symlinks", "--json");
    expect(resultOf(verified)).toMatchObject({ proof: "content" });
    const packed = await store.run("pack", directory, "--to", `${directory}-p`, "--follow-symlinks");
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

/** The package of `applicationPackage` as an .sfpkg file. */
async function sfpkg({ run }: StoreForTest): Promise<string> {
  const output = join(scratchFolder(), "Shop.sfpkg");
  expect((await run("pack", applicationPackage(), "--sfpkg", "--to", output)).code).toBe(0);
  return output;
}

describe("an archive", () => {
  it("is uploaded like the directory it was made from, and verified and resumed like it", async () => {
    const store = await storeForTest();
    const archive = await sfpkg(store);
    const uploaded = await store.run("upload", archive);
    expect(uploaded).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Shop is in the image store: 6 files/),
    });
    expect(uploaded.stderr).toContain(
      `Using the content of ${archive}. To use the file itself, pass --no-unpack.\n`,
    );
    expect(await storedFiles(store, "Shop")).toContain("web.exe");
    const directory = applicationPackage();
    for (const path of [archive, directory])
      expect(resultOf(await store.run("verify", path, "Shop", "--json"))).toMatchObject({
        proof: "content",
        files,
      });
    expect((await store.run("upload", directory, "--to", "Shop")).stdout).toContain("Nothing was sent");
    expect((await store.run("upload", archive, "--dry-run")).stdout).toContain("Would send nothing");
  });

  it("can be uploaded as a file, which is the default for .zip files", async () => {
    const store = await storeForTest();
    const archive = await sfpkg(store);
    const zip = join(scratchFolder(), "data.zip");
    renameSync(archive, zip);
    expect((await store.run("upload", zip)).stdout).toMatch(/^data\.zip is in the image store/);
    expect((await store.run("verify", zip, "data.zip")).code).toBe(0);
    expect((await store.run("upload", zip, "--unpack", "--to", "Apps/")).stdout).toMatch(/^Apps\/data is in/);
    renameSync(zip, archive);
    expect((await store.run("upload", archive, "--no-unpack")).stdout).toMatch(/^Shop\.sfpkg is in/);
    expect((await store.run("verify", archive, "Shop.sfpkg", "--no-unpack")).code).toBe(0);
  });

  it("is compressed like a directory, and patterns apply to it", async () => {
    const store = await storeForTest();
    const archive = await sfpkg(store);
    const flags = ["--compress", "--exclude", "*.html"];
    const uploaded = await store.run("upload", archive, ...flags);
    expect(uploaded).toMatchObject({ code: 0, stderr: expect.stringContaining("Left out 1 path of") });
    expect(await storedFiles(store, "Shop")).toContain("Code.zip");
    const verified = await store.run("verify", archive, "Shop", ...flags, "--json");
    expect(resultOf(verified)).toMatchObject({ proof: "content" });
  });

  it("is uploaded as it is: its .sfignore file does not apply, which a note says", async () => {
    const store = await storeForTest();
    const archive = join(scratchFolder(), "Shop.sfpkg");
    writeZip(archive, [
      { name: "ApplicationManifest.xml", content: packageFiles["ApplicationManifest.xml"] },
      { name: ".sfignore", content: "*.pdb" },
      { name: "a.pdb", content: "symbols" },
    ]);
    const uploaded = await store.run("upload", archive, "--no-lint");
    expect(uploaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Shop is .*: 3 files/) });
    const note = `${archive} contains .sfignore. Its patterns are not applied`;
    expect(uploaded.stderr).toContain(note);
    for (const flags of [["--no-ignore-file"], ["--exclude", ".sfignore"]])
      expect((await store.run("lint", archive, ...flags)).stderr).not.toContain(note);
  });

  it("that is no archive, damaged or hostile is rejected with what to do", async () => {
    const { run, emulator } = await storeForTest();
    const folder = scratchFolder();
    const none = join(writeTree(folder, { "a.sfpkg": "text" }), "a.sfpkg");
    const rejected = await run("upload", none);
    expect(rejected).toMatchObject({ code: 2, stdout: "" });
    expect(rejected.stderr).toContain(`The archive must be a zip archive, and ${none} cannot be read as one`);
    const hostile = join(folder, "b.sfpkg");
    writeZip(hostile, [
      { name: "../../out", content: "x" },
      { name: "ln", mode: 0o120777, content: "/" },
    ]);
    expect((await run("upload", hostile)).stderr).toContain(
      'The package has 2 paths that cannot be uploaded:\n  "../../out" leads out of the archive\n  "ln" is a symbolic link',
    );
    const damaged = join(folder, "c.sfpkg");
    writeZip(damaged, [{ name: "ApplicationManifest.xml", content: "<a/>", crc: 1 }]);
    const failed = await run("upload", damaged, "--json");
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout).error).toMatchObject({
      kind: "damaged-archive",
      remedy: expect.stringContaining("Create the archive again"),
    });
    expect(existsSync(emulator.contentPath("c/_.dir"))).toBe(false);
  });
});

describe("standard input", () => {
  it("is uploaded, verified and planned as a file", async () => {
    const store = await storeForTest();
    const content = randomBytes(1_000_000);
    const pipe = (...args: string[]) =>
      startCli(args, { SF_ENDPOINT: store.emulator.endpoint }, Readable.from([content])).result;
    const planned = await pipe("upload", "-", "--to", "App/data.bin", "--dry-run", "--json");
    expect(resultOf(planned)).toMatchObject({ source: "-", totalBytes: 1_000_000 });
    const uploaded = await pipe("upload", "-", "--to", "App/data.bin");
    expect(uploaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^App\/data\.bin is in/) });
    expect(readFileSync(store.emulator.contentPath("App/data.bin")).equals(content)).toBe(true);
    expect(resultOf(await pipe("verify", "-", "App/data.bin", "--json"))).toMatchObject({ proof: "content" });
    expect((await pipe("upload", "-", "--to", "App/data.bin")).stdout).toContain("Nothing was sent");
  });

  it("needs a name, and cannot be combined", async () => {
    const { run } = await storeForTest();
    for (const args of [["-"], ["-", "--to", "App/"]])
      expect(await run("upload", ...args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("has no name"),
      });
    const both = await run("upload", "-", applicationPackage(), "--to", "App/");
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be combined") });
    const stat = await run("upload", "-", "--to", "a", "--fingerprint", "stat");
    expect(stat).toMatchObject({ code: 2, stderr: expect.stringContaining("--fingerprint stat") });
  });

  it("has a limit, and must not be a terminal", async () => {
    const { signal } = new AbortController();
    const stdin = Readable.from([new Uint8Array(2000)]);
    await expect(readStandardInput({ stdin, signal }, 1024)).rejects.toThrow(
      "Standard input has more than 1.00 KiB. Write it to a file, and specify its path.",
    );
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    await expect(readStandardInput({ stdin: terminal, signal })).rejects.toThrow("is a terminal");
  });
});

describe("several paths", () => {
  function shops(): { readonly folder: string; readonly paths: readonly string[] } {
    const folder = scratchFolder();
    for (const name of ["One", "Two"]) writeTree(join(folder, name), packageFiles);
    writeTree(folder, { "data.bin": "data" });
    return { folder, paths: ["One", "Two", "data.bin"].map((name) => join(folder, name)) };
  }

  it("are uploaded under their own names, or into a folder, with one summary", async () => {
    const store = await storeForTest();
    const { paths } = shops();
    const { code, stdout, stderr } = await store.run("upload", ...paths);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 paths are in the image store: 13 files, [\d.]+ KiB in \d+\.\d s\.\n$/);
    expect(stderr).toMatch(/^Two is in the image store: 6 files/m);
    const again = await store.run("upload", ...paths);
    expect(again.stdout).toContain("All of them were already there.");
    const into = await store.run("upload", ...paths, "--to", "Apps/", "--json");
    expect(resultOf(into)).toMatchObject({
      ...{ files: 13, uploads: [{ ok: true, storePath: "Apps/One" }, { storePath: "Apps/Two" }, {}] },
    });
    expect(await storedFiles(store, "Apps")).toContain("web.exe");
    const planned = resultOf(await store.run("upload", ...paths, "--dry-run", "--json"));
    expect(planned).toMatchObject({ dryRun: true, uploads: [{ destination: { state: "same" } }, {}, {}] });
  });

  it("are all checked before anything is sent", async () => {
    const store = await storeForTest();
    const { folder, paths } = shops();
    writeTree(folder, { "Two/con.txt": "x", "nul.bin": "x", "Three/ApplicationManifest.xml": "<a/>" });
    symlinkSync("web.exe", join(folder, "Three/link"));
    const linked = await store.run("upload", ...paths, join(folder, "Three"), join(folder, "none"));
    expect(linked).toMatchObject({ code: 2, stderr: expect.stringContaining("none does not exist") });
    const three = await store.run("upload", ...paths, join(folder, "Three"));
    expect(three.stderr).toContain(
      'Three: The package has a path that cannot be uploaded:\n  "link" is a symbolic',
    );
    const names = await store.run("upload", ...paths, join(folder, "nul.bin"));
    expect(names.code).toBe(2);
    expect(names.stderr).toContain(
      'Two: The package has a path that cannot be uploaded:\n  "con.txt" has a name',
    );
    expect(names.stderr).toContain("nul.bin: destination has a name that Windows reserves");
    const slash = await store.run("upload", ...paths, "--to", "Apps");
    expect(slash).toMatchObject({ code: 2, stderr: expect.stringContaining("--to Apps/") });
    const same = await store.run(
      "upload",
      join(folder, "One"),
      join(writeTree(folder, { "x/ONE": "" }), "x/ONE"),
    );
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining("would both be uploaded to ONE") });
    await store.put("data.bin/x", 1);
    const blocked = await store.run("upload", join(folder, "One"), join(folder, "data.bin"));
    expect(blocked).toMatchObject({ code: 2, stderr: expect.stringContaining("data.bin is a folder") });
    expect((await store.run("ls")).stdout).not.toMatch(/One|Two/);
  });

  it("do not stop at a failure of one, and exit with the code of the worst", async () => {
    const store = await storeForTest();
    const { folder, paths } = shops();
    expect((await store.run("upload", join(folder, "One"))).code).toBe(0);
    writeTree(folder, { "One/WebPkg/Code/web.exe": "changed" });
    const text = await store.run("upload", ...paths);
    expect(text).toMatchObject({ code: 1, stdout: "" });
    expect(text.stderr).toMatch(/^Error: 2 of 3 paths are in the image store \(7 files, /m);
    expect(text.stderr).toMatch(/One: One already contains a complete package/);
    expect(text.stderr).not.toContain("Nothing was sent");
    const { code, stdout } = await store.run("upload", ...paths, "--json");
    // This time nothing was sent.
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: {
        code: "usage",
        details: {
          uploads: [
            { ok: false, storePath: "One", error: { code: "usage" } },
            { ok: true, storePath: "Two", alreadyThere: true },
            { ok: true, storePath: "data.bin" },
          ],
        },
      },
    });
  });

  it("stop when the others would fail, too", async () => {
    const store = await storeForTest();
    const { paths } = shops();
    store.emulator.addFault({
      ...{ operation: "UploadFile", do: "answer", status: 403, code: "E_ACCESSDENIED", times: 1000 },
    });
    const { code, stdout } = await store.run("upload", ...paths, "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout).error.details.uploads).toMatchObject([
      { ok: false, error: { kind: "forbidden" } },
      { ok: false, error: null },
      { ok: false, error: null },
    ]);
  });

  it("are left out by patterns if they are files", async () => {
    const store = await storeForTest();
    const { paths } = shops();
    const { code, stderr, stdout } = await store.run("upload", ...paths, "--exclude", "*.bin", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).result.uploads).toHaveLength(2);
    expect(stderr).toContain("data.bin because of patterns");
  });
});
