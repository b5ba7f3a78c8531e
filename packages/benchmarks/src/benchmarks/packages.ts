import { againstBare, type Benchmark, medianOf, type Result, repeat, resultOf } from "../benchmark.js";
import { KiB, MiB, sizesOf, sizeText, transfer } from "../files.js";
import {
  type Child,
  type Figures,
  figure,
  startChild,
  startEmulatorChild,
  startForEach,
  startSinkChild,
} from "../resources.js";

const fileBytes = 4 * KiB;
const delayMs = 20;
const concurrency = 16;
const folders = 8;

/** The ideal time: each file waits for the server once, `level` at a time, and everything else takes no time. */
function idealSeconds(files: number, level: number): number {
  return (Math.ceil(files / level) * delayMs) / 1000;
}

export const smallFiles: Benchmark = {
  name: "small-files",
  measures:
    "uploadPackage of 2,000 files of 4 KiB to a server that responds after 20 ms, 16 at a time and with the default concurrency, compared with that delay",
  async run(setting) {
    const { builds, quick, scratch, signal } = setting;
    const perFolder = quick ? 8 : 250;
    const files = folders * perFolder;
    const directory = await scratch.directory(folders, perFolder, fileBytes);
    await using sink = await startSinkChild(signal, { delayMs });
    const { endpoint } = sink;
    const input = { endpoint, directory, concurrency };
    await using bare = await startChild("bare-package-upload", input, signal);
    await using fixed = await startForEach(builds, (build) =>
      startChild("package-upload", { ...input, build }, signal),
    );
    await using automatic = await startForEach(builds, (build) =>
      startChild("package-upload", { endpoint, directory, build }, signal),
    );
    const measured = await repeat(setting, "small files", quick ? 1 : 5, async (index, build) => {
      await sink.run();
      const figures = await againstBare(bare, fixed.of(build), index);
      const requests = figure(await sink.run(), "requests") - files;
      const { seconds = 0 } = await automatic.of(build).run();
      const { level = 0 } = await sink.run();
      return { ...figures, requests, automaticSeconds: seconds, level };
    });
    const sizes = { files, folders, fileBytes, delayMs, concurrency };
    const ideal = idealSeconds(files, concurrency);
    const ratios = (rounds: readonly Figures[], ratioOf: (round: Figures) => number) => {
      const all = rounds.map((round) => ({ ...round, ratio: ratioOf(round) }));
      return { sizes, rounds: all, value: medianOf(all, "ratio") };
    };
    return [
      resultOf(measured, (rounds) => ({
        label: "small files, 16 at a time",
        unit: "times the ideal",
        target: { atMost: 1.25 },
        ...ratios(rounds, (round) => figure(round, "seconds") / ideal),
        note: `ideal: ${files} files × ${delayMs} ms / ${concurrency} = ${ideal} s; ${medianOf(rounds, "requests") - files} more requests for listings and marks`,
      })),
      resultOf(measured, (rounds) => ({
        label: "small files, 16 at a time, and a bare loop",
        unit: "of the bare loop's speed",
        better: "higher",
        ...ratios(rounds, (round) => figure(round, "ratio")),
        note: `the bare loop only reads and sends, and takes ${(medianOf(rounds, "bareSeconds") / ideal).toFixed(2)} times the ideal`,
      })),
      resultOf(measured, (rounds) => ({
        label: "small files, default concurrency",
        unit: "times the ideal",
        target: { atMost: 1.15 },
        ...ratios(rounds, (round) => {
          return figure(round, "automaticSeconds") / idealSeconds(files, figure(round, "level"));
        }),
        note: `${medianOf(rounds, "automaticSeconds").toFixed(2)} s; ideal: ${files} files × ${delayMs} ms / ${medianOf(rounds, "level")} requests at a time, the median at the server`,
      })),
      resultOf(measured, (rounds) => ({
        label: "small files, default against 16 at a time",
        unit: "times the time",
        target: { atMost: 1 },
        ...ratios(rounds, (round) => figure(round, "automaticSeconds") / figure(round, "seconds")),
      })),
    ];
  },
};

export const emulator: Benchmark = {
  name: "emulator",
  measures:
    "uploadFile and uploadPackage to the emulator, which stores the content, compared with a server that only counts bytes",
  async run(setting) {
    const { builds, quick, scratch, signal } = setting;
    const [own] = builds;
    await using sink = await startSinkChild(signal);
    await using stores = await startForEach(builds, (build) => startEmulatorChild(signal, { build }));
    const size = (quick ? 16 : 256) * MiB;
    const file = await scratch.file(size);
    const perFolder = quick ? 8 : 125;
    const directory = await scratch.directory(folders, perFolder, fileBytes);
    // The client of this checkout in every case, so that only the servers differ.
    const uploads = {
      file: (endpoint: string) =>
        startChild(
          "client-upload",
          { file, ...transfer, id: "given", fetch: "node", build: own, endpoint },
          signal,
        ),
      package: (endpoint: string) =>
        startChild("package-upload", { directory, concurrency, build: own, endpoint }, signal),
    };
    const compare = async (
      label: string,
      upload: (endpoint: string) => Promise<Child>,
      toResult: (rounds: readonly Figures[]) => Pick<Result, "sizes" | "note">,
    ) => {
      await using toSink = await upload(sink.endpoint);
      await using toEmulator = await startForEach(builds, (build) => upload(endpointOf(stores.of(build))));
      const measured = await repeat(setting, label, quick ? 1 : 7, async (index, build) => {
        const figures = await againstBare(toSink, toEmulator.of(build), index);
        await stores.of(build).run();
        return figures;
      });
      return resultOf(measured, (rounds) => ({
        label,
        value: medianOf(rounds, "ratio"),
        unit: "of the plain sink's speed",
        target: { atLeast: 0.5 },
        rounds,
        ...toResult(rounds),
      }));
    };
    return [
      await compare("emulator, one file", uploads.file, (rounds) => ({
        sizes: sizesOf(size),
        note: `${sizeText(size / medianOf(rounds, "seconds"))} per second`,
      })),
      await compare("emulator, small files", uploads.package, (rounds) => ({
        sizes: { files: folders * perFolder, folders, fileBytes, concurrency },
        note: `${Math.round((folders * perFolder) / medianOf(rounds, "seconds"))} files per second`,
      })),
    ];
  },
};

function endpointOf({ ready }: Child): string {
  return `http://127.0.0.1:${figure(ready, "port")}`;
}
