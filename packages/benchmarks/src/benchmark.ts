import type { Figures } from "./figures.js";
import type { Scratch } from "./scratch.js";
import type { Better, Target } from "./target.js";

/** Something to measure. Add one by a module in `benchmarks/` and a line in `benchmarks/index.ts`. */
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
  /** Aborted when the run shall end. */
  readonly signal: AbortSignal;
  /** Tells whoever waits what is being done. */
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
