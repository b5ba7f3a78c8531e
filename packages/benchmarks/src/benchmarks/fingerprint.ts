import type { Benchmark, Result, Setting } from "../benchmark.js";
import type { ClientUploadInput } from "../children/client-upload.js";
import { type Server, startEmulatorChild, startSinkChild } from "../children/servers.js";
import { startChild } from "../children/start-child.js";
import { figure } from "../figures.js";
import { medianOf, repeat } from "../rounds.js";
import { GiB, MiB } from "../size.js";

const chunkSize = 8 * MiB;
const concurrency = 4;
const target = { atMost: 0.25 };
/** Bits per second, of which all are content: real lines send a little less, which makes hashing look worse. */
const line = 1e9;

export const fingerprint: Benchmark = {
  name: "fingerprint",
  measures: "hashing 1 GiB, which comes before it is sent, against the time of sending it",
  async run(setting) {
    const { signal } = setting;
    await using sink = await startSinkChild(signal);
    const toSink = await hashing(setting, sink, "fingerprint : to a plain sink");
    await using emulator = await startEmulatorChild(signal);
    const toEmulator = await hashing(setting, emulator, "fingerprint : to the emulator");
    return [toSink, toEmulator, onLine(toSink)];
  },
};

async function hashing(setting: Setting, server: Server, label: string): Promise<Result> {
  const { quick, scratch, signal } = setting;
  const size = quick ? 16 * MiB : GiB;
  const input: ClientUploadInput = {
    endpoint: server.endpoint,
    file: await scratch.file(size),
    chunkSize,
    concurrency,
    id: "content",
    fetch: "node",
  };
  await using ours = await startChild("client-upload", input, signal);
  const rounds = await repeat(setting, label, quick ? 1 : 5, async () => {
    const figures = await ours.run();
    return { ...figures, ratio: figure(figures, "hashSeconds") / figure(figures, "sendSeconds") };
  });
  return {
    label,
    value: medianOf(rounds, "ratio"),
    unit: "of the sending time",
    target,
    sizes: { fileBytes: size, chunkBytes: chunkSize, concurrency },
    rounds,
    note: `hashing ${perSecond(size, medianOf(rounds, "hashSeconds"))}, sending ${perSecond(size, medianOf(rounds, "sendSeconds"))}`,
  };
}

/** Computed, for no such line is at hand: the hashing that was measured, the sending that such a line allows. */
function onLine({ rounds, sizes }: Result): Result {
  const sendSeconds = (figure(sizes, "fileBytes") * 8) / line;
  const computed = rounds.map((round) => {
    const hashSeconds = figure(round, "hashSeconds");
    return { hashSeconds, sendSeconds, ratio: hashSeconds / sendSeconds };
  });
  return {
    label: "fingerprint : over 1 Gbit/s",
    value: medianOf(computed, "ratio"),
    unit: "of the sending time",
    target,
    sizes,
    rounds: computed,
    note: "computed from the hashing to the plain sink",
  };
}

function perSecond(bytes: number, seconds: number): string {
  return `${(bytes / seconds / GiB).toFixed(2)} GiB/s`;
}
