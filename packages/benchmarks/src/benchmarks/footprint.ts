import { type Benchmark, medianOf, type Result, repeat, resultOf, type Setting } from "../benchmark.js";
import { GiB, MiB, sizesOf, sizeText, transfer } from "../files.js";
import {
  type Build,
  type Figures,
  figure,
  type Inputs,
  isFigures,
  type Server,
  startChild,
  startSinkChild,
} from "../resources.js";
import { runProgram } from "./durations.js";

export const memory: Benchmark = {
  name: "memory",
  measures: "the peak memory of a process that uploads 1 GiB and 8 GiB, 8 MiB chunks × 4, with fingerprint",
  async run(setting) {
    await using sink = await startSinkChild(setting.signal);
    const [small, large] = setting.quick ? [16 * MiB, 32 * MiB] : [GiB, 8 * GiB];
    const one = await peak(setting, sink, small);
    const many = await peak(setting, sink, large);
    const growth = (smaller: Result, larger: Result): Result => ({
      label: `memory, ${sizeText(large)} : ${sizeText(small)}`,
      value: larger.value / smaller.value,
      unit: "times the memory",
      target: { atMost: 1.1 },
      sizes: { smallBytes: small, largeBytes: large },
      rounds: [{ smallMb: smaller.value, largeMb: larger.value, ratio: larger.value / smaller.value }],
    });
    const [before, beforeMany] = [one.baseline, many.baseline];
    const baseline =
      before === undefined || beforeMany === undefined ? {} : { baseline: growth(before, beforeMany) };
    return [one, many, { ...growth(one, many), ...baseline }];
  },
};

/** Uses a process per round, because the peak of a process never falls. The file is sparse, so reading it needs no disk. */
async function peak(setting: Setting, sink: Server, size: number): Promise<Result> {
  const { quick, scratch, signal } = setting;
  const label = `memory, ${sizeText(size)}`;
  const input: Inputs["bare-upload"] = {
    endpoint: sink.endpoint,
    file: await scratch.sparseFile(size),
    ...transfer,
  };
  // There is nothing to warm up: each round has new processes.
  const measured = await repeat({ ...setting, quick: true }, label, quick ? 1 : 3, async (_, build) => {
    const bare = await peakOf("bare-upload", input, signal);
    const ourInput: Inputs["client-upload"] = { ...input, build, id: "content", fetch: "node" };
    const ours = await peakOf("client-upload", ourInput, signal);
    return { ...ours, bareMb: figure(bare, "peakMb"), bareBaselineMb: figure(bare, "baselineMb") };
  });
  return resultOf(measured, (rounds) => {
    const [baseline, bare] = ["baselineMb", "bareMb"].map((name) => Math.round(medianOf(rounds, name)));
    return {
      label,
      value: medianOf(rounds, "peakMb"),
      unit: "MB",
      target: { atMost: 130 },
      sizes: sizesOf(size),
      rounds,
      note: `${baseline} MB before it began; the bare loop takes ${bare} MB; a sparse file`,
    };
  });
}

async function peakOf<Name extends "bare-upload" | "client-upload">(
  name: Name,
  input: Inputs[Name],
  signal: AbortSignal,
): Promise<Figures> {
  await using child = await startChild(name, input, signal);
  return { ...(await child.run()), baselineMb: figure(child.ready, "peakMb") };
}

/** Goals. `pnpm check` has budgets for these, too. */
const sizeTargets: Readonly<Record<string, number>> = {
  "browser, at once": 12_000,
  "browser, with the engine": 24_000,
  "browser, with packages": 30_500,
};

export const sizes: Benchmark = {
  name: "sizes",
  measures: "the client in a browser, gzipped, and each package installed with its dependencies",
  async run({ builds: [own, baseline], signal, say }) {
    say("sizes");
    const before = baseline === undefined ? {} : await measureSizes(baseline, signal);
    return Object.entries(await measureSizes(own, signal)).map(([label, bytes]) => {
      const bytesBefore = before[label];
      const compared = bytesBefore === undefined ? {} : { baseline: sizeResult(label, bytesBefore) };
      return { ...sizeResult(label, bytes), ...compared };
    });
  },
};

async function measureSizes(build: Build, signal: AbortSignal): Promise<Figures> {
  const script = "scripts/check/packages.ts";
  const measured: unknown = JSON.parse(await runProgram(script, ["sizes"], signal, build));
  if (!isFigures(measured)) throw new Error("The sizes are not numbers.");
  return measured;
}

function sizeResult(label: string, bytes: number): Result {
  const limit = sizeTargets[label];
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
