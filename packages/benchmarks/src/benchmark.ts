import type { Scratch } from "./files.js";
import { type Build, type Child, type Figures, figure } from "./resources.js";

/** A benchmark. Add new ones to a module in `benchmarks/` and to the list in `command-line.ts`. */
export interface Benchmark {
  /** The name for `--only`. */
  readonly name: string;
  /** What it measures, and what it compares with. */
  readonly measures: string;
  run(setting: Setting): Promise<readonly Result[]>;
}

/** How to run a benchmark. */
export interface Setting {
  /** Use small sizes and few rounds: shows that everything works, but not how fast it is. */
  readonly quick: boolean;
  /** What to measure: this build, and the baseline if there is one. */
  readonly builds: readonly [own: Build, ...baseline: readonly Build[]];
  readonly scratch: Scratch;
  /** Aborts the run. */
  readonly signal: AbortSignal;
  /** Reports progress. */
  say(what: string): void;
}

/** One line of the table. */
export interface Result {
  readonly label: string;
  /** In `unit`; the median when there were several rounds. */
  readonly value: number;
  /** Such as `× bare` or `MB`. */
  readonly unit: string;
  /** A line without a target is informational. */
  readonly target?: Target;
  /** Whether lower or higher values are better. Required if there is no target. */
  readonly better?: Better;
  /** The sizes in bytes, counts and delays of the measurement. */
  readonly sizes: Figures;
  /** All rounds in order, without the warm-up. */
  readonly rounds: readonly Figures[];
  /** How the value was measured, if the label does not say so. */
  readonly note?: string;
  /** The same measurement of the baseline, whose rounds took turns with these. */
  readonly baseline?: Result;
}

/** The limit for a value. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** Which of two values is better. */
export type Better = "higher" | "lower";

export function isMet(target: Target, value: number): boolean {
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

export function targetText(target: Target): string {
  return "atLeast" in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/** The rounds of each build, this one first. */
export type RoundsOfBuilds = readonly (readonly Figures[])[];

/**
 * Runs `count` rounds after a warm-up, in which caches are cold and code is not compiled yet. A quick run has no warm-up. In each
 * round, the builds take turns, and also in going first.
 * @param round Gets the index of the round, from 0.
 */
export async function repeat(
  { builds, quick, say, signal }: Pick<Setting, "builds" | "quick" | "say" | "signal">,
  what: string,
  count: number,
  round: (index: number, build: Build) => Promise<Figures>,
): Promise<RoundsOfBuilds> {
  const contestants = builds.flatMap((build) =>
    build === undefined ? [] : [{ build, rounds: [] as Figures[] }],
  );
  if (!quick) {
    say(`${what}: warm-up`);
    for (const { build } of contestants) await round(0, build);
  }
  for (let index = 0; index < count; index += 1) {
    say(`${what}: round ${index + 1} of ${count}`);
    for (const { build, rounds } of index % 2 === 0 ? contestants : contestants.toReversed()) {
      signal.throwIfAborted();
      rounds.push(await round(index, build));
    }
  }
  return contestants.map(({ rounds }) => rounds);
}

/** Makes a result from the rounds of this build, and the same of the baseline. */
export function resultOf(
  [own = [], baseline]: RoundsOfBuilds,
  make: (rounds: readonly Figures[]) => Result,
): Result {
  return { ...make(own), ...(baseline === undefined ? {} : { baseline: make(baseline) }) };
}

/**
 * Runs the rounds of two contestants alternately, so that a disturbance of the machine affects both. They take turns in
 * going first. The ratio is that of their speeds.
 */
export async function againstBare(bare: Child, ours: Child, index: number): Promise<Figures> {
  const before = index % 2 === 0 ? await bare.run() : undefined;
  const figures = await ours.run();
  const bareSeconds = figure(before ?? (await bare.run()), "seconds");
  return { ...figures, bareSeconds, ratio: bareSeconds / figure(figures, "seconds") };
}

export function medianOf(rounds: readonly Figures[], name: string): number {
  return median(rounds.map((round) => figure(round, name)));
}

/** The median: a single disturbed round does not change it. For an even count, the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error("The median of no values is undefined.");
  return (lower + upper) / 2;
}
