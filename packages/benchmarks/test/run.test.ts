import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { benchmarks } from "../src/command-line.js";
import type { Report } from "../src/report.js";

const root = resolve(import.meta.dirname, "../../..");
const folder = sharedFolder();

/** Runs the command as its own process, with `folder` for its temporary files. `stopAt` is what makes it be interrupted. */
function bench(args: readonly string[], stopAt?: RegExp) {
  const temporary = mkdtempSync(join(folder, "tmp-"));
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, INIT_CWD: folder };
  // As `pnpm bench` has it, built: dozens of processes start in a fraction of the time.
  const main = join(root, "packages/benchmarks/dist/main.js");
  const child = spawn(process.execPath, [main, ...args], { cwd: root, env });
  let [stdout, stderr] = ["", ""];
  let isStopped = false;
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
    if (isStopped || !stopAt?.test(stderr)) return;
    isStopped = true;
    child.kill("SIGINT");
  });
  // Streams close only when all processes that inherited them have ended, the children's children too.
  return new Promise<{ code: number | null; stdout: string; stderr: string; left: string[] }>((done) => {
    child.on("close", (code) => {
      const left = readdirSync(temporary).filter((name) => name.startsWith("sf-"));
      done({ code, stdout, stderr, left });
    });
  });
}

// `pnpm test:long` runs every benchmark.
const chosen =
  process.env["BENCH_ALL"] === undefined ? ["throughput", "sizes"] : benchmarks.map(({ name }) => name);

describe("pnpm bench", () => {
  it("prints a table, writes a report, and removes its temporary files", { timeout: 120_000 }, async () => {
    const { code, stdout, stderr, left } = await bench([
      ...["--quick", "--json", "report.json"],
      ...chosen.flatMap((name) => ["--only", name]),
    ]);
    expect(stderr).not.toMatch(/error|warning/i);
    expect(code).toBe(0);
    const report: Report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    expect(report).toMatchObject({
      quick: true,
      machine: { node: process.version, cores: expect.any(Number) },
    });
    expect(Date.parse(report.date)).not.toBeNaN();
    expect(report.results.length).toBeGreaterThanOrEqual(chosen.length);
    for (const { label, value, rounds, sizes } of report.results) {
      expect(stdout).toContain(`\n${label} `);
      expect(value).toBeGreaterThan(0);
      expect(rounds).toHaveLength(1);
      expect(Object.keys(sizes)).not.toHaveLength(0);
    }
    expect(left).toEqual([]);
  });

  it("ends its processes and removes its files when interrupted", { timeout: 60_000 }, async () => {
    const { code, stdout, stderr, left } = await bench(["--quick", "--only", "throughput"], /round 1/);
    expect({ code, stdout, left }).toEqual({ code: 130, stdout: "", left: [] });
    expect(stderr).toContain("Stopped. All processes and temporary files are removed.");
  });

  it("reports a benchmark that fails after the results of the others", { timeout: 60_000 }, async () => {
    // A checkout of another time, whose sizes cannot be measured.
    const old = mkdtempSync(join(folder, "old-"));
    for (const name of ["packages", "node_modules"])
      symlinkSync(join(root, name), join(old, name), "junction");
    const { code, stdout, stderr } = await bench([
      ...["--quick", "--baseline", old],
      ...["sizes", "listing"].flatMap((name) => ["--only", name]),
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain("\nlisting, ");
    expect(stderr).toMatch(/Failed: sizes\. Its error is above\.\n$/);
  });

  it("reports invalid arguments", async () => {
    const { code, stderr } = await bench(["--only", "speed"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is no benchmark "speed".* See --help\./);
  });
});
