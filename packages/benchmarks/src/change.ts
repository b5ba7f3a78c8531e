import type { Result } from "./benchmark.js";
import { type Extremes, extremesOf } from "./extremes.js";
import type { KeptResult } from "./history.js";
import type { Better } from "./target.js";

export interface Change {
  /** How much more the value is than it was: 0.1 for a tenth. Negative when it is less. */
  readonly relative: number;
  /** Worse by more than the rounds differ among themselves, then or now. */
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

/** A target tells, too. */
function betterOf({ target, better }: Result): Better | undefined {
  if (target === undefined) return better;
  return "atLeast" in target ? "higher" : "lower";
}

function width(extremes: Extremes | undefined): number {
  return extremes === undefined ? 0 : extremes.high - extremes.low;
}
