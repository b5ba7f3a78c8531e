import type { Result } from "./benchmark.js";

/** Between which values the rounds lay. */
export interface Extremes {
  readonly low: number;
  readonly high: number;
}

/** Of the figure that the result's value is the median of; undefined for less than two rounds. */
export function extremesOf({ rounds }: Pick<Result, "rounds">): Extremes | undefined {
  const values = rounds.flatMap(({ ratio, peakMb, overMs }) => ratio ?? peakMb ?? overMs ?? []);
  if (values.length < 2) return undefined;
  return { low: Math.min(...values), high: Math.max(...values) };
}
