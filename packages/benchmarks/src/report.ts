import { readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { type Better, isMet, type Result, targetText } from "./benchmark.js";

/** The machine of a measurement. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** All measurements and their machine, for programs. */
export interface Report {
  /** When the run began, in ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** A quick run, whose values are not comparable. */
  readonly quick: boolean;
  readonly results: readonly ReportedResult[];
}

export interface ReportedResult extends Result {
  /** Null without a target. */
  readonly met: boolean | null;
}

export function report(date: Date, quick: boolean, results: readonly Result[]): Report {
  return {
    date: date.toISOString(),
    machine: thisMachine(),
    quick,
    results: results.map(judged),
  };
}

function judged(result: Result): ReportedResult {
  return { ...result, met: result.target === undefined ? null : isMet(result.target, result.value) };
}

/** The measurements of the baseline, which were made in the same run. */
export function baselineOf({ results, ...run }: Report): Report {
  return {
    ...run,
    results: results.flatMap(({ baseline }) => (baseline === undefined ? [] : [judged(baseline)])),
  };
}

function thisMachine(): Machine {
  const processors = cpus();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
  };
}

/**
 * Formats the results, one per line, each with its note below. Targets are not checked in a quick run.
 * @param before Earlier results, by label.
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
    ...comparison(result, isJudged, before),
    spread(result),
  ];
}

/** The earlier value and the change. */
function comparison(
  result: Result,
  isJudged: boolean,
  before: Before | undefined,
): [value: string, change: string] {
  if (before === undefined) return ["", ""];
  const { relative, isWorse } = changeSince(before.result, result);
  const percent = Math.round(relative * 100);
  const change = `${percent > 0 ? "+" : ""}${percent} %`;
  return [number(before.result.value), isWorse && isJudged ? `${change} WORSE` : change];
}

/** The minimum and maximum of the rounds show how much of a change may be noise. */
function spread(result: Result): string {
  const count = result.rounds.length;
  const extremes = extremesOf(result);
  if (extremes === undefined) return String(count);
  return `${count}: ${number(extremes.low)} … ${number(extremes.high)}`;
}

function number(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}

/** The sources of the column `before`, one per line. */
export function sources(before: ReadonlyMap<string, Before>): string[] {
  const entries = new Set([...before.values()].map(({ entry }) => entry));
  return [...entries].map(
    ({ version, commit, date, machine }) =>
      `before: version ${version}${commit === null ? "" : `, ${commit}`}, of ${date.slice(0, 10)}, by Node ${machine.node}`,
  );
}

export interface Change {
  /** The relative change: 0.1 when the value rose by a tenth, negative when it fell. */
  readonly relative: number;
  /** Whether the value is worse by more than the rounds differ among themselves, then or now. */
  readonly isWorse: boolean;
}

export function changeSince(before: KeptResult, result: Result): Change {
  const more = result.value - before.value;
  const loss = betterOf(result) === "higher" ? -more : more;
  const spread = Math.max(width(extremesOf(result)), width(before.extremes ?? undefined));
  return {
    relative: before.value === 0 ? 0 : more / before.value,
    isWorse: betterOf(result) !== undefined && loss > spread,
  };
}

/** A target implies whether lower or higher is better. */
function betterOf({ target, better }: Result): Better | undefined {
  if (target === undefined) return better;
  return "atLeast" in target ? "higher" : "lower";
}

function width(extremes: Extremes | undefined): number {
  return extremes === undefined ? 0 : extremes.high - extremes.low;
}

/** The minimum and maximum of the rounds. */
export interface Extremes {
  readonly low: number;
  readonly high: number;
}

/** For the figure whose median is the value of the result; undefined for fewer than two rounds. */
function extremesOf({ rounds }: Pick<Result, "rounds">): Extremes | undefined {
  const values = rounds.flatMap(({ ratio, peakMb, overMs }) => ratio ?? peakMb ?? overMs ?? []);
  if (values.length < 2) return undefined;
  return { low: Math.min(...values), high: Math.max(...values) };
}

/** The results of a saved run. */
export interface HistoryEntry {
  /** The version of the client. */
  readonly version: string;
  /** Null outside of a repository. Ends in `+` if files were changed since this commit. */
  readonly commit: string | null;
  readonly date: string;
  readonly machine: Machine;
  readonly results: readonly KeptResult[];
}

export interface KeptResult extends Pick<Result, "label" | "value" | "unit"> {
  readonly extremes: Extremes | null;
}

/** An earlier measurement to compare with. */
export interface Before {
  readonly entry: HistoryEntry;
  readonly result: KeptResult;
}

export function historyEntry(
  { date, machine, results }: Report,
  version: string,
  commit: string | null,
): HistoryEntry {
  const kept = results.map((result) => {
    const { label, value, unit } = result;
    return { label, value, unit, extremes: extremesOf(result) ?? null };
  });
  return { version, commit, date, machine, results: kept };
}

/**
 * The latest earlier measurement of each result, by label. Machines with other hardware are excluded: even ratios depend on
 * the number of processors.
 */
export function beforeEach(
  history: readonly HistoryEntry[],
  results: readonly Pick<Result, "label" | "unit">[],
  machine: Machine,
): ReadonlyMap<string, Before> {
  const comparable = history.filter((entry) => isSameShape(entry.machine, machine));
  const found = new Map<string, Before>();
  for (const { label, unit } of results) {
    for (const entry of comparable) {
      const result = entry.results.find((kept) => kept.label === label && kept.unit === unit);
      if (result !== undefined) found.set(label, { entry, result });
    }
  }
  return found;
}

/** The version of Node may differ, so that its effect shows. */
function isSameShape(a: Machine, b: Machine): boolean {
  return a.platform === b.platform && a.cpu === b.cpu && a.cores === b.cores;
}

/** Returns nothing if the file does not exist yet. */
export async function readHistory(file: string): Promise<HistoryEntry[]> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new Error(`Cannot read the history ${file}. Fix the file or delete it.`, { cause: error });
  }
}

export async function appendHistory(file: string, entry: HistoryEntry): Promise<void> {
  const history = [...(await readHistory(file)), entry];
  await writeFile(file, `${JSON.stringify(history, null, 2)}\n`);
}
