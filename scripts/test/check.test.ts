import { describe, expect, it } from "vitest";
import { countsOfReport, plus, summaryLine } from "../check/counts.js";

describe("the last line of npm test", () => {
  it("adds up checks and tests", () => {
    const tests = countsOfReport({ success: true, numPassedTests: 5, numFailedTests: 0, numPendingTests: 1 });
    expect(summaryLine(plus({ passed: 4, failed: 0, skipped: 0 }, tests))).toBe(
      "9 passed, 0 failed, 1 skipped",
    );
  });

  it("counts a failure that is no test: a file that does not load, a runner that died, a run of nothing", () => {
    const unloadable = { success: false, numPassedTests: 5, numFailedTests: 0 };
    expect(summaryLine(countsOfReport(unloadable))).toBe("5 passed, 1 failed");
    expect(summaryLine(countsOfReport(undefined))).toBe("0 passed, 1 failed");
    expect(summaryLine(countsOfReport({ success: true, numPassedTests: 0 }))).toBe("0 passed, 1 failed");
  });
});
