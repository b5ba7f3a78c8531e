import { createHash, randomBytes, randomUUID } from "node:crypto";
import { isFabricError } from "@sf-image-store/client/node";
import type { Connection } from "../connection/open-client.js";
import { reasonOf } from "../errors/errors.js";
import type { Output } from "../output/output.js";
import { sizeText } from "../output/units.js";
import { isUnknownOperation } from "../store/sessions.js";
import type { ChunkRun, FileRun, Measurements } from "./verdict.js";
import type { Written } from "./written.js";

export interface BenchTarget {
  readonly client: Pick<Connection, "putFile" | "getContentPage" | "uploadFileChunk">;
  /** A folder that does not exist yet. */
  readonly storePath: string;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly written: Written;
}

export interface BenchLimits {
  /** How long to measure, about. */
  readonly durationMs: number;
  /** The most bytes to send, without retries. */
  readonly maxBytes: number;
}

export interface Measured extends Measurements {
  /** Whether chunks went through upload sessions. Otherwise, each was sent as a file. */
  readonly hasSessions: boolean;
  readonly sentBytes: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

const smallFileBytes = 4 * KiB;
const smallFileLevels = [4, 16, 64, 128] as const;
const chunkSizes = [64 * KiB, MiB, 4 * MiB, 16 * MiB] as const;
const chunkLevels = [2, 8, 32] as const;

/** Statuses of servers and proxies that have too much to do, or that reject large bodies. */
const overloadStatuses = new Set([413, 429, 503, 504]);

/** Measures the cluster with generated data, which it writes into a new folder. */
export async function measure(target: BenchTarget, { durationMs, maxBytes }: BenchLimits): Promise<Measured> {
  const { output } = target;
  const content = randomBytes(Math.max(...chunkSizes));
  const hashBytesPerSecond = hashSpeed(content.subarray(0, 4 * MiB));
  output.note("Measuring the round trip...");
  const roundTripMs = await measureRoundTrips(target, content, durationMs / 10);
  output.note("Measuring small files...");
  const smallFiles = await measureSmallFiles(target, content, durationMs / 4, maxBytes / 8);
  const smallBytes = smallFiles.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  output.note("Measuring chunks...");
  const limits = { durationMs: durationMs * 0.6, maxBytes: maxBytes - smallBytes };
  const { chunks, hasSessions } = await measureChunks(target, content, limits);
  const sentBytes = chunks.reduce((sum, run) => sum + run.sentBytes, smallBytes + smallFileBytes);
  return { roundTripMs, smallFiles, chunks, hashBytesPerSecond, hasSessions, sentBytes };
}

/** How many bytes one thread hashes per second. */
function hashSpeed(content: Uint8Array): number {
  const begin = performance.now();
  let bytes = 0;
  do {
    createHash("sha256").update(content).digest();
    bytes += content.byteLength;
  } while (performance.now() - begin < 100);
  return (bytes / (performance.now() - begin)) * 1000;
}

/** The median time of a listing with one file. The first ones open the connection. */
async function measureRoundTrips(target: BenchTarget, content: Uint8Array, ms: number): Promise<number> {
  const { client, storePath, signal: abortSignal } = target;
  const file = `${storePath}/round-trip`;
  target.written.folder = true;
  await client.putFile({ storePath: file, content: content.subarray(0, smallFileBytes), abortSignal });
  const times: number[] = [];
  const end = performance.now() + ms;
  do {
    const begin = performance.now();
    await client.getContentPage({ storePath: file, abortSignal });
    times.push(performance.now() - begin);
  } while (times.length < 25 && performance.now() < end);
  const sorted = times.slice(Math.min(3, times.length - 1)).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

interface Sent {
  readonly sentBytes: number;
}

async function measureSmallFiles(
  target: BenchTarget,
  content: Uint8Array,
  ms: number,
  maxBytes: number,
): Promise<readonly (FileRun & Sent)[]> {
  const { client, storePath } = target;
  const runs: (FileRun & Sent)[] = [];
  const maxCount = Math.min(maxBytes / smallFileLevels.length / smallFileBytes, 4096);
  for (const concurrency of smallFileLevels) {
    const count = wholeRounds(maxCount, concurrency);
    if (count === 0) break;
    const put = (index: number, abortSignal: AbortSignal) => {
      const path = `${storePath}/small/${concurrency}/${index}`;
      const bytes = content.subarray(index, index + smallFileBytes);
      return client.putFile({ storePath: path, content: bytes, abortSignal });
    };
    const plan = { concurrency, ms: ms / smallFileLevels.length, count };
    const run = await runTasks(target, plan, put);
    if (run === undefined) break;
    const { done, perSecond, cpuLoad } = run;
    runs.push({ concurrency, filesPerSecond: perSecond, cpuLoad, sentBytes: done * smallFileBytes });
  }
  if (runs.length === 0)
    throw new Error("The cluster stored no small file in time. Pass a longer --duration.");
  return runs;
}

async function measureChunks(
  target: BenchTarget,
  content: Uint8Array,
  { durationMs, maxBytes }: BenchLimits,
): Promise<{ readonly chunks: readonly (ChunkRun & Sent)[]; readonly hasSessions: boolean }> {
  const runs = chunkSizes.length * chunkLevels.length;
  const end = performance.now() + durationMs;
  const chunks: (ChunkRun & Sent)[] = [];
  let bytesLeft = maxBytes;
  let hasSessions = true;
  for (const [sizeIndex, chunkSize] of chunkSizes.entries()) {
    for (const [levelIndex, concurrency] of chunkLevels.entries()) {
      const runsLeft = runs - sizeIndex * chunkLevels.length - levelIndex;
      const count = wholeRounds(bytesLeft / runsLeft / chunkSize, concurrency);
      const roundMs = expectedRoundMs(chunks, chunkSize, concurrency);
      // A run without a complete round of chunks tells nothing. Runs with more chunks would not have one, either.
      if (count === 0 || roundMs > durationMs / 4) break;
      if (chunks.length > 0 && performance.now() >= end) break;
      const plan = { chunkSize, concurrency, count, ms: Math.max(durationMs / runs, roundMs) };
      let run = hasSessions ? await sendChunks(target, content, plan) : undefined;
      if (run === "no sessions") hasSessions = false;
      if (run === "no sessions" || !hasSessions) run = await sendFiles(target, content, plan);
      if (run === undefined) break;
      chunks.push(run);
      bytesLeft -= run.sentBytes;
    }
  }
  if (chunks.length > 0) return { chunks, hasSessions };
  throw new Error(
    `The cluster received no chunk of ${sizeText(chunkSizes[0])} in time. Pass a longer --duration or a higher --max-bytes.`,
  );
}

/** At most `count` tasks, so that each worker gets as many. */
function wholeRounds(count: number, concurrency: number): number {
  return Math.floor(count / concurrency) * concurrency;
}

/** How long it takes to send one chunk on each of the concurrent requests. */
function expectedRoundMs(chunks: readonly ChunkRun[], chunkSize: number, concurrency: number): number {
  if (chunks.length === 0) return 0;
  const fastest = Math.max(...chunks.map(({ bytesPerSecond }) => bytesPerSecond));
  const [last, before] = chunks.filter((run) => run.chunkSize === chunkSize).toReversed();
  const isGrowing = before === undefined || (last?.bytesPerSecond ?? 0) > 1.5 * before.bytesPerSecond;
  // As long as the rate grows with the concurrency, a round takes as long as before.
  return last !== undefined && isGrowing
    ? ((chunkSize * last.concurrency) / last.bytesPerSecond) * 1000
    : ((chunkSize * concurrency) / fastest) * 1000;
}

interface ChunkPlan extends TaskPlan {
  readonly chunkSize: number;
}

/** Sends chunks through a session that is never committed. */
async function sendChunks(target: BenchTarget, content: Uint8Array, plan: ChunkPlan) {
  const { client, storePath, written } = target;
  const { chunkSize, concurrency, count } = plan;
  const session = { sessionId: randomUUID(), storePath: `${storePath}/chunks-${chunkSize}-${concurrency}` };
  const chunk = content.subarray(0, chunkSize);
  written.sessions.add(session.sessionId);
  try {
    const run = await runTasks(target, plan, (index, abortSignal) => {
      const position = { startPosition: index * chunkSize, fileSize: (count + 1) * chunkSize };
      return client.uploadFileChunk({ ...session, ...position, chunk, abortSignal });
    });
    await written.deleteSession(session.sessionId, target.signal);
    return chunkRun(plan, run);
  } catch (error) {
    if (!isUnknownOperation(error)) throw error;
    written.sessions.delete(session.sessionId);
    return "no sessions" as const;
  }
}

/** Gateways on Linux have no sessions. */
async function sendFiles(target: BenchTarget, content: Uint8Array, plan: ChunkPlan) {
  const { chunkSize, concurrency } = plan;
  const folder = `${target.storePath}/files-${chunkSize}-${concurrency}`;
  const run = await runTasks(target, plan, (index, abortSignal) =>
    target.client.putFile({
      storePath: `${folder}/${index}`,
      content: content.subarray(0, chunkSize),
      abortSignal,
    }),
  );
  return chunkRun(plan, run);
}

function chunkRun(
  { chunkSize, concurrency }: ChunkPlan,
  run: TaskRun | undefined,
): (ChunkRun & Sent) | undefined {
  if (run === undefined) return undefined;
  const { done, perSecond, cpuLoad } = run;
  return {
    chunkSize,
    concurrency,
    bytesPerSecond: perSecond * chunkSize,
    cpuLoad,
    sentBytes: done * chunkSize,
  };
}

interface TaskPlan {
  readonly concurrency: number;
  /** The most tasks to run, a multiple of the concurrency. */
  readonly count: number;
  /** When to start no more tasks. Those that take much longer are aborted. */
  readonly ms: number;
}

interface TaskRun {
  readonly done: number;
  readonly perSecond: number;
  readonly cpuLoad: number;
}

/** A pause of the network must not end a short run. */
const minAbortMs = 5000;

/** Runs tasks for a while. Returns undefined if none was done, or if the server asked for fewer or smaller requests. */
async function runTasks(
  { output, signal }: BenchTarget,
  { concurrency, count, ms }: TaskPlan,
  task: (index: number, abortSignal: AbortSignal) => Promise<void>,
): Promise<TaskRun | undefined> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const abort = () => stop.abort(signal.reason);
  signal.addEventListener("abort", abort);
  const timer = setTimeout(() => stop.abort(), Math.max(2 * ms, minAbortMs));
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let next = 0;
  let done = 0;
  let perSecond = 0;
  let failure: unknown;
  const worker = async () => {
    let doneHere = 0;
    let doneAt = begin;
    while (next < count && !stop.signal.aborted && performance.now() - begin < ms) {
      const index = next++;
      try {
        await task(index, stop.signal);
        doneHere += 1;
        doneAt = performance.now();
      } catch (error) {
        if (stop.signal.aborted) break;
        failure ??= error;
        stop.abort();
      }
    }
    done += doneHere;
    // Each worker until its last task: at the end, fewer of them are busy.
    if (doneHere > 0) perSecond += (doneHere / Math.max(doneAt - begin, 1)) * 1000;
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
  signal.throwIfAborted();
  if (failure !== undefined) {
    if (!isFabricError(failure) || !overloadStatuses.has(failure.status)) throw failure;
    output.note(`${concurrency} concurrent requests were too much: ${reasonOf(failure)}`);
    return undefined;
  }
  if (done === 0) return undefined;
  const { user, system } = process.cpuUsage(cpu);
  const elapsed = performance.now() - begin;
  return { done, perSecond, cpuLoad: (user + system) / 1000 / Math.max(elapsed, 1) };
}
