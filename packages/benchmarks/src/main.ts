import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Benchmark, isMet, type Result, type Setting, targetText } from "./benchmark.js";
import { benchmarks, type CommandLine, parseCommandLine, UsageError, usage } from "./command-line.js";
import { Scratch } from "./files.js";
import {
  appendHistory,
  baselineOf,
  beforeEach,
  type HistoryEntry,
  historyEntry,
  type Report,
  readHistory,
  report,
  sources,
  table,
} from "./report.js";
import { type Build, ownBuild, requireBuilt } from "./resources.js";

const exitCode = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

const execute = promisify(execFile);
const historyFile = join(ownBuild.root, "packages/benchmarks/history.json");

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
  { help, quick, save, json, baseline, chosen }: CommandLine,
  signal: AbortSignal,
): Promise<number> {
  if (help) {
    process.stdout.write(usage(benchmarks));
    return exitCode.success;
  }
  const other = baseline === undefined ? undefined : { root: fromUser(baseline) };
  if (other !== undefined) await requireBuilt(other);
  const date = new Date();
  const say = (what: string) => console.error(what);
  const builds = other === undefined ? ([ownBuild] as const) : ([ownBuild, other] as const);
  const { results, failures } = await runBenchmarks(chosen, { builds, quick, signal, say });
  const made = report(date, quick, results);
  console.log(await comparedTable(made, other));
  if (json !== undefined) await writeFile(fromUser(json), `${JSON.stringify(made, null, 2)}\n`);
  if (save) await appendHistory(historyFile, await entryOf(made, ownBuild));
  for (const name of failures) console.error(`Failed: ${name}. Its error is above.`);
  const code = quick ? exitCode.success : judge(results);
  return failures.length === 0 ? code : exitCode.failure;
}

/** pnpm runs scripts in the root of the project; INIT_CWD is the folder in which the user called it. */
function fromUser(path: string): string {
  return resolve(process.env["INIT_CWD"] ?? "", path);
}

/** Compares with the baseline, or else with the history. Quick runs are not compared with the history. */
async function comparedTable(made: Report, baseline: Build | undefined): Promise<string> {
  const { results, quick, machine } = made;
  const history = baseline !== undefined ? [await entryOf(baselineOf(made), baseline)] : [];
  if (baseline === undefined && !quick) history.push(...(await readHistory(historyFile)));
  const before = beforeEach(history, results, machine);
  return [table(results, !quick, before), ...sources(before)].join("\n");
}

async function entryOf(made: Report, build: Build): Promise<HistoryEntry> {
  const { version, commit } = await revision(build);
  return historyEntry(made, version, commit);
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
): Promise<{ readonly results: readonly Result[]; readonly failures: readonly string[] }> {
  await using scratch = await Scratch.create();
  const results: Result[] = [];
  const failures: string[] = [];
  for (const benchmark of chosen) {
    options.signal.throwIfAborted();
    try {
      results.push(...(await benchmark.run({ ...options, scratch })));
    } catch (error) {
      options.signal.throwIfAborted();
      // The results of the others took minutes to measure.
      failures.push(benchmark.name);
      console.error(`${benchmark.name} failed:`, error);
    }
  }
  return { results, failures };
}

/** The state of a checkout. */
async function revision(build: Build): Promise<{ readonly version: string; readonly commit: string | null }> {
  const { version }: { version: string } = JSON.parse(
    await readFile(join(build.root, "packages/client/package.json"), "utf8"),
  );
  return { version, commit: await commit(build) };
}

async function commit(build: Build): Promise<string | null> {
  try {
    const id = await git(build, "rev-parse", "--short", "HEAD");
    const changed = await git(build, "status", "--porcelain", "--untracked-files=no");
    return changed === "" ? id : `${id}+`;
  } catch {
    return null;
  }
}

async function git({ root }: Build, ...args: string[]): Promise<string> {
  return (await execute("git", args, { cwd: root })).stdout.trim();
}
