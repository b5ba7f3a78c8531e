import { githubAnnotation, printable } from "../document/printable.js";
import type { Severity } from "./codes.js";
import { type Coverage, coverageKinds } from "./coverage.js";
import type { Finding, FindingGroup, Ignored } from "./findings.js";
import { shortened } from "./values.js";

/** Everything that a run of the check found. */
export interface CheckReport {
  readonly groups: readonly FindingGroup[];
  readonly ignored: Ignored["ignored"];
  /** Every file that was checked. */
  readonly files: readonly string[];
  /** How many examples and exchanges were checked. */
  readonly checked: { readonly examples: number; readonly exchanges: number };
  readonly operations: { readonly used: number; readonly total: number };
  /** Only when asked for. */
  readonly coverage: Coverage | undefined;
}

/** How many findings of a severity there are, each counted on its own. */
export function countOf({ groups }: CheckReport, severity: Severity): number {
  const counts = groups.filter(({ first }) => first.severity === severity).map(({ count }) => count);
  return counts.reduce((sum, count) => sum + count, 0);
}

const shownPlaces = 3;

/** For people: one line per cause, then where else it is, then counts. */
export function textReport(report: CheckReport): string {
  const causes = report.groups.flatMap(({ first, others, count }) => [
    `${placeOf(first)}: ${first.severity} ${first.code} at ${first.pointer}: ${first.message}`,
    ...others.slice(0, shownPlaces).map((each) => `  also ${placeOf(each)} at ${each.pointer}`),
    ...(count - 1 > shownPlaces ? [`  and at ${count - 1 - shownPlaces} more places`] : []),
  ]);
  return [...causes, ...coverageLines(report.coverage), summaryOf(report)].map(printable).join("\n");
}

function placeOf({ file, line, column }: Finding): string {
  return `${file}:${line}:${column}`;
}

export function summaryOf(report: CheckReport): string {
  const { checked, operations, groups, ignored } = report;
  const [errors, warnings] = [countOf(report, "error"), countOf(report, "warning")];
  const parts = [
    ...(checked.examples > 0 ? [counted(checked.examples, "example")] : []),
    ...(checked.exchanges > 0 || checked.examples === 0 ? [counted(checked.exchanges, "exchange")] : []),
  ];
  const causes = errors + warnings > groups.length ? `, ${counted(groups.length, "cause")}` : "";
  const left = ignored.length > 0 ? `, ${ignored.length} ignored` : "";
  return (
    `${parts.join(" and ")} of ${operations.used} of ${counted(operations.total, "operation")}: ` +
    `${counted(errors, "error")}, ${counted(warnings, "warning")}${causes}${left}`
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const shownNames = 20;

function coverageLines(coverage: Coverage | undefined): string[] {
  if (coverage === undefined) return [];
  const { shown, total, percent, kinds, missing } = coverage;
  return [
    `Coverage: ${percent} % (${shown} of ${total})`,
    ...coverageKinds.flatMap((kind) => {
      const names = missing.filter((item) => item.kind === kind).map(({ name }) => name);
      const line = `  ${kind}: ${kinds[kind].shown} of ${kinds[kind].total}`;
      const more =
        names.length > shownNames ? ` and ${names.length - shownNames} more (all with --format json)` : "";
      return names.length === 0
        ? [line]
        : [line, `    not shown: ${names.slice(0, shownNames).join(", ")}${more}`];
    }),
  ];
}

/** For programs. `version` rises when a field changes its meaning. */
export function jsonReport(report: CheckReport): string {
  const { groups, ignored, checked, operations, coverage } = report;
  const violations = groups.map(({ first, others, count }) => ({
    ...first,
    count,
    others: others.map(({ file, line, column, pointer, operationId }) => ({
      file,
      line,
      column,
      pointer,
      operationId,
    })),
  }));
  const summary = {
    errors: countOf(report, "error"),
    warnings: countOf(report, "warning"),
    causes: groups.length,
    ignored: ignored.length,
    ...checked,
    operations,
  };
  const left = ignored.map(({ finding, reason }) => ({ ...finding, reason }));
  return JSON.stringify({ version: 1, summary, violations, ignored: left, coverage }, null, 2);
}

/** Workflow commands of GitHub Actions: annotations at the lines of a pull request. */
export function githubReport(report: CheckReport): string {
  const lines = report.groups.map(({ first, others }) => {
    const { severity, file, line, column, code, pointer, message } = first;
    const properties = { file, line: String(line), col: String(column), title: code };
    const more =
      others.length === 0
        ? ""
        : ` (and ${others.length} more: ${others.slice(0, shownPlaces).map(placeOf).join(", ")})`;
    return githubAnnotation(severity, properties, `${message} at ${pointer}${more}`);
  });
  const coverage = coverageLines(report.coverage).slice(0, 1);
  return [
    ...lines,
    ...[...coverage, summaryOf(report)].map((line) => githubAnnotation("notice", {}, line)),
  ].join("\n");
}

/** JUnit: a test case per file, which fails when the file has errors. Warnings are its output. */
export function junitReport(report: CheckReport): string {
  const findings = report.groups.flatMap(({ first, others }) => [first, ...others]);
  const files = [...new Set([...report.files, ...findings.map(({ file }) => file)])];
  const cases = files.map((file) =>
    testCase(
      file,
      findings.filter((each) => each.file === file),
    ),
  );
  const failures = cases.filter((each) => each.includes("<failure")).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="openapi-contract check" tests="${cases.length}" failures="${failures}" errors="0" time="0">`,
    `  <testsuite name="contract" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
  ].join("\n");
}

function testCase(file: string, findings: readonly Finding[]): string {
  const open = `    <testcase classname="contract" name="${xml(file)}" file="${xml(file)}" time="0"`;
  if (findings.length === 0) return `${open}/>`;
  const linesOf = (severity: Severity) =>
    findings
      .filter((each) => each.severity === severity)
      .map((each) => `${placeOf(each)}: ${each.code} at ${each.pointer}: ${each.message}`);
  const [errors, warnings] = [linesOf("error"), linesOf("warning")];
  const first = findings.find(({ severity }) => severity === "error");
  const failure =
    first === undefined
      ? []
      : [
          `      <failure type="${xml(first.code)}" message="${xml(shortened(first.message))}">${xml(errors.join("\n"))}</failure>`,
        ];
  const output = warnings.length === 0 ? [] : [`      <system-out>${xml(warnings.join("\n"))}</system-out>`];
  return [`${open}>`, ...failure, ...output, "    </testcase>"].join("\n");
}

/** XML 1.0 has no way to write most control characters. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
