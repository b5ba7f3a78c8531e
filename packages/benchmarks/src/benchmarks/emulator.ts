import type { Benchmark } from "../benchmark.js";
import type { ClientUploadInput } from "../children/client-upload.js";
import { startEmulatorChild, startSinkChild } from "../children/servers.js";
import { startChild } from "../children/start-child.js";
import { againstBare, medianOf, repeat } from "../rounds.js";
import { MiB, sizeText } from "../size.js";

const chunkSize = 8 * MiB;
const concurrency = 4;

export const emulator: Benchmark = {
  name: "emulator",
  measures: "uploadFile to the emulator, which keeps what it gets, against a server that only counts",
  async run(setting) {
    const { quick, scratch, signal } = setting;
    const size = (quick ? 16 : 256) * MiB;
    const file = await scratch.file(size);
    const input = { file, chunkSize, concurrency, id: "given", fetch: "node" } as const;
    await using sink = await startSinkChild(signal);
    await using store = await startEmulatorChild(signal);
    const to = (endpoint: string) =>
      startChild("client-upload", { ...input, endpoint } satisfies ClientUploadInput, signal);
    await using toSink = await to(sink.endpoint);
    await using toEmulator = await to(store.endpoint);
    const rounds = await repeat(setting, "emulator", quick ? 1 : 5, (index) =>
      againstBare(toSink, toEmulator, index),
    );
    const perSecond = sizeText(size / medianOf(rounds, "seconds"));
    return [
      {
        label: "emulator, throughput",
        value: medianOf(rounds, "ratio"),
        unit: "of the plain sink's speed",
        better: "higher",
        sizes: { fileBytes: size, chunkBytes: chunkSize, concurrency },
        rounds,
        note: `${perSecond} per second`,
      },
    ];
  },
};
