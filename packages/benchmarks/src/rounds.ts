import type { Setting } from "./benchmark.js";
import type { Child } from "./children/start-child.js";
import { type Figures, figure } from "./figures.js";
import { median } from "./statistics.js";

/** Runs a round so often, after one that does not count: it finds caches cold and code not yet compiled. */
export async function repeat(
  { say, signal }: Setting,
  what: string,
  count: number,
  round: () => Promise<Figures>,
): Promise<Figures[]> {
  say(`${what}: warm-up`);
  await round();
  const rounds: Figures[] = [];
  while (rounds.length < count) {
    signal.throwIfAborted();
    say(`${what}: round ${rounds.length + 1} of ${count}`);
    rounds.push(await round());
  }
  return rounds;
}

/** One round of each, one after the other: what disturbs the machine for longer than that disturbs both. */
export async function againstBare(bare: Child, ours: Child): Promise<Figures> {
  const bareSeconds = figure(await bare.run(), "seconds");
  const figures = await ours.run();
  return { ...figures, bareSeconds, ratio: bareSeconds / figure(figures, "seconds") };
}

export function medianOf(rounds: readonly Figures[], name: string): number {
  return median(rounds.map((round) => figure(round, name)));
}
