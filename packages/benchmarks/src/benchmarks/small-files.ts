import type { Benchmark } from "../benchmark.js";
import type { PackageUploadInput } from "../children/package-upload.js";
import { startSinkChild } from "../children/servers.js";
import { startChild } from "../children/start-child.js";
import { figure } from "../figures.js";
import { againstBare, medianOf, repeat } from "../rounds.js";
import { KiB } from "../size.js";

const fileBytes = 4 * KiB;
const delayMs = 20;
const concurrency = 16;
const folders = 8;

/** What cannot be avoided: each file waits for the server once, so many at a time. Nothing is allowed for the rest. */
function idealSeconds(files: number): number {
  return (Math.ceil(files / concurrency) * delayMs) / 1000;
}

export const smallFiles: Benchmark = {
  name: "small-files",
  measures:
    "uploadPackage of 2,000 files of 4 KiB to a server that takes 20 ms to answer, 16 at a time, against that time",
  async run(setting) {
    const { quick, scratch, signal } = setting;
    const perFolder = quick ? 8 : 250;
    const files = folders * perFolder;
    const directory = await scratch.directory(folders, perFolder, fileBytes);
    await using sink = await startSinkChild(signal, { delayMs });
    const input: PackageUploadInput = { endpoint: sink.endpoint, directory, concurrency };
    await using bare = await startChild("bare-package-upload", input, signal);
    await using ours = await startChild("package-upload", input, signal);
    const ideal = idealSeconds(files);
    const rounds = await repeat(setting, "small files", quick ? 1 : 5, async (index) => {
      await sink.run();
      const figures = await againstBare(bare, ours, index);
      const requests = figure(await sink.run(), "requests") - files;
      return { ...figures, requests, idealSeconds: ideal };
    });
    const ofIdeal = rounds.map((round) => ({ ...round, ratio: figure(round, "seconds") / ideal }));
    const others = medianOf(rounds, "requests") - files;
    const bareRatio = (medianOf(rounds, "bareSeconds") / ideal).toFixed(2);
    const sizes = { files, folders, fileBytes, delayMs, concurrency };
    return [
      {
        label: "small files",
        value: medianOf(ofIdeal, "ratio"),
        unit: "times the ideal",
        target: { atMost: 1.25 },
        sizes,
        rounds: ofIdeal,
        note: `ideal: ${files} files × ${delayMs} ms / ${concurrency} = ${ideal} s; ${others} listings and marks on top`,
      },
      {
        label: "small files, and a bare loop",
        value: medianOf(rounds, "ratio"),
        unit: "of the bare loop's speed",
        better: "higher",
        sizes,
        rounds,
        note: `the bare loop reads and sends, checks nothing, and takes ${bareRatio} times the ideal`,
      },
    ];
  },
};
