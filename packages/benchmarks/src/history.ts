import { readFile, writeFile } from "node:fs/promises";
import type { Result } from "./benchmark.js";
import { type Extremes, extremesOf } from "./extremes.js";
import type { Machine, Report } from "./report.js";

/** What a run that was kept has measured. */
export interface HistoryEntry {
  /** Of the client. */
  readonly version: string;
  /** Null outside of a repository. Ends in `+` when files were changed since. */
  readonly commit: string | null;
  readonly date: string;
  readonly machine: Machine;
  readonly results: readonly KeptResult[];
}

export interface KeptResult extends Pick<Result, "label" | "value" | "unit"> {
  readonly extremes: Extremes | null;
}

/** Where a value was measured, to be compared with one of now. */
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
 * The last time that each of the results was measured, by label. What was measured on a machine of another shape is not
 * among them: even ratios depend on how many processors there are.
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

/** The version of Node may differ: what it changes is worth seeing. */
function isSameShape(a: Machine, b: Machine): boolean {
  return a.platform === b.platform && a.cpu === b.cpu && a.cores === b.cores;
}

/** Nothing where there is no file yet. */
export async function readHistory(file: string): Promise<HistoryEntry[]> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new Error(`The history ${file} cannot be read`, { cause: error });
  }
}

export async function appendHistory(file: string, entry: HistoryEntry): Promise<void> {
  const history = [...(await readHistory(file)), entry];
  await writeFile(file, `${JSON.stringify(history, null, 2)}\n`);
}
