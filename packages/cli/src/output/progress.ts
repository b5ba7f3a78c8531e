import type { FileProgress, UploadProgress } from "@sf-image-store/client/node";
import { oneLine } from "./escape.js";
import type { Output } from "./output.js";
import { figures, type ProgressDisplay, type ProgressState, percentOf } from "./progress-state.js";
import { type Clock, systemClock } from "./status-line.js";

/** Displays the progress of an upload. Cheap, and never makes the upload fail. */
export interface Progress {
  /** The client's `onProgress` option. */
  onProgress(progress: UploadProgress): void;
  /** The files whose upload sessions have bytes and are not committed. */
  openSessions(): readonly FileProgress[];
  /** Removes the display. Must always be called. */
  end(isDone: boolean): void;
}

/**
 * @param name The name of the upload.
 * @param signal Aborted when the upload stops.
 */
export async function startProgress(
  output: Output,
  name: string,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<Progress> {
  const shown = watch(await chooseDisplay(output, name, clock), signal, clock);
  // Until the client reports progress.
  output.status(`Looking for ${name} in the image store`);
  return output.isAtLeast("verbose") ? reportSessions(output, shown) : shown;
}

/** Prints the session of each file, so that another terminal can watch it. */
function reportSessions(output: Output, progress: Progress): Progress {
  const known = new Set<string>();
  return {
    ...progress,
    onProgress(step) {
      progress.onProgress(step);
      const { sessionId, storePath, phase } = step.file;
      if (sessionId === undefined || phase !== "sending" || known.has(sessionId)) return;
      known.add(sessionId);
      output.detail(`Session ${sessionId}: ${oneLine(storePath)}`, {
        event: "session",
        sessionId,
        storePath,
      });
    },
  };
}

async function chooseDisplay(output: Output, name: string, clock: Clock): Promise<ProgressDisplay> {
  if (output.json) return eventDisplay(output);
  // Log lines about requests would break the bars.
  if (!output.canDraw || output.isAtLeast("verbose")) return lineDisplay(output, clock.now());
  const { barDisplay } = await import("./progress-bars.js");
  return barDisplay(output, name);
}

/** Records every event and updates the display at a fixed interval. */
export function watch(display: ProgressDisplay, signal: AbortSignal, clock: Clock): Progress {
  const active = new Map<string, FileProgress>();
  const pace = new RateMeter();
  let latest: UploadProgress | undefined;
  const stateNow = (): ProgressState | undefined => {
    if (latest === undefined) return undefined;
    const { committedBytes, sendingBytes, resumedBytes, copiedBytes } = latest;
    // Bytes that this machine does not send tell nothing about the network.
    pace.note(clock.now(), committedBytes + sendingBytes - resumedBytes - copiedBytes);
    // Everything may be in flight for a moment, which does not mean that nothing moves.
    const isPause = pace.bytesPerSecond === 0 && sendingBytes > 0 && !pace.isSteady;
    const bytesPerSecond = isPause ? undefined : pace.bytesPerSecond;
    return {
      ...latest,
      active: [...active.values()],
      bytesPerSecond,
      remainingMs: pace.isSteady || isConfirmed(latest) ? remainingMs(latest, bytesPerSecond) : undefined,
      isStopping: signal.aborted,
    };
  };
  const attempt = (show: () => void) => {
    try {
      show();
    } catch {
      // A failing terminal is no reason to stop the upload.
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
    openSessions: () =>
      [...active.values()].filter(
        ({ sessionId, committedBytes }) => sessionId !== undefined && committedBytes > 0,
      ),
    end(isDone) {
      stop();
      const last = stateNow();
      const atRest = { active: [], bytesPerSecond: undefined, remainingMs: undefined, isStopping: false };
      attempt(() => display.end(last && { ...last, ...atRest }, isDone));
    },
  };
}

/** The first bytes may have gone no further than the buffers of the system, so a rate of them predicts nothing. */
function isConfirmed({ committedBytes, resumedBytes }: UploadProgress): boolean {
  return committedBytes > resumedBytes;
}

/** A rate measured over seconds does not predict more than a day. */
const longestEstimateMs = 24 * 3_600_000;

function remainingMs(
  { totalBytes, committedBytes }: UploadProgress,
  bytesPerSecond: number | undefined,
): number | undefined {
  // Bytes in flight may still be in a buffer of this machine, so they are left, too.
  const left = totalBytes - committedBytes;
  if (!bytesPerSecond || left <= 0) return undefined;
  const ms = (left * 1000) / bytesPerSecond;
  return ms <= longestEstimateMs ? ms : undefined;
}

/** JSON lines, one per second and a final one. Their format is documented; programs rely on it. */
function eventDisplay(output: Output): ProgressDisplay {
  const showEvent = (state: ProgressState) => output.note(figures(state).join(", "), progressEvent(state));
  return { intervalMs: 1000, show: showEvent, end: (state) => state !== undefined && showEvent(state) };
}

function progressEvent(state: ProgressState): object {
  const { totalBytes, committedBytes, sendingBytes, sentBytes, resumedBytes, copiedBytes, files, file } =
    state;
  const { bytesPerSecond, remainingMs } = state;
  return {
    event: "progress",
    ...{ totalBytes, committedBytes, sendingBytes, sentBytes, resumedBytes, copiedBytes, files },
    bytesPerSecond: bytesPerSecond === undefined ? null : Math.round(bytesPerSecond),
    remainingMs: remainingMs === undefined ? null : Math.round(remainingMs),
    file,
  };
}

const intervalMs = 1000;
/** Minimum time between two lines. */
const minGapMs = 3000;
const usualGapMs = 10_000;

/** Plain lines for logs: at every 10 %, and at least every ten seconds. */
function lineDisplay(output: Output, begin: number): ProgressDisplay {
  let shownAt = begin;
  let shownTenth = 0;
  let shownPercent = -1;
  const updatePipeline = (state: ProgressState) => {
    const percent = percentOf(state);
    if (output.pipeline === undefined || percent === shownPercent) return;
    shownPercent = percent;
    output.stepProgress(percent, "Upload");
  };
  return {
    intervalMs,
    show(state, now) {
      updatePipeline(state);
      const tenth = Math.floor(percentOf(state) / 10);
      const gap = now - shownAt;
      if (gap < minGapMs || (tenth === shownTenth && gap < usualGapMs)) return;
      shownAt = now;
      shownTenth = tenth;
      output.note(figures(state).join(", "));
    },
    end(state) {
      if (state !== undefined) updatePipeline(state);
    },
  };
}

/** The rate is the average over this time. */
const windowMs = 10_000;
/** Minimum time for a meaningful rate. */
const minSampleMs = 1000;
/** Minimum time for an estimate before the server has confirmed anything. */
const minSteadyMs = 5000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Measures the transfer rate over the last seconds. */
class RateMeter {
  readonly #samples: Sample[] = [];
  #movedAt: number | undefined;

  note(at: number, bytes: number): void {
    if (bytes > 0) this.#movedAt ??= at;
    // The first bytes only fill the buffers of the system and do not reflect the network.
    if (this.#movedAt === undefined || at < this.#movedAt + minSampleMs) return;
    this.#samples.push({ at, bytes });
    // Keep one sample before the window as its start.
    while ((this.#samples[1]?.at ?? at) <= at - windowMs) this.#samples.shift();
  }

  /** Whether the rate was measured for long enough to predict, although nothing is confirmed yet. */
  get isSteady(): boolean {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    return first !== undefined && last !== undefined && last.at - first.at >= minSteadyMs;
  }

  /** Undefined while there are too few samples. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < minSampleMs) return undefined;
    // Bytes of failed requests are subtracted again, so the difference can be negative.
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }
}
