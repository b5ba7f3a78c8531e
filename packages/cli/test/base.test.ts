import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Emulator, type RequestLogEntry, startEmulator } from "@sf-image-store/emulator";
import {
  applicationPackage,
  packageFiles,
  scratchFolder,
  writeTree,
  writeZip,
} from "@sf-image-store/testing";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type CliResult, startCli } from "./cli-process.js";

let emulator: Emulator;
let requests: RequestLogEntry[];
beforeEach(async () => {
  requests = [];
  emulator = await startEmulator({ onRequest: (entry) => requests.push(entry) });
  onTestFinished(() => emulator.close());
});

function cli(...args: string[]): Promise<CliResult> {
  return startCli(args, { SF_ENDPOINT: emulator.endpoint }).result;
}

const manifests = ["ApplicationManifest.xml", "WebPkg/ServiceManifest.xml"] as const;

/** The next version: another page, and higher versions. */
function nextVersion(): string {
  const raised = manifests.map((path) => [path, packageFiles[path].replaceAll("1.0.0", "1.0.1")] as const);
  return writeTree(join(scratchFolder(), "ShopPkg"), {
    ...packageFiles,
    ...Object.fromEntries(raised),
    "WebPkg/Code/wwwroot/ä.html": "<p>ü</p>",
  });
}

async function uploadBase(...args: string[]): Promise<string> {
  const old = applicationPackage();
  expect((await cli("upload", old, "--to", "Shop_1.0", ...args)).code).toBe(0);
  requests.length = 0;
  return old;
}

function writes(): string[] {
  return requests.filter(({ method }) => method !== "GET").map(({ method, url }) => `${method} ${url}`);
}

