import type { Result } from "./benchmark.js";
import { changeSince } from "./change.js";
import { extremesOf } from "./extremes.js";
import type { Before } from "./history.js";
import { isMet, targetText } from "./target.js";

/**
 * Results as text, one per line, with a note below where there is one. Targets are not judged in a quick run.
 * @param before What is known of earlier runs, by label.
 */
export function table(
  results: readonly Result[],
  isJudged: boolean,
  before: ReadonlyMap<string, Before> = new Map(),
): string {
  const head = ["measurement", "value", "", "target", "", "before", "", "rounds"];
  const rows = results.map((result) => row(result, isJudged, before.get(result.label)));
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

function row(result: Result, isJudged: boolean, before: Before | undefined): string[] {
  const { label, value, unit, target } = result;
  const verdict = target === undefined || !isJudged ? "" : isMet(target, value) ? "met" : "MISSED";
  return [
    label,
    number(value),
    unit,
    target === undefined ? "" : targetText(target),
    verdict,
    ...comparison(result, before),
    spread(result),
  ];
}

/** What the value was, and how it has changed. */
function comparison(result: Result, before: Before | undefined): [value: string, change: string] {
  if (before === undefined) return ["", ""];
  const { relative, isWorse } = changeSince(before.result, result);
  const percent = Math.round(relative * 100);
  const change = `${percent > 0 ? "+" : ""}${percent} %`;
  return [number(before.result.value), isWorse ? `${change} WORSE` : change];
}

/** The extremes of the rounds, so that nobody takes noise for news. */
function spread(result: Result): string {
  const count = result.rounds.length;
  const extremes = extremesOf(result);
  if (extremes === undefined) return String(count);
  return `${count}: ${number(extremes.low)} … ${number(extremes.high)}`;
}

function number(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}

/** Where the values of the column `before` come from, a line each. */
export function sources(before: ReadonlyMap<string, Before>): string[] {
  const entries = new Set([...before.values()].map(({ entry }) => entry));
  return [...entries].map(
    ({ version, commit, date, machine }) =>
      `before: version ${version}${commit === null ? "" : `, ${commit}`}, of ${date.slice(0, 10)}, by Node ${machine.node}`,
  );
}
