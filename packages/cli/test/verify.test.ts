import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImageStoreClient } from "@sf-image-store/client/node";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliResult, startCli, workIn } from "./cli-process.js";

const folder = mkdtempSync(join(tmpdir(), "sf-cli-verify-"));
const directory = join(folder, "MyApp");
let emulator: Emulator;

beforeAll(async () => {
  mkdirSync(join(directory, "Pkg"), { recursive: true });
  writeFileSync(join(directory, "a.txt"), "abc");
  writeFileSync(join(directory, "Pkg/b.txt"), "b");
  emulator = await startEmulator();
  const client = createImageStoreClient({ endpoint: emulator.endpoint });
  for (const destination of ["Same", "Other"]) await client.uploadPackage(directory, { destination });
  await client.putFile({ storePath: "Other/a.txt", content: new Uint8Array(2) });
  await client.putFile({ storePath: "Other/more.txt", content: new Uint8Array(1) });
  await client.deleteContent({ storePath: "Other/Pkg/b.txt" });
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});
workIn(folder);

function verify(...args: string[]): Promise<CliResult> {
  return startCli(["verify", ...args], { SF_ENDPOINT: emulator.endpoint }).result;
}

describe("verify", () => {
  it("exits with 0 for the same package", async () => {
    const { code, stdout, stderr } = await verify("MyApp", "/Same/");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("Same in the image store has the same content as MyApp: 2 files, 4 B.\n");
  });

  it("exits with 5 and lists every difference", async () => {
    const { code, stdout, stderr } = await verify("MyApp", "Other");
    expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    expect(stderr).toMatch(/^Error: /);
    expect(stderr).toContain("Other/a.txt has 2 bytes instead of 3");
    expect(stderr).toContain("Other/Pkg/b.txt is missing");
    expect(stderr).toMatch(/Other\/more\.txt is not expected here/);
  });

  it("explains how to fix a complete package, for which repeating the upload would fail", async () => {
    expect((await verify("MyApp", "Other")).stderr).toMatch(
      /Pass --replace to first delete a complete package/,
    );
  });

  it("detects a package that was uploaded with --compress", async () => {
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    await client.putFile({ storePath: "Packed/Pkg.zip", content: new Uint8Array(9) });
    expect((await verify("MyApp", "Packed")).stderr).toMatch(
      /uploaded with --compress, pass --compress to verify/,
    );
    expect((await verify("MyApp", "Other")).stderr).not.toContain("--compress");
  });

  it("returns all differences as JSON", async () => {
    const { code, stdout } = await verify("MyApp", "Other", "--json");
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: {
        code: "verification",
        details: {
          differences: [
            { storePath: "Other/Pkg/b.txt", kind: "missing", expectedSize: 1 },
            { storePath: "Other/a.txt", kind: "wrong-size", expectedSize: 3, actualSize: 2 },
            { storePath: "Other/more.txt", kind: "unexpected" },
          ],
        },
      },
    });
  });

  it("ignores files that are not in the package with --allow-unexpected", async () => {
    const { stdout } = await verify("MyApp", "Other", "--allow-unexpected", "--json");
    expect(JSON.parse(stdout).error.details.differences).toHaveLength(2);
  });

  it("compares a single file", async () => {
    expect(await verify("MyApp/a.txt", "Same\\a.txt")).toMatchObject({ code: 0 });
    expect((await verify("MyApp/a.txt", "Other/a.txt")).stderr).toContain("has 2 bytes instead of 3");
    expect((await verify("MyApp/a.txt", "Same/nothing")).stderr).toContain("Same/nothing is missing");
    expect(await verify("MyApp/a.txt", "Same/Pkg")).toMatchObject({ code: 5 });
  });

  it("exits with 2 for a missing local path", async () => {
    expect(await verify("nope", "Same")).toMatchObject({ code: 2 });
  });
});
