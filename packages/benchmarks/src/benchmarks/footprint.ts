import { type Benchmark, medianOf, type Result, type Setting } from "../benchmark.js";
import {
  type Figures,
  figure,
  GiB,
  type Inputs,
  isFigures,
  MiB,
  type Server,
  sizesOf,
  sizeText,
  startChild,
  startSinkChild,
  transfer,
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
    const growth = many.value / one.value;
    return [
      one,
      many,
      {
        label: `memory, ${sizeText(large)} : ${sizeText(small)}`,
        value: growth,
        unit: "times the memory",
        target: { atMost: 1.1 },
        sizes: { smallBytes: small, largeBytes: large },
        rounds: [{ smallMb: one.value, largeMb: many.value, ratio: growth }],
      },
    ];
  },
};

/** Uses a process per round, because the peak of a process never falls. The file is sparse, so reading it needs no disk. */
async function peak({ quick, scratch, signal, say }: Setting, sink: Server, size: number): Promise<Result> {
  const label = `memory, ${sizeText(size)}`;
  const input: Inputs["bare-upload"] = {
    endpoint: sink.endpoint,
    file: await scratch.sparseFile(size),
    ...transfer,
  };
  const ourInput: Inputs["client-upload"] = { ...input, id: "content", fetch: "node" };
  const count = quick ? 1 : 3;
  const rounds: Figures[] = [];
  while (rounds.length < count) {
    say(`${label}: round ${rounds.length + 1} of ${count}`);
    const bare = await peakOf("bare-upload", input, signal);
    const ours = await peakOf("client-upload", ourInput, signal);
    rounds.push({ ...ours, bareMb: figure(bare, "peakMb"), bareBaselineMb: figure(bare, "baselineMb") });
  }
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
}

async function peakOf<Name extends "bare-upload" | "client-upload">(
  name: Name,
  input: Inputs[Name],
  signal: AbortSignal,
): Promise<Figures> {
  await using child = await startChild(name, input, signal);
  return { ...(await child.run()), baselineMb: figure(child.ready, "peakMb") };
}

/** `pnpm check` has budgets for these, too. */
const sizeTargets: Readonly<Record<string, number>> = {
  "browser, at once": 12_000,
  "browser, with the engine": 24_000,
};

export const sizes: Benchmark = {
  name: "sizes",
  measures: "the client in a browser, gzipped, and each package installed with its dependencies",
  async run({ signal, say }) {
    say("sizes");
    const measured: unknown = JSON.parse(await runProgram("scripts/check/packages.ts", ["sizes"], signal));
    if (!isFigures(measured)) throw new Error("The sizes are not numbers.");
    return Object.entries(measured).map(([label, bytes]) => sizeResult(label, bytes));
  },
};

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
