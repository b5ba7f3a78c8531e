import { mkdtempSync } from "node:fs";
import { join, resolve } from "node:path";
import { runTypeScript, sharedFolder, writeTree } from "@sf-image-store/testing";
import { checkCommand, readProjects } from "openapi-contract";
import { describe, expect, it } from "vitest";
import { rules } from "../src/rules.js";
import { example, specs } from "./contract.js";

const root = resolve(import.meta.dirname, "../../..");
const folder = sharedFolder();

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `pnpm contract` here. */
async function contract(...args: string[]): Promise<Result> {
  const lines: Record<"log" | "error", string[]> = { log: [], error: [] };
  const output = {
    log: (text: string) => void lines.log.push(`${text}\n`),
    error: (what: unknown) => void lines.error.push(`${what}\n`),
  };
  const code = await checkCommand(args, () => readProjects(root), output, rules);
  return { code, stdout: lines.log.join(""), stderr: lines.error.join("") };
}

/** Runs `pnpm contract` as its own process. */
function contractProcess(...args: string[]): Promise<Result> {
  return runTypeScript("packages/contract-tests/src/main.ts", args);
}

function folderWith(files: Record<string, string>): string {
  return writeTree(mkdtempSync(join(folder, "examples-")), files);
}

const good = JSON.stringify(example("GetImageStoreUploadSessionById"));

describe("pnpm contract", () => {
  it("passes the project's own examples with exit code 0", async () => {
    const { code, stdout } = await contractProcess();
    expect(stdout).toMatch(/^\d+ examples of (\d+) of \1 operations: 0 errors, 0 warnings\n$/);
    expect(code).toBe(0);
  });

  it("prints a line per violation with file, pointer and expectation, and exits with 1", async () => {
    const bad = good.replace('"2097152"', "2097152").replace('"6.0"', '"1.0"');
    const place = folderWith({ "good.json": good, "deep/bad.json": bad });
    const { code, stdout } = await contract("--examples", place);
    const [first, second, last] = stdout.split("\n");
    expect(first).toMatch(
      /deep\/bad\.json:1:\d+: error ENUM_VALUE_UNKNOWN at #\/parameters\/api-version: expected one of "6\.0", got "1\.0"$/,
    );
    expect(second).toMatch(
      /deep\/bad\.json:1:\d+: error TYPE_INVALID at #\/responses\/200\/body\/UploadSessions\/0\/FileSize: expected string, got 2097152$/,
    );
    expect(last).toMatch(/^2 examples of 1 of \d+ operations: 2 errors, 0 warnings$/);
    expect(code).toBe(1);
  });

  it("exits with 2 for unusable input, as a process", async () => {
    const { code, stderr } = await contractProcess("--sepc");
    expect(stderr).toContain("Unknown option '--sepc'");
    expect(code).toBe(2);
  });

  it("accepts another specification, without an overlay", async () => {
    const spec = join(specs, "image-store.swagger.yaml");
    const { code, stdout } = await contract(spec);
    expect(stdout).toMatch(
      /unknown-session\.json:\d+:5: error STATUS_NOT_DOCUMENTED at #\/responses\/204: expected a documented status \(200, default\), got 204\n/,
    );
    expect(code).toBe(1);
  });

  it.each<[string, () => string[], string]>([
    ["an empty folder", () => ["--examples", folderWith({})], "holds no example"],
    ["a folder that is not there", () => ["--examples", join(folder, "none")], "cannot be read"],
    [
      "a JSON file with comments",
      () => ["--examples", folderWith({ "a.json": `{ // note\n "operationId": "A" }` })],
      "a.json",
    ],
    ["a file that is not JSON", () => ["--examples", folderWith({ "a.json": "{" })], "a.json:1:"],
    ["a specification that is not there", () => [join(folder, "none.yaml")], "none.yaml: cannot be read"],
    ["an unknown option", () => ["--sepc"], "Unknown option '--sepc'"],
  ])("exits with 2 for %s", async (_, args, message) => {
    const { code, stderr } = await contract(...args());
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
