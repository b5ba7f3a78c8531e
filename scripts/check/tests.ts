import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** How many checks passed, failed and were skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0 };

export function plus(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The environment variable that tells the reporter where to write the counts. */
export const countsFileVariable = "CHECK_COUNTS_FILE";

/** Runs all tests of the workspace with vitest's own output. The reporter below writes their counts to `countsFile`. */
export async function runTests(root: string, countsFile: string): Promise<Counts> {
  const reporters = ["--reporter=default", "--reporter=./scripts/check/tests.ts"];
  const child = spawn("vitest", ["run", ...reporters], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, [countsFileVariable]: countsFile },
    shell: process.platform === "win32",
  });
  const code = await new Promise<number>((done) => {
    child.on("error", () => done(-1));
    child.on("close", (code) => done(code ?? -1));
  });
  return readCounts(countsFile, code);
}

/** Reads the reporter's counts. A test run that crashed before it wrote them, or failed without a reason, counts as one failure. */
export function readCounts(file: string, exitCode: number): Counts {
  try {
    const counts: Counts = JSON.parse(readFileSync(file, "utf8"));
    return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return { ...noCounts, failed: 1 };
  }
}

/** Writes the counts of a test run to the file in the environment. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: string): void {
    const file = process.env[countsFileVariable];
    if (file !== undefined) {
      const counts = countTests(modules, errors.length, reason === "passed");
      writeFileSync(file, JSON.stringify(counts));
    }
  }
}

/** Counts tests, and failures outside of tests, such as a file that cannot be loaded. */
function countTests(modules: readonly TestModule[], otherErrors: number, succeeded: boolean): Counts {
  const states = modules.flatMap((module) =>
    [...module.children.allTests()].map((test) => test.result().state),
  );
  const count = (state: string) => states.filter((each) => each === state).length;
  const brokenFiles = modules.filter((module) => module.errors().length > 0).length;
  const failed = count("failed") + brokenFiles + otherErrors;
  const unexplained = failed === 0 && (!succeeded || count("passed") === 0) ? 1 : 0;
  return {
    passed: count("passed"),
    failed: failed + unexplained,
    skipped: count("skipped") + count("pending"),
  };
}
