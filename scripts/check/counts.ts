/** How many checks ended how. */
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

/** The counts of a vitest JSON report. A file that could not even be loaded is a failure; so is a run without a test. */
export function countsOfReport(report: unknown): Counts {
  const members = new Map<string, unknown>(Object.entries(report ?? {}));
  const number = (name: string) => Number(members.get(name) ?? 0);
  const passed = number("numPassedTests");
  const failed = number("numFailedTests");
  const unexplained = failed === 0 && (members.get("success") !== true || passed === 0) ? 1 : 0;
  return {
    passed,
    failed: failed + unexplained,
    skipped: number("numPendingTests") + number("numTodoTests"),
  };
}
