import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Result } from "./benchmark.js";
import { benchmarks } from "./benchmarks/index.js";
import { type CommandLine, parseCommandLine, UsageError, usage } from "./command-line.js";
import { report } from "./report.js";
import { runBenchmarks } from "./run-benchmarks.js";
import { table } from "./table.js";
import { isMet, targetText } from "./target.js";

const exitCode = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new AbortController();
  // Once only: a second signal ends the process at once, should that hang.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => interruption.abort());
  try {
    return await measure(parseCommandLine(process.argv.slice(2), benchmarks), interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error("Stopped. Nothing is left behind.");
      return exitCode.interrupted;
    }
    const isUsage = error instanceof UsageError;
    console.error(isUsage ? `${error.message} See --help.` : error);
    return isUsage ? exitCode.usage : exitCode.failure;
  }
}

async function measure({ help, quick, json, chosen }: CommandLine, signal: AbortSignal): Promise<number> {
  if (help) {
    process.stdout.write(usage(benchmarks));
    return exitCode.success;
  }
  const date = new Date();
  const results = await runBenchmarks(chosen, { quick, signal, say: (what) => console.error(what) });
  console.log(table(results, !quick));
  if (json !== undefined) {
    // pnpm runs scripts in the root of the project; INIT_CWD is where the person stood.
    const file = resolve(process.env["INIT_CWD"] ?? "", json);
    await writeFile(file, `${JSON.stringify(report(date, quick, results), null, 2)}\n`);
  }
  return quick ? exitCode.success : judge(results);
}

function judge(results: readonly Result[]): number {
  const missed = results.flatMap(({ label, value, target }) =>
    target === undefined || isMet(target, value)
      ? []
      : [`Missed: ${label}, ${value.toFixed(2)}, should be ${targetText(target)}.`],
  );
  for (const line of missed) console.error(line);
  return missed.length === 0 ? exitCode.success : exitCode.failure;
}
