import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.js";
import { calls, codegen, listing } from "./benchmarks/durations.js";
import { memory, sizes } from "./benchmarks/footprint.js";
import { emulator, smallFiles } from "./benchmarks/packages.js";
import { cliStart, packageProcess } from "./benchmarks/processes.js";
import { fingerprint, throughput, throughputTls } from "./benchmarks/uploads.js";

/** In the order in which they run. The first two come first, because new processes inherit the peak memory of this one, and start more slowly when it has more. */
export const benchmarks: readonly Benchmark[] = [
  memory,
  cliStart,
  packageProcess,
  throughput,
  throughputTls,
  smallFiles,
  fingerprint,
  calls,
  listing,
  emulator,
  codegen,
  sizes,
];

export interface CommandLine {
  readonly help: boolean;
  readonly quick: boolean;
  /** Whether to save the results in the history. */
  readonly save: boolean;
  /** The path of the report, as passed. */
  readonly json: string | undefined;
  /** The path of another checkout to measure as well, as passed. */
  readonly baseline: string | undefined;
  readonly chosen: readonly Benchmark[];
}

/** Invalid arguments. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[], all: readonly Benchmark[]): CommandLine {
  const { help, quick, save, json, baseline, only } = parsed(args);
  const unknown = only.find((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) {
    const names = all.map(({ name }) => name).join(", ");
    throw new UsageError(`There is no benchmark ${JSON.stringify(unknown)}. There are: ${names}.`);
  }
  if (quick && save)
    throw new UsageError("The results of --quick are not comparable. Remove --save or --quick.");
  const chosen = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
  return { help, quick, save, json, baseline, chosen };
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      // pnpm passes on the `--` that separates its arguments from ours.
      args: args[0] === "--" ? args.slice(1) : [...args],
      options: {
        help: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        save: { type: "boolean", default: false },
        json: { type: "string" },
        baseline: { type: "string" },
        only: { type: "string", multiple: true, default: [] },
      },
    });
    return { ...values, json: values.json, baseline: values.baseline };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export function usage(all: readonly Benchmark[]): string {
  return `pnpm bench [--quick | --save] [--only NAME]… [--baseline DIR] [--json FILE]

  --quick         small sizes, one round: shows that everything runs; targets are not checked
  --save          adds the results to packages/benchmarks/history.json, for comparison with later runs
  --only NAME     one of the benchmarks below; may be repeated
  --baseline DIR  also measures DIR, another checkout of this project that is built; the rounds take turns
  --json FILE     writes all measurements to FILE

${all.map(({ name, measures }) => `  ${name.padEnd(15)} ${measures}`).join("\n")}

The column "before" has the values of the baseline. Without one, it has values of the history that were measured on the same kind
of machine. WORSE marks a value that got worse
by more than the rounds differ.

Exit code 0 when all targets are met, 1 when one is missed or a benchmark fails, 2 for invalid arguments.
`;
}
