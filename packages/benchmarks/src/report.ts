import { cpus, totalmem } from "node:os";
import type { Result } from "./benchmark.js";
import { isMet } from "./target.js";

/** Where something was measured. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Everything that was measured, and where, for programs to read. */
export interface Report {
  /** When the run began, in ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  /** A quick run: its values say nothing. */
  readonly quick: boolean;
  readonly results: readonly ReportedResult[];
}

export interface ReportedResult extends Result {
  /** Null without a target. */
  readonly met: boolean | null;
}

export function report(date: Date, quick: boolean, results: readonly Result[]): Report {
  return {
    date: date.toISOString(),
    machine: thisMachine(),
    quick,
    results: results.map((result) => ({
      ...result,
      met: result.target === undefined ? null : isMet(result.target, result.value),
    })),
  };
}

function thisMachine(): Machine {
  const processors = cpus();
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
  };
}
