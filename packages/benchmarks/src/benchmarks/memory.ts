import type { Benchmark, Result, Setting } from "../benchmark.js";
import type { ClientUploadInput } from "../children/client-upload.js";
import { type Server, startSinkChild } from "../children/servers.js";
import { startChild } from "../children/start-child.js";
import type { UploadInput } from "../children/upload-input.js";
import { type Figures, figure } from "../figures.js";
import { medianOf } from "../rounds.js";
import { GiB, MiB, sizeText } from "../size.js";

const chunkSize = 8 * MiB;
const concurrency = 4;

export const memory: Benchmark = {
  name: "memory",
  measures:
    "the most memory a process takes that uploads 1 GiB and 8 GiB, 8 MiB chunks × 4, fingerprint included",
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

/** A process per round, as what a process has ever taken never falls. Its file is sparse, and so read from cached pages. */
async function peak({ quick, scratch, signal, say }: Setting, sink: Server, size: number): Promise<Result> {
  const label = `memory, ${sizeText(size)}`;
  const input: UploadInput = {
    endpoint: sink.endpoint,
    file: await scratch.sparseFile(size),
    chunkSize,
    concurrency,
  };
  const ourInput: ClientUploadInput = { ...input, id: "content", fetch: "node" };
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
    sizes: { fileBytes: size, chunkBytes: chunkSize, concurrency },
    rounds,
    note: `${baseline} MB before it began; the bare loop takes ${bare} MB; a sparse file`,
  };
}

async function peakOf(name: string, input: UploadInput, signal: AbortSignal): Promise<Figures> {
  await using child = await startChild(name, input, signal);
  return { ...(await child.run()), baselineMb: figure(child.ready, "peakMb") };
}
