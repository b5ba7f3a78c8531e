import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Benchmark, isMet, type Result, type Setting, targetText } from "./benchmark.js";
import { root } from "./benchmarks/durations.js";
import { benchmarks, type CommandLine, parseCommandLine, UsageError, usage } from "./command-line.js";
import {
  appendHistory,
  beforeEach,
  historyEntry,
  type Report,
  readHistory,
  report,
  sources,
  table,
} from "./report.js";
import { Scratch } from "./resources.js";

const exitCode = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

const execute = promisify(execFile);
const historyFile = join(root, "packages/benchmarks/history.json");

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new AbortController();
  // Only once: a second signal ends the process at once, in case the cleanup hangs.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => interruption.abort());
  try {
    return await measure(parseCommandLine(process.argv.slice(2), benchmarks), interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error("Stopped. All processes and temporary files are removed.");
      return exitCode.interrupted;
    }
    const isUsage = error instanceof UsageError;
    console.error(isUsage ? `${error.message} See --help.` : error);
    return isUsage ? exitCode.usage : exitCode.failure;
  }
}

async function measure(
  { help, quick, save, json, chosen }: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  if (help) {
    process.stdout.write(usage(benchmarks));
    return exitCode.success;
  }
  const date = new Date();
  const results = await runBenchmarks(chosen, { quick, signal, say: (what) => console.error(what) });
  const made = report(date, quick, results);
  console.log(await comparedTable(made));
  if (json !== undefined) {
    // pnpm runs scripts in the root of the project; INIT_CWD is the folder in which the user called it.
    const file = resolve(process.env["INIT_CWD"] ?? "", json);
    await writeFile(file, `${JSON.stringify(made, null, 2)}\n`);
  }
  if (save) {
    const { version, commit } = await revision();
    await appendHistory(historyFile, historyEntry(made, version, commit));
  }
  return quick ? exitCode.success : judge(results);
}

/** Quick runs are not compared. */
async function comparedTable({ results, quick, machine }: Report): Promise<string> {
  const before = beforeEach(quick ? [] : await readHistory(historyFile), results, machine);
  return [table(results, !quick, before), ...sources(before)].join("\n");
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

/** Runs the benchmarks one after the other. Always ends their processes and removes their files. */
async function runBenchmarks(
  chosen: readonly Benchmark[],
  options: Omit<Setting, "scratch">,
): Promise<Result[]> {
  await using scratch = await Scratch.create();
  const results: Result[] = [];
  for (const benchmark of chosen) {
    options.signal.throwIfAborted();
    results.push(...(await benchmark.run({ ...options, scratch })));
  }
  return results;
}

/** The state of the project that is measured. */
async function revision(): Promise<{ readonly version: string; readonly commit: string | null }> {
  const { version }: { version: string } = JSON.parse(
    await readFile(join(root, "packages/client/package.json"), "utf8"),
  );
  return { version, commit: await commit() };
}

async function commit(): Promise<string | null> {
  try {
    const id = await git("rev-parse", "--short", "HEAD");
    const changed = await git("status", "--porcelain", "--untracked-files=no");
    return changed === "" ? id : `${id}+`;
  } catch {
    return null;
  }
}

async function git(...args: string[]): Promise<string> {
  return (await execute("git", args, { cwd: root })).stdout.trim();
}
