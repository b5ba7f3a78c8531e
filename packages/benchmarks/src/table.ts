import type { Result } from "./benchmark.js";
import { isMet, targetText } from "./target.js";

/** Results as text, one per line, with a note below where there is one. Targets are not judged in a quick run. */
export function table(results: readonly Result[], isJudged: boolean): string {
  const head = ["measurement", "value", "", "target", "", "rounds"];
  const rows = results.map((result) => row(result, isJudged));
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const body = results.flatMap(({ note }, index) => [
    line(rows[index] ?? []),
    ...(note === undefined ? [] : [`    ${note}`]),
  ]);
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...body].join("\n");
}

function row({ label, value, unit, target, rounds }: Result, isJudged: boolean): string[] {
  const verdict = target === undefined || !isJudged ? "" : isMet(target, value) ? "met" : "MISSED";
  return [
    label,
    number(value),
    unit,
    target === undefined ? "" : targetText(target),
    verdict,
    spread(rounds),
  ];
}

/** The extremes of the rounds' ratios, so that nobody takes noise for news. */
function spread(rounds: Result["rounds"]): string {
  const values = rounds.flatMap(({ ratio, peakMb }) => ratio ?? peakMb ?? []);
  if (values.length < 2) return String(rounds.length);
  return `${rounds.length}: ${number(Math.min(...values))} … ${number(Math.max(...values))}`;
}

function number(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}
