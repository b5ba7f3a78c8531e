import type { Setting } from "./benchmark.js";
import type { Child } from "./children/start-child.js";
import { type Figures, figure } from "./figures.js";
import { median } from "./statistics.js";

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
 * One round of each, one after the other: what disturbs the machine for longer than that disturbs both. Who goes first
 * changes from round to round, for neither is to gain by it. The ratio is that of speeds.
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