describe("upload --base", () => {
  it("copies unchanged files inside the cluster, and says so", async () => {
    const old = await uploadBase();
    const next = nextVersion();
    const base = ["--base", "Shop_1.0", "--base-dir", old];
    const { code, stdout } = await cli("upload", next, "--to", "Shop_1.1", ...base);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^Shop_1\.1 is in the image store: 6 files, .*; 3 files \(9\.79 KiB\) copied inside the cluster, 3 sent\.\n$/,
      ),
    });
    expect(readFileSync(emulator.contentPath("Shop_1.1/WebPkg/Code/web.exe"), "utf8")).toBe(
      "MZ".repeat(5000),
    );
    expect((await cli("verify", next, "Shop_1.1")).stdout).toMatch(/has the same content/);
  });

  it("reports copies in JSON, also in a dry run, which changes nothing", async () => {
    const old = await uploadBase();
    const next = nextVersion();
    const args = ["upload", next, "--to", "Shop_1.1", "--base", "Shop_1.0", "--base-dir", old];
    const plan = await cli(...args, "--dry-run");
    expect(plan.stdout).toMatch(/^ *\d.* B +Shop_1\.1\/Notes\/readme\.txt +\(copied\)$/m);
    expect(plan.stdout).toMatch(
      /Would send 3 files, .*, and copy 3 files, 9\.79 KiB inside the cluster to Shop_1\.1/,
    );
    expect(writes()).toEqual([]);
    const counts = { copiedFiles: 3, copiedBytes: 10_021 };
    expect(JSON.parse((await cli(...args, "--dry-run", "--json")).stdout).result).toMatchObject(counts);
    expect(JSON.parse((await cli(...args, "--json")).stdout).result).toMatchObject(counts);
  });

  it("compresses both directories with --compress", async () => {
    const old = await uploadBase("--compress");
    const next = writeTree(join(scratchFolder(), "ShopPkg"), {
      ...packageFiles,
      "ApplicationManifest.xml": packageFiles["ApplicationManifest.xml"].replace(
        'TypeVersion="1.0.0"',
        'TypeVersion="1.0.1"',
      ),
    });
    const base = ["--base", "Shop_1.0", "--base-dir", old, "--compress", "--json"];
    const { stdout } = await cli("upload", next, "--to", "Shop_1.1", ...base);
    expect(JSON.parse(stdout).result).toMatchObject({ files: 5, copiedFiles: 4 });
  });

  it.each<[string, (old: string) => Promise<string[]> | string[], RegExp]>([
    ["without --base-dir", () => ["--base", "Shop_1.0"], /Use --base and --base-dir together/],
    ["without --base", (old) => ["--base-dir", old], /Use --base and --base-dir together/],
    [
      "for a package that is not there",
      (old) => ["--base", "Shop_0", "--base-dir", old],
      /--base cannot be used: Shop_0 is not in the image store\. Use a package that is there, or upload without --base/,
    ],
    [
      "with another directory",
      () => ["--base", "Shop_1.0", "--base-dir", nextVersion()],
      /--base cannot be used: Shop_1\.0 in the image store differs from --base-dir/,
    ],
    [
      "without a valid receipt",
      async (old) => {
        await cli("rm", "--yes", "--all", ".sf-image-store-receipts");
        await cli(
          "upload",
          join(old, "Notes/readme.txt"),
          "--to",
          "Shop_1.0/Notes/readme.txt",
          "--no-receipt",
        );
        return ["--base", "Shop_1.0", "--base-dir", old];
      },
      /--base cannot be used: Shop_1\.0 has no valid receipt.*Upload it again with a receipt, or upload without --base/,
    ],
    [
      "with --no-verify",
      (old) => ["--base", "Shop_1.0", "--base-dir", old, "--no-verify"],
      /--base cannot be used with --no-verify/,
    ],
    [
      "with --fingerprint stat",
      (old) => ["--base", "Shop_1.0", "--base-dir", old, "--fingerprint", "stat"],
      /--base requires --fingerprint content/,
    ],
    [
      "with a file as --base-dir",
      (old) => ["--base", "Shop_1.0", "--base-dir", join(old, "Notes/readme.txt")],
      /--base-dir must be the directory or \.sfpkg file that .* If it is an archive, pass --unpack/,
    ],
  ])("is refused %s, and nothing is sent", async (_, args, text) => {
    const old = await uploadBase();
    const given = await args(old);
    requests.length = 0;
    const { code, stderr } = await cli("upload", nextVersion(), "--to", "Shop_1.1", "--no-lint", ...given);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(text) });
    expect(writes()).toEqual([]);
    expect(existsSync(emulator.contentPath("Shop_1.1"))).toBe(false);
  });

  it("is refused for a single file", async () => {
    const old = await uploadBase();
    const file = join(old, "Notes/readme.txt");
    const { code, stderr } = await cli("upload", file, "--base", "Shop_1.0", "--base-dir", old);
    expect(code).toBe(2);
    expect(stderr).toContain(`--base requires a package, but ${file} is a file.`);
  });

  it.each([["--base", "Shop_1.0"], ["--base-dir", "old"], ["--compress"]])(
    "is refused for standard input before it is read: %s",
    async (...flags) => {
      const args = ["upload", "-", "--to", "a.bin", ...flags];
      const { code, stderr } = await startCli(args, { SF_ENDPOINT: emulator.endpoint }).result;
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining("Standard input (-) is uploaded as one file"),
      });
    },
  );

  it("is refused for several paths, and nothing is sent", async () => {
    const old = await uploadBase();
    const base = ["--base", "Shop_1.0", "--base-dir", old];
    const { code, stderr } = await cli("upload", nextVersion(), old, "--to", "Apps/", ...base);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("--base and --base-dir can be used only with one path."),
    });
    expect(writes()).toEqual([]);
  });

  it("works for an archive, whose base may be an archive, too", async () => {
    const archive = (name: string, files: Readonly<Record<string, string>>) =>
      writeZip(
        join(scratchFolder(), name),
        Object.entries(files).map(([path, content]) => ({ name: path, content })),
      );
    const old = archive("Old.sfpkg", packageFiles);
    expect((await cli("upload", old, "--to", "Shop_1.0")).code).toBe(0);
    const raised = manifests.map((path) => [path, packageFiles[path].replaceAll("1.0.0", "1.0.1")] as const);
    const next = archive("Next.sfpkg", { ...packageFiles, ...Object.fromEntries(raised) });
    const base = ["--base", "Shop_1.0", "--base-dir", old, "--json"];
    const { code, stdout } = await cli("upload", next, "--to", "Shop_1.1", ...base);
    expect({ code, result: JSON.parse(stdout).result }).toMatchObject({
      code: 0,
      result: { files: 6, copiedFiles: 4 },
    });
    expect((await cli("verify", next, "Shop_1.1")).stdout).toMatch(/has the same content/);
  });
});

