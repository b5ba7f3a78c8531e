import type { Benchmark } from "../benchmark.js";
import { cliStart } from "./cli-start.js";
import { codegen } from "./codegen.js";
import { emulator } from "./emulator.js";
import { fingerprint } from "./fingerprint.js";
import { memory } from "./memory.js";
import { calls, listing } from "./requests.js";
import { sizes } from "./sizes.js";
import { smallFiles } from "./small-files.js";
import { throughput } from "./throughput.js";
import { throughputTls } from "./throughput-tls.js";

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
