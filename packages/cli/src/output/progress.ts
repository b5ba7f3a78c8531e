import type { FileProgress, UploadProgress } from "@sf-image-store/client/node";
import type { Output } from "./output.js";
import { figures, type ProgressDisplay, type ProgressState, percentOf } from "./progress-state.js";

/** Shows how far an upload is. Costs it next to nothing, and never fails it. */
export interface Progress {
  /** For the client's option of that name. */
  onProgress(progress: UploadProgress): void;
  /** Takes away what was drawn. To be called whatever happens. */
  end(isDone: boolean): void;
}

/** @param name What is uploaded. @param signal Aborted when the upload is to stop. */
export async function startProgress(
  output: Output,
  name: string,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<Progress> {
  return watch(await chooseDisplay(output, name, clock), signal, clock);
}

async function chooseDisplay(output: Output, name: string, clock: Clock): Promise<ProgressDisplay> {
  if (output.json) return eventDisplay(output);
  // Lines about requests would run through the bars.
  if (!output.isDrawn || output.isAtLeast("verbose")) return lineDisplay(output, clock.now());
  const { barDisplay } = await import("./progress-bars.js");
  return barDisplay(output, name);
}

/** Steps are only noted, however many there are; the display looks at them from time to time. */
export function watch(display: ProgressDisplay, signal: AbortSignal, clock: Clock): Progress {
  const active = new Map<string, FileProgress>();
  const pace = new Pace();
  let latest: UploadProgress | undefined;
  const stateNow = (): ProgressState | undefined => {
    if (latest === undefined) return undefined;
    pace.note(clock.now(), latest.committedBytes + latest.sendingBytes - latest.resumedBytes);
    const { bytesPerSecond } = pace;
    return {
      ...latest,
      active: [...active.values()],
      bytesPerSecond,
      remainingMs: remainingMs(latest, bytesPerSecond),
      isStopping: signal.aborted,
    };
  };
  const attempt = (show: () => void) => {
    try {
      show();
    } catch {
      // A terminal that cannot be drawn on is no reason to stop an upload.
      stop();
    }
  };
  const stop = clock.every(display.intervalMs, () => {
    const state = stateNow();
    if (state !== undefined) attempt(() => display.show(state, clock.now()));
  });
  return {
    onProgress(progress) {
      latest = progress;
      const { file } = progress;
      if (file.phase === "done") active.delete(file.storePath);
      else active.set(file.storePath, file);
    },
    end(isDone) {
      stop();
      const last = stateNow();
      const atRest = { active: [], bytesPerSecond: undefined, remainingMs: undefined, isStopping: false };
      attempt(() => display.end(last && { ...last, ...atRest }, isDone));
    },
  };
}

/** The seconds that a pace is taken from tell nothing of days to come. */
const longestEstimateMs = 24 * 3_600_000;

function remainingMs(
  { totalBytes, committedBytes, sendingBytes }: UploadProgress,
  bytesPerSecond: number | undefined,
): number | undefined {
  const left = totalBytes - committedBytes - sendingBytes;
  if (!bytesPerSecond || left <= 0) return undefined;
  const ms = (left * 1000) / bytesPerSecond;
  return ms <= longestEstimateMs ? ms : undefined;
}

/** JSON lines, one each second, and a last one. Their shape is documented in the README; programs rely on it. */
function eventDisplay(output: Output): ProgressDisplay {
  const tell = (state: ProgressState) => output.note(figures(state).join(", "), progressEvent(state));
  return { intervalMs: 1000, show: tell, end: (state) => state !== undefined && tell(state) };
}

function progressEvent(state: ProgressState): object {
  const { totalBytes, committedBytes, sendingBytes, sentBytes, resumedBytes, files, file } = state;
  const { bytesPerSecond, remainingMs } = state;
  return {
    event: "progress",
    ...{ totalBytes, committedBytes, sendingBytes, sentBytes, resumedBytes, files },
    bytesPerSecond: bytesPerSecond === undefined ? null : Math.round(bytesPerSecond),
    remainingMs: remainingMs === undefined ? null : Math.round(remainingMs),
    file,
  };
}

const intervalMs = 1000;
/** Not even a tenth more is told sooner. */
const leastGapMs = 3000;
const usualGapMs = 10_000;

/** Plain lines, for logs: one at each tenth, and every ten seconds in between. */
function lineDisplay(output: Output, begin: number): ProgressDisplay {
  let toldAt = begin;
  let toldTenth = 0;
  let toldPercent = -1;
  const tellPipeline = (state: ProgressState) => {
    const percent = percentOf(state);
    if (output.pipeline === undefined || percent === toldPercent) return;
    toldPercent = percent;
    output.stepProgress(percent, "Upload");
  };
  return {
    intervalMs,
    show(state, now) {
      tellPipeline(state);
      const tenth = Math.floor(percentOf(state) / 10);
      const gap = now - toldAt;
      if (gap < leastGapMs || (tenth === toldTenth && gap < usualGapMs)) return;
      toldAt = now;
      toldTenth = tenth;
      output.note(figures(state).join(", "));
    },
    end(state) {
      if (state !== undefined) tellPipeline(state);
    },
  };
}

/** How many milliseconds of the past count for the rate. */
const windowMs = 10_000;
/** Below this the rate would be a guess. */
const leastMs = 1000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** How fast bytes go, over the last seconds. */
class Pace {
  readonly #samples: Sample[] = [];
  #movedAt: number | undefined;

  note(at: number, bytes: number): void {
    if (bytes > 0) this.#movedAt ??= at;
    // What the system's buffers take at once says nothing of the network.
    if (this.#movedAt === undefined || at < this.#movedAt + leastMs) return;
    this.#samples.push({ at, bytes });
    // The one sample before the window is where it begins.
    while ((this.#samples[1]?.at ?? at) <= at - windowMs) this.#samples.shift();
  }

  /** Undefined as long as nobody can tell. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < leastMs) return undefined;
    // Bytes of requests that failed were on their way in vain.
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }
}

/** Time, so that tests need not wait. */
export interface Clock {
  /** In milliseconds, from any beginning. */
  now(): number;
  /** Calls again and again until the returned function is called. Keeps no process alive. */
  every(ms: number, tick: () => void): () => void;
}

const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
