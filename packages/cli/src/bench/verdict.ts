import { sizeText } from "../output/units.js";

/** What `bench` measured. Throughput is of content, over all concurrent requests. */
export interface Measurements {
  /** The median time of a small GET on a warm connection. */
  readonly roundTripMs: number;
  /** Uploads of small files, by rising concurrency. */
  readonly smallFiles: readonly FileRun[];
  readonly chunks: readonly ChunkRun[];
  /** How fast this machine hashes content for resuming. */
  readonly hashBytesPerSecond: number;
}

/** Small files at one level of concurrency. */
export interface FileRun {
  readonly concurrency: number;
  readonly filesPerSecond: number;
  /** The CPU time of this process divided by the elapsed time. 1 is one busy core. */
  readonly cpuLoad: number;
}

/** Chunks of one size, sent through a session at one level of concurrency. */
export interface ChunkRun {
  readonly chunkSize: number;
  readonly concurrency: number;
  readonly bytesPerSecond: number;
  readonly cpuLoad: number;
}

/** `transfer` is the network or the cluster's own work, which look the same from here. */
export type Limit = "machine" | "latency" | "transfer";

export interface Finding {
  readonly limit: Limit;
  readonly reason: string;
}

export interface Verdict {
  readonly largeFiles: Finding;
  readonly smallFiles: Finding;
  /** The concurrency above which large files, and small files, gain nothing. */
  readonly largeFileConcurrency: number;
  readonly smallFileConcurrency: number;
  readonly recommended: Recommendation;
}

/** Values for `--chunk-size` and `--concurrency`. */
export interface Recommendation {
  readonly chunkSize: number;
  readonly concurrency: number | "auto";
  readonly reason: string;
}

/** A setting that reaches this share of the best result is as good, because measurements vary. */
const goodEnough = 0.9;

/** A process that sends on one thread cannot do much more. */
const busyLoad = 0.85;

/** Growth of the throughput per doubled concurrency above which requests wait for responses, not for bandwidth. */
const latencyGrowth = 1.5;

const defaultChunkSize = 4 * 1024 * 1024;

/** The highest concurrency that `auto` uses. */
const maxAutoConcurrency = 64;

/** Decides what limits uploads. Throws RangeError without measurements of both kinds. */
export function judge(measured: Measurements): Verdict {
  const small = judgeSmallFiles(measured);
  const fastest = fastestOf(measured.chunks, ({ bytesPerSecond }) => bytesPerSecond);
  const { chunkSize, concurrency } = bestOf(measured.chunks, fastest);
  return {
    largeFiles: judgeLargeFiles(measured, fastest),
    smallFiles: small.finding,
    ...{ largeFileConcurrency: concurrency, smallFileConcurrency: small.concurrency },
    recommended: recommend(chunkSize, concurrency, small),
  };
}

/** Of the runs that are about as fast as the fastest: the chunk size next to the default, with the least concurrency. */
function bestOf(chunks: readonly ChunkRun[], fastest: ChunkRun): ChunkRun {
  const distance = ({ chunkSize }: ChunkRun) => Math.abs(Math.log2(chunkSize / defaultChunkSize));
  const [best = fastest] = chunks
    .filter(({ bytesPerSecond }) => bytesPerSecond >= fastest.bytesPerSecond * goodEnough)
    .toSorted((one, other) => distance(one) - distance(other) || one.concurrency - other.concurrency);
  return best;
}

function recommend(
  chunkSize: number,
  large: number,
  { concurrency: small, finding }: { readonly concurrency: number; readonly finding: Finding },
): Recommendation {
  // A little more speed would not be worth the memory.
  if (small <= maxAutoConcurrency || finding.limit !== "latency") {
    const reason = `auto finds the concurrency by itself. Here, ${large} is enough for large files, and ${small} for small files.`;
    return { chunkSize, concurrency: "auto", reason };
  }
  const size = Math.min(chunkSize, defaultChunkSize);
  const reason = `auto uses at most ${maxAutoConcurrency} concurrent requests, and ${small} were faster for small files. Large files then need up to ${sizeText(size * small)} of memory.`;
  return { chunkSize: size, concurrency: small, reason };
}

