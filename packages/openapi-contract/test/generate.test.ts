import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runTypeScript } from "@sf-image-store/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generateCommand } from "../src/command/generate.js";
import { readProjects } from "../src/document/project.js";
import { joined, outputOf, program } from "./run.js";

const root = resolve(import.meta.dirname, "../../..");
const types = "packages/types/src/generated";
const manifest = "packages/types/package.json";
let copy: string;

const back = process.cwd();

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "sf-image-store-codegen-"));
  for (const part of [
    types,
    manifest,
    "packages/types/src/applications/generated",
    "packages/contract-tests/src/generated",
    "packages/contract-tests/src/applications/generated",
    "specs",
    "openapi-contract.json",
  ])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  process.chdir(copy);
});
afterEach(() => {
  process.chdir(back);
  rmSync(copy, { recursive: true });
});

const inCopy = (...args: string[]) => outputOf(() => generateCommand(args, () => readProjects(copy)));

describe("pnpm codegen --check", () => {
  it("passes for the committed files", async () => {
    const result = await joined(runTypeScript(program, ["generate", "--check"]));
    expect(result).toEqual({ code: 0, output: "9 generated files are up to date.\n" });
  });

  it("names a file that was touched and shows the difference", async () => {
    appendFileSync(join(copy, types, "operations.ts"), "// touched\n");
    const { code, output } = await inCopy("--check");
    expect(code).toBe(1);
    expect(output).toContain(`differs: ${types}/operations.ts`);
    expect(output).toContain("\n-// touched\n");
  });

  it("names a file that is missing and one that nothing generates", async () => {
    rmSync(join(copy, types, "schema.ts"));
    writeFileSync(join(copy, types, "left-over.ts"), "");
    const { code, output } = await inCopy("--check");
    expect(code).toBe(1);
    expect(output).toContain(`missing: ${types}/schema.ts\n`);
    expect(output).toContain(`orphaned: ${types}/left-over.ts\n`);
  });

  it("names the files that a changed specification makes stale", async () => {
    const example = join(copy, "specs/image-store.swagger.yaml");
    appendFileSync(example, "  Extra:\n    type: string\n");
    const { code, output } = await inCopy("--check");
    expect(code).toBe(1);
    expect(output).toContain(`differs: ${types}/openapi.ts`);
    expect(output).toContain("+        Extra: string;");
  });

  it("knows a manifest that names another specification, and changes nothing else in it", async () => {
    const file = join(copy, manifest);
    const before = readFileSync(file, "utf8");
    const version = /"version": "\d.*"/;
    writeFileSync(
      file,
      before.replace(/"sha256": "\w+"/, '"sha256": "0"').replace(version, '"version": "1.2.3"'),
    );
    const { code, output } = await inCopy("--check");
    expect({ code, output }).toMatchObject({
      code: 1,
      output: expect.stringContaining(`differs: ${manifest}`),
    });
    await inCopy();
    expect(readFileSync(file, "utf8")).toBe(before.replace(version, '"version": "1.2.3"'));
  });

  it("tells unusable input from stale output by its exit code", async () => {
    const spec = join(copy, "specs/image-store.swagger.yaml");
    const line = readFileSync(spec, "utf8").split("\n").length;
    appendFileSync(spec, "  Extra: { $ref: '#/definitions/None' }\n");
    expect(await inCopy("--check")).toEqual({
      code: 2,
      output: `specs/image-store.swagger.yaml:${line}#/definitions/Extra/$ref: #/definitions/None points to nothing\n`,
    });
    expect((await inCopy("--chekc")).code).toBe(2);
  });
});

describe("pnpm codegen", () => {
  it("mends what differs, is missing or is orphaned, and only that", async () => {
    appendFileSync(join(copy, types, "operations.ts"), "// touched\n");
    rmSync(join(copy, types, "schema.ts"));
    writeFileSync(join(copy, types, "left-over.ts"), "");
    const { code, output } = await inCopy();
    expect(code).toBe(0);
    expect(output.split("\n").slice(0, 3).sort()).toEqual([
      `removed: ${types}/left-over.ts`,
      `rewritten: ${types}/operations.ts`,
      `written: ${types}/schema.ts`,
    ]);
    expect((await inCopy("--check")).code).toBe(0);
  });
});
