import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applicationPackage, scratchFolder, smallDisk, writeTree } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { runCli, startCliProcess } from "../cli-process.js";
import { archiveContent } from "./archive-content.js";

describe("pack", () => {
  it("creates a compressed copy next to the package", async () => {
    const original = applicationPackage();
    const { code, stdout, stderr } = await runCli("pack", original);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/ShopPkg-packed: 6 files, 9\.\d+ KiB packed into \d+ B\n$/);
    expect(Object.keys(await archiveContent(`${original}-packed/WebPkg/Code.zip`))).toHaveLength(2);
    expect(readdirSync(original).sort()).toEqual(["ApplicationManifest.xml", "Notes", "WebPkg"]);
  });

  it("creates one .sfpkg file of the whole package", async () => {
    const original = applicationPackage();
    const output = join(scratchFolder(), "out", "Shop.sfpkg");
    const { code, stdout } = await runCli("pack", original, "--sfpkg", "--to", output, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).result).toMatchObject({ path: output, kind: "sfpkg", files: 6 });
    expect(await archiveContent(output)).toMatchObject({
      "ApplicationManifest.xml": "<ApplicationManifest/>",
      "WebPkg/Config/Settings.xml": "<Settings/>",
    });
  });

  it("uses the compression level of --level", async () => {
    const original = applicationPackage();
    const sizes = await Promise.all(
      ["0", "9"].map(async (level) => {
        const output = join(scratchFolder(), "copy");
        await runCli("pack", original, "--level", level, "--to", output);
        return readFileSync(join(output, "WebPkg/Code.zip")).length;
      }),
    );
    expect(sizes[0]).toBeGreaterThan(10_000);
    expect(sizes[1]).toBeLessThan(1000);
    expect((await runCli("pack", original, "--level", "10")).code).toBe(2);
  });

  it("does not overwrite anything, except an earlier result with --force", async () => {
    const original = applicationPackage();
    await runCli("pack", original);
    writeFileSync(join(`${original}-packed`, "stale.txt"), "");
    const again = await runCli("pack", original);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(
      /ShopPkg-packed already exists\. Use --to to specify another path, or --force to overwrite it/,
    );
    expect((await runCli("pack", original, "--force")).code).toBe(0);
    expect(existsSync(join(`${original}-packed`, "stale.txt"))).toBe(false);
    expect(readdirSync(dirname(original)).sort()).toEqual(["ShopPkg", "ShopPkg-packed"]);
  });

  it("never overwrites a folder that is not a package, even with --force", async () => {
    const home = writeTree(scratchFolder(), { "precious.txt": "" });
    const { code, stderr } = await runCli("pack", applicationPackage(), "--to", home, "--force");
    expect(code).toBe(2);
    expect(stderr).toMatch(/Refusing to overwrite .*: it is not the result of an earlier pack/);
    expect(existsSync(join(home, "precious.txt"))).toBe(true);
  });

  it("never overwrites a package that is not packed, even with --force", async () => {
    const other = applicationPackage();
    const { code, stderr } = await runCli("pack", applicationPackage(), "--to", other, "--force");
    expect(code).toBe(2);
    expect(stderr).toMatch(/Refusing to overwrite .*: it is not the result of an earlier pack/);
    expect(existsSync(join(other, "ApplicationManifest.xml"))).toBe(true);
  });

  it("writes neither into the package nor over it", async () => {
    const original = applicationPackage();
    const link = join(scratchFolder(), "link");
    symlinkSync(original, link, "junction");
    for (const output of [original, join(original, "out"), dirname(original), link, join(link, "out")]) {
      const { code, stderr } = await runCli("pack", original, "--to", output, "--force");
      expect(code).toBe(2);
      expect(stderr).toMatch(/overlaps with/);
    }
  });

  it("rejects a directory that is not an application package", async () => {
    const folder = writeTree(scratchFolder(), { "a.txt": "" });
    const { code, stderr } = await runCli("pack", folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /is not an application package: it contains no ApplicationManifest\.xml\. Specify the directory/,
    );
  });

  it("leaves nothing behind when it is stopped", async () => {
    const original = applicationPackage();
    writeFileSync(join(original, "WebPkg/Code/big.bin"), Buffer.alloc(256 * 1024 * 1024, "abc"));
    const running = startCliProcess(["pack", original, "--level", "9"]);
    const folder = dirname(original);
    while (!readdirSync(folder).some((name) => name.endsWith(".part")))
      await new Promise((r) => setTimeout(r, 20));
    running.child.kill("SIGINT");
    expect(await running.result).toEqual({ code: 130, stdout: "", stderr: "Error: Stopped.\n" });
    expect(readdirSync(folder)).toEqual(["ShopPkg"]);
  });

  it("reports a full disk, and leaves nothing behind", async ({ skip }) => {
    const disk = smallDisk(scratchFolder());
    if (disk === undefined) return skip("only root on Linux can make a small disk");
    const original = applicationPackage();
    writeFileSync(join(original, "WebPkg/Code/big.bin"), Buffer.alloc(4 * 1024 * 1024));
    const { code, stderr } = await runCli("pack", original, "--level", "0", "--to", join(disk, "copy"));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /ENOSPC.*\nThe disk is full\. Free some space, then run the same command again\.\n$/,
    );
    expect(stderr).toContain(`Error: Cannot write ${join(disk, "copy")}: `);
    expect(readdirSync(disk)).toEqual([]);
  });

  it("reports which disk is full with --compress", async ({ skip }) => {
    const disk = smallDisk(scratchFolder());
    if (disk === undefined) return skip("only root on Linux can make a small disk");
    const original = applicationPackage();
    writeFileSync(join(original, "WebPkg/Code/big.bin"), randomBytes(4 * 1024 * 1024));
    const environment = { TMPDIR: disk };
    const { code, stderr } = await startCliProcess(["upload", original, "--compress"], environment).result;
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Cannot write the compressed copy in ${disk} (to use another folder, set TMPDIR)`,
    );
    expect(readdirSync(disk)).toEqual([]);
  });

  it("explains which files cannot be packed", async () => {
    const original = applicationPackage();
    symlinkSync("nowhere", join(original, "WebPkg/link"));
    const { code, stderr } = await runCli("pack", original);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: The package has a path .*\n {2}"WebPkg\/link" is a symbolic link/);
  });
});