function judgeLargeFiles({ chunks, hashBytesPerSecond }: Measurements, fastest: ChunkRun): Finding {
  const rate = `${sizeText(fastest.bytesPerSecond)}/s`;
  if (fastest.cpuLoad >= busyLoad) {
    return { limit: "machine", reason: busyText(fastest.cpuLoad, rate) };
  }
  if (hashBytesPerSecond < fastest.bytesPerSecond) {
    const hash = `${sizeText(hashBytesPerSecond)}/s`;
    const reason = `This machine hashes ${hash}, which is less than the ${rate} that it can send.`;
    return { limit: "machine", reason };
  }
  const levelsOf = (size: number) => chunks.filter(({ chunkSize }) => chunkSize === size);
  // If only one run had the fastest size, the next smaller one tells more.
  const sizes = [fastest, ...chunks.toReversed()].map(({ chunkSize }) => chunkSize);
  const compared = levelsOf(sizes.find((size) => levelsOf(size).length > 1) ?? fastest.chunkSize);
  const growth = growthAtHighest(compared, ({ bytesPerSecond }) => bytesPerSecond);
  if (growth === undefined) {
    const reason = `Only one level of concurrency fit into the time, at ${rate}. Pass a longer --duration to learn more.`;
    return { limit: "transfer", reason };
  }
  return growth >= latencyGrowth
    ? { limit: "latency", reason: latencyText(growth, "chunks") }
    : { limit: "transfer", reason: transferText(growth, "chunks", rate) };
}

function judgeSmallFiles({ smallFiles, roundTripMs }: Measurements) {
  const rateOf = ({ filesPerSecond }: FileRun) => filesPerSecond;
  const fastest = fastestOf(smallFiles, rateOf);
  const { concurrency } = smallFiles.find((run) => rateOf(run) >= rateOf(fastest) * goodEnough) ?? fastest;
  const rate = `${Math.round(fastest.filesPerSecond)} files/s`;
  const growth = growthAtHighest(smallFiles, rateOf);
  const finding = (limit: Limit, reason: string) => ({ concurrency, finding: { limit, reason } });
  if (fastest.cpuLoad >= busyLoad) return finding("machine", busyText(fastest.cpuLoad, rate));
  if (growth !== undefined && growth >= latencyGrowth) {
    const answer = `The server responds to a small request in ${Math.round(roundTripMs)} ms.`;
    return finding("latency", `${latencyText(growth, "requests")} ${answer}`);
  }
  return finding("transfer", transferText(growth ?? 1, "requests", rate));
}

function busyText(cpuLoad: number, rate: string): string {
  return `This process used ${Math.round(cpuLoad * 100)}% of a core at ${rate}.`;
}

function transferText(growth: number, what: string, rate: string): string {
  if (growth < 1.1) return `More concurrent ${what} did not increase the rate of ${rate}.`;
  return `Twice as many concurrent ${what} sent only ${growth.toFixed(1)} times as fast, up to ${rate}.`;
}

function latencyText(growth: number, what: string): string {
  return `Twice as many concurrent ${what} sent ${growth.toFixed(1)} times as fast, so they wait for responses and not for bandwidth.`;
}

function fastestOf<Run>(runs: readonly Run[], rateOf: (run: Run) => number): Run {
  const [fastest] = runs.toSorted((one, other) => rateOf(other) - rateOf(one));
  if (fastest === undefined) throw new RangeError("There are no measurements");
  return fastest;
}

/** The growth of the throughput per doubling between the two highest levels of concurrency. */
function growthAtHighest<Run extends { readonly concurrency: number }>(
  runs: readonly Run[],
  rateOf: (run: Run) => number,
): number | undefined {
  const [high, low] = runs.toSorted((one, other) => other.concurrency - one.concurrency);
  if (high === undefined || low === undefined) return undefined;
  const doublings = Math.log2(high.concurrency / low.concurrency);
  return (rateOf(high) / rateOf(low)) ** (1 / doublings);
}
