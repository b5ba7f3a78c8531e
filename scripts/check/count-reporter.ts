import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";
import type { Counts } from "./counts.js";

/** The environment variable with the file to write the counts to. */
export const countsFileVariable = "CHECK_COUNTS_FILE";

/** Counts tests for the last line of `npm test`. What fails without being a test, such as a file that does not load, counts. */
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
