import type { Benchmark, Result } from "../benchmark.js";
import { isFigures } from "../figures.js";
import { runProgram } from "../workspace.js";

/** Budgets that `pnpm check` holds the client to, too. */
const targets: Readonly<Record<string, number>> = {
  "browser, at once": 15_000,
  "browser, with uploads": 27_000,
};

export const sizes: Benchmark = {
  name: "sizes",
  measures: "the client in a browser, gzipped, and each package installed with all it depends on",
  async run({ signal, say }) {
    say("sizes");
    const measured: unknown = JSON.parse(await runProgram("scripts/packaging/measure-sizes.ts", [], signal));
    if (!isFigures(measured)) throw new Error("the sizes are not numbers");
    return Object.entries(measured).map(([label, bytes]) => result(label, bytes));
  },
};

function result(label: string, bytes: number): Result {
  const limit = targets[label];
  return {
    label,
    value: bytes,
    unit: "bytes",
    better: "lower",
    ...(limit === undefined ? {} : { target: { atMost: limit } }),
    sizes: { bytes },
    rounds: [{ bytes }],
  };
}
