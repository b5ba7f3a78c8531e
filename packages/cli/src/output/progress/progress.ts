import type { FileProgress, UploadProgress } from "@sf-image-store/client/node";
import type { Output } from "../output.js";
import { type Clock, systemClock } from "./clock.js";
import { eventDisplay } from "./events.js";
import { lineDisplay } from "./lines.js";
import { Pace } from "./pace.js";
import type { ProgressDisplay, ProgressState } from "./state.js";

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
  const { barDisplay } = await import("./bars.js");
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
