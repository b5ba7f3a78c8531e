import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const types = "packages/types/src/generated";
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "sf-image-store-codegen-"));
  const parts = [types, "packages/contract-tests/src/generated", "specs", "scripts/spec", "scripts/codegen"];
  for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
  cpSync(join(root, "scripts/package.json"), join(copy, "scripts/package.json"));
  for (const folder of ["node_modules", "scripts/node_modules"])
    symlinkSync(join(root, folder), join(copy, folder));
});
afterEach(() => rmSync(copy, { recursive: true }));

/** Runs `pnpm codegen` of the copy as its own process. */
function codegen(...args: string[]): Promise<{ code: number; output: string }> {
  const program = [join(root, "node_modules/tsx/dist/cli.mjs"), "scripts/codegen/main.ts", ...args];
  return new Promise((done) => {
    execFile(process.execPath, program, { cwd: copy }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}

describe("pnpm codegen --check", () => {
  it("passes for the committed files", async () => {
    expect(await codegen("--check")).toEqual({ code: 0, output: "4 generated files are up to date.\n" });
  });

  it("names a file that was touched and shows the difference", async () => {
    appendFileSync(join(copy, types, "operations.ts"), "// touched\n");
    const { code, output } = await codegen("--check");
    expect(code).toBe(1);
    expect(output).toContain(`differs: ${types}/operations.ts`);
    expect(output).toContain("\n-// touched\n");
  });

  it("names a file that is missing and one that nothing generates", async () => {
    rmSync(join(copy, types, "schema.ts"));
    writeFileSync(join(copy, types, "left-over.ts"), "");
    const { code, output } = await codegen("--check");
    expect(code).toBe(1);
    expect(output).toContain(`missing: ${types}/schema.ts\n`);
    expect(output).toContain(`orphaned: ${types}/left-over.ts\n`);
  });

  it("names the files that a changed specification makes stale", async () => {
    const example = join(copy, "specs/image-store.swagger.yaml");
    appendFileSync(example, "  Extra:\n    type: string\n");
    const { code, output } = await codegen("--check");
    expect(code).toBe(1);
    expect(output).toContain(`differs: ${types}/openapi.ts`);
    expect(output).toContain("+        Extra: string;");
  });

  it("tells unusable input from stale output by its exit code", async () => {
    appendFileSync(join(copy, "specs/image-store.swagger.yaml"), "  Extra: { $ref: '#/definitions/None' }\n");
    expect(await codegen("--check")).toEqual({
      code: 2,
      output:
        "specs/image-store.swagger.yaml#/definitions/Extra/$ref: #/definitions/None points to nothing\n",
    });
    expect((await codegen("--chekc")).code).toBe(2);
  });
});

describe("pnpm codegen", () => {
  it("mends what differs, is missing or is orphaned, and only that", async () => {
    appendFileSync(join(copy, types, "operations.ts"), "// touched\n");
    rmSync(join(copy, types, "schema.ts"));
    writeFileSync(join(copy, types, "left-over.ts"), "");
    const { code, output } = await codegen();
    expect(code).toBe(0);
    expect(output.split("\n").slice(0, 3).sort()).toEqual([
      `removed: ${types}/left-over.ts`,
      `rewritten: ${types}/operations.ts`,
      `written: ${types}/schema.ts`,
    ]);
    expect((await codegen("--check")).code).toBe(0);
  });
});
