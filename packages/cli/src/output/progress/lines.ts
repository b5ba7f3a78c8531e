import type { Output } from "../output.js";
import { figures, type ProgressDisplay, type ProgressState, percentOf } from "./state.js";

const intervalMs = 1000;
/** Not even a tenth more is told sooner. */
const leastGapMs = 3000;
const usualGapMs = 10_000;

/** Plain lines, for logs: one at each tenth, and every ten seconds in between. */
export function lineDisplay(output: Output, begin: number): ProgressDisplay {
  let toldAt = begin;
  let toldTenth = 0;
  let toldPercent = -1;
  const tellPipeline = (state: ProgressState) => {
    const percent = percentOf(state);
    if (output.pipeline === undefined || percent === toldPercent) return;
    toldPercent = percent;
    output.stepProgress(percent, "Upload");
  };
  return {
    intervalMs,
    show(state, now) {
      tellPipeline(state);
      const tenth = Math.floor(percentOf(state) / 10);
      const gap = now - toldAt;
      if (gap < leastGapMs || (tenth === toldTenth && gap < usualGapMs)) return;
      toldAt = now;
      toldTenth = tenth;
      output.note(figures(state).join(", "));
    },
    end(state) {
      if (state !== undefined) tellPipeline(state);
    },
  };
}
