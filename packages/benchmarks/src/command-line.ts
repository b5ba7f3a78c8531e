import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.js";
import { calls, cliStart, codegen, listing } from "./benchmarks/durations.js";
import { memory, sizes } from "./benchmarks/footprint.js";
import { emulator, fingerprint, smallFiles, throughput, throughputTls } from "./benchmarks/uploads.js";

export const benchmarks: readonly Benchmark[] = [
  throughput,
  throughputTls,
  smallFiles,
  memory,
  fingerprint,
  calls,
  listing,
  emulator,
  codegen,
  sizes,
  cliStart,
];

export interface CommandLine {
  readonly help: boolean;
  readonly quick: boolean;
  /** Whether to keep the results in the history. */
  readonly save: boolean;
  /** Where to write the report, as given. */
  readonly json: string | undefined;
  readonly chosen: readonly Benchmark[];
}

/** Arguments that make no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[], all: readonly Benchmark[]): CommandLine {
  const { help, quick, save, json, only } = parsed(args);
  const unknown = only.find((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) {
    const names = all.map(({ name }) => name).join(", ");
    throw new UsageError(`There is no benchmark ${JSON.stringify(unknown)}. There are: ${names}.`);
  }
  if (quick && save) throw new UsageError("What --quick measures says nothing: it cannot be saved.");
  const chosen = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
  return { help, quick, save, json, chosen };
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      // pnpm passes the dashes on that part its arguments from ours.
      args: args[0] === "--" ? args.slice(1) : [...args],
      options: {
        help: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        save: { type: "boolean", default: false },
        json: { type: "string" },
        only: { type: "string", multiple: true, default: [] },
      },
    });
    return { ...values, json: values.json };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export function usage(all: readonly Benchmark[]): string {
  return `pnpm bench [--quick | --save] [--only NAME]… [--json FILE]

  --quick      small sizes, one round: shows that everything runs; targets are not judged
  --save       adds the results to packages/benchmarks/history.json, which later runs are compared with
  --only NAME  one of the benchmarks below; may be repeated
  --json FILE  writes everything that was measured

${all.map(({ name, measures }) => `  ${name.padEnd(15)} ${measures}`).join("\n")}

Values of before come from the history, as far as they were measured on a machine of this kind. WORSE marks what has lost
more than the rounds differ among themselves.

Exit code 0 when all targets are met, 1 when one is missed or a benchmark fails, 2 for arguments that make no sense.
`;
}