describe("the manifests of a package", () => {
  it("are checked before an upload, which --no-lint skips", async () => {
    const broken = applicationPackage();
    writeFileSync(
      join(broken, manifests[1]),
      packageFiles[manifests[1]].replace('"WebPkg" Version="1.0.0"', '"WebPkg" Version="2"'),
    );
    const { code, stderr } = await cli("upload", broken);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^ {2}WebPkg\/ServiceManifest\.xml:1: error: .* \[service-version-mismatch\]$/m,
      ),
    });
    expect(stderr).toContain("--no-lint");
    expect(writes()).toEqual([]);
    expect((await cli("upload", broken, "--no-lint")).code).toBe(0);
  });

  it("are checked in each directory and archive before anything is sent", async () => {
    const folder = scratchFolder();
    const good = applicationPackage();
    const broken = { ...packageFiles, [manifests[1]]: "<ServiceManifest>" };
    const directory = writeTree(join(folder, "Broken"), broken);
    const archive = writeZip(
      join(folder, "Packed.sfpkg"),
      Object.entries(broken).map(([name, content]) => ({ name, content })),
    );
    const partial = writeTree(join(folder, "Part"), { [manifests[0]]: packageFiles[manifests[0]] });
    const { code, stderr } = await cli("upload", good, directory, partial, archive);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `Warning: ${partial}: ApplicationManifest.xml:1: warning: The package has no WebPkg/`,
    );
    for (const path of [directory, archive]) {
      expect(stderr).toContain(
        `${path}: A cluster would not accept this package:\n  WebPkg/ServiceManifest.xml:1: error: `,
      );
    }
    expect(stderr.match(/Nothing was sent\./g)).toHaveLength(1);
    expect(writes()).toEqual([]);
  });

  it("may have warnings, which are printed", async () => {
    const partial = writeTree(join(scratchFolder(), "Part"), {
      [manifests[0]]: packageFiles[manifests[0]],
      [manifests[1]]: packageFiles[manifests[1]],
    });
    const { code, stderr } = await cli("upload", partial);
    expect(code).toBe(0);
    expect(
      stderr.match(/^Warning: WebPkg\/ServiceManifest\.xml:1: warning: .* \[missing-package\]$/gm),
    ).toHaveLength(2);
  });

  it("are compared with those of the base: changed content needs another version", async () => {
    const old = await uploadBase();
    const edited = writeTree(join(scratchFolder(), "ShopPkg"), {
      ...packageFiles,
      "WebPkg/Code/web.exe": "new",
    });
    const base = ["--base", "Shop_1.0", "--base-dir", old];
    const { code, stderr } = await cli("upload", edited, "--to", "Shop_1.1", ...base);
    expect(code).toBe(2);
    expect(stderr.match(/\[unchanged-version\]$/gm)).toHaveLength(2);
    expect(writes()).toEqual([]);
  });

  it("are not checked in other directories", async () => {
    const other = writeTree(join(scratchFolder(), "Other"), { "a.txt": "a", "Sub/ServiceManifest.xml": "<" });
    expect((await cli("upload", other)).code).toBe(0);
  });
});

describe("lint", () => {
  it("prints the findings, and exits with 5 for errors", async () => {
    const good = applicationPackage();
    expect(await cli("lint", good)).toEqual({ code: 0, stdout: `${good}: no problems found.\n`, stderr: "" });
    const empty = writeTree(join(scratchFolder(), "Empty"), { "a.txt": "" });
    const { code, stdout } = await cli("lint", empty);
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /^ApplicationManifest\.xml: error: .* \[no-application-manifest\]\n.*: 1 error, 0 warnings\.\n$/,
    );
    expect((await cli("lint", join(good, "nowhere"))).code).toBe(2);
    expect(requests).toEqual([]);
  });

  it("prints JSON, and exits with 5 for warnings only with --strict", async () => {
    const partial = writeTree(join(scratchFolder(), "Part"), { [manifests[0]]: packageFiles[manifests[0]] });
    const { code, stdout } = await cli("lint", partial, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).result).toEqual({
      source: partial,
      ok: true,
      findings: [
        {
          ...{ code: "missing-service-manifest", severity: "warning", file: manifests[0], line: 1 },
          message: expect.stringContaining("WebPkg/ServiceManifest.xml"),
        },
      ],
    });
    expect((await cli("lint", partial, "--strict")).code).toBe(5);
  });

  it("finds content that changed under the same version", async () => {
    const edited = writeTree(join(scratchFolder(), "ShopPkg"), {
      ...packageFiles,
      "Notes/readme.txt": "new",
    });
    const { code, stdout } = await cli("lint", edited, "--base-dir", applicationPackage());
    expect(code).toBe(5);
    expect(stdout).toMatch(/\[unchanged-version\]/);
  });

  it("reads archives, which compare with directories", async () => {
    for (const name of ["Shop.sfpkg", "Shop.zip"]) {
      const entries = Object.entries(packageFiles).map(([path, content]) => ({ name: path, content }));
      const archive = writeZip(join(scratchFolder(), name), entries);
      const good = await cli("lint", archive, "--base-dir", applicationPackage());
      expect(good).toEqual({ code: 0, stdout: `${archive}: no problems found.\n`, stderr: "" });
      const edited = writeTree(applicationPackage(), { "Notes/readme.txt": "new" });
      const { code, stdout } = await cli("lint", edited, "--base-dir", archive);
      expect({ code, stdout }).toEqual({ code: 5, stdout: expect.stringContaining("[unchanged-version]") });
    }
  });

  it("rejects a file that is no archive, and standard input", async () => {
    const file = join(applicationPackage(), manifests[0]);
    const refused = await cli("lint", file);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("must be a zip archive") });
    expect(await cli("lint", "-")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Specify a directory or an archive."),
    });
  });

  it("leaves out what the upload would leave out", async () => {
    const withDraft = writeTree(applicationPackage(), { "DraftPkg/ServiceManifest.xml": "<" });
    expect((await cli("lint", withDraft, "--strict")).stdout).toContain("[service-not-imported]");
    expect((await cli("lint", withDraft, "--strict", "--exclude", "DraftPkg/")).code).toBe(0);
    writeTree(withDraft, { ".sfignore": "/DraftPkg/" });
    expect((await cli("lint", withDraft, "--strict")).code).toBe(0);
  });
});
