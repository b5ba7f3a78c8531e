import type { Benchmark, Result } from "./benchmark.js";
import { Scratch } from "./scratch.js";

export interface RunOptions {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  say(what: string): void;
}

/** Runs one benchmark after the other. However it ends, no process and no file of it is left. */
export async function runBenchmarks(chosen: readonly Benchmark[], options: RunOptions): Promise<Result[]> {
  await using scratch = await Scratch.create();
  const results: Result[] = [];
  for (const benchmark of chosen) {
    options.signal.throwIfAborted();
    results.push(...(await benchmark.run({ ...options, scratch })));
  }
  return results;
}
