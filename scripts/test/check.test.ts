import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { type Counts, countsFileVariable, plus, readCounts, summaryLine } from "../check/tests.js";

const root = resolve(import.meta.dirname, "../..");
const scratch = sharedFolder();

/** Runs vitest in a folder with these test files, and counts like `npm test`. */
async function countsOf(files: Record<string, string>): Promise<Counts> {
  const folder = mkdtempSync(join(scratch, "tests-"));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const counts = join(folder, "counts.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const reporter = `--reporter=${join(root, "scripts/check/tests.ts")}`;
  const args = [vitest, "run", "--root", folder, "--globals", reporter];
  const env = { ...process.env, [countsFileVariable]: counts };
  const code = await new Promise<number>((done) => {
    execFile(process.execPath, args, { cwd: folder, env }, (error) => done(error === null ? 0 : 1));
  });
  return readCounts(counts, code);
}

const good = 'it("a", () => {}); it("b", () => {}); it.skip("c", () => {});';

describe("the last line of npm test", () => {
  it("counts tests that pass, fail and are skipped", async () => {
    const bad = 'it("d", () => { throw new Error("no"); });';
    const counts = await countsOf({ "good.test.js": good, "bad.test.js": bad });
    expect(summaryLine(plus({ passed: 4, failed: 0, skipped: 0 }, counts))).toBe(
      "6 passed, 1 failed, 1 skipped",
    );
  });

  it("counts failures outside of tests: a file that cannot be loaded, an unhandled rejection, no test at all", async () => {
    const broken = await countsOf({ "good.test.js": good, "broken.test.js": 'import "./not-there.js";' });
    expect(summaryLine(broken)).toBe("2 passed, 1 failed, 1 skipped");
    const stray = await countsOf({
      "stray.test.js": 'it("a", () => { Promise.reject(new Error("late")); });',
    });
    expect(summaryLine(stray)).toBe("1 passed, 1 failed");
    expect(summaryLine(await countsOf({}))).toBe("0 passed, 1 failed");
  });

  it("counts a crashed test run as a failure", () => {
    expect(summaryLine(readCounts(join(scratch, "none.json"), 1))).toBe("0 passed, 1 failed");
  });
});
