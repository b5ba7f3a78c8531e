import type { Output } from "../output.js";
import { figures, type ProgressDisplay, type ProgressState } from "./state.js";

/** JSON lines, one each second, and a last one. Their shape is documented in the README; programs rely on it. */
export function eventDisplay(output: Output): ProgressDisplay {
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
