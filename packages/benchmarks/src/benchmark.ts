import { type Child, type Figures, figure, type Scratch } from "./resources.js";

/** Something to measure. Add one to a module in `benchmarks/`, and to the list in `command-line.ts`. */
export interface Benchmark {
  /** What `--only` takes. */
  readonly name: string;
  /** In one sentence: what is measured, and against what. */
  readonly measures: string;
  run(setting: Setting): Promise<readonly Result[]>;
}

/** What a benchmark is run with. */
export interface Setting {
  /** Small sizes, few rounds: shows that everything works, and says nothing about speed. */
  readonly quick: boolean;
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
  /** A text such as `× bare` or `MB`. */
  readonly unit: string;
  /** Lines without one are there to be read. */
  readonly target?: Target;
  /** Which way is better, where no target tells. */
  readonly better?: Better;
  /** Sizes in bytes, counts, delays: what it was measured with. */
  readonly sizes: Figures;
  /** Every round, in order, without the warm-up. */
  readonly rounds: readonly Figures[];
  /** How the value came about, if the label does not say. */
  readonly note?: string;
}

/** What a value must keep to. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** Which of two values is better. */
export type Better = "higher" | "lower";

export function isMet(target: Target, value: number): boolean {
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

export function targetText(target: Target): string {
  return "atLeast" in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/**
 * Runs a round so often, after one that does not count: it finds caches cold and code not yet compiled. A quick run says
 * nothing in any case, and goes without that one.
 * @param round Is told which one it is, from 0.
 */
export async function repeat(
  { quick, say, signal }: Setting,
  what: string,
  count: number,
  round: (index: number) => Promise<Figures>,
): Promise<Figures[]> {
  if (!quick) {
    say(`${what}: warm-up`);
    await round(0);
  }
  const rounds: Figures[] = [];
  while (rounds.length < count) {
    signal.throwIfAborted();
    say(`${what}: round ${rounds.length + 1} of ${count}`);
    rounds.push(await round(rounds.length));
  }
  return rounds;
}

/**
 * Runs one round of each, one after the other, so that a longer disturbance of the machine affects both. They take turns
 * in going first. The ratio is that of their speeds.
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

/** The middle one; the mean of both for an even count. A single round that the machine disturbed does not move it. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error("there is no median of nothing");
  return (lower + upper) / 2;
}
