import type { FileProgress, UploadProgress } from "@sf-image-store/client/node";
import { countText, durationText, sizeText } from "./units.js";

/** The state of an upload, for display. */
export interface ProgressState extends UploadProgress {
  /** Files in progress, in the order they started. */
  readonly active: readonly FileProgress[];
  /** Undefined while it cannot be estimated. */
  readonly bytesPerSecond: number | undefined;
  readonly remainingMs: number | undefined;
  /** Whether Ctrl+C was pressed. */
  readonly isStopping: boolean;
}

/** Displays the progress of an upload. */
export interface ProgressDisplay {
  /** Milliseconds between two calls of `show`. */
  readonly intervalMs: number;
  show(state: ProgressState, now: number): void;
  /**
   * @param state The last state; undefined if nothing happened.
   * @param isDone Whether the upload succeeded.
   */
  end(state: ProgressState | undefined, isDone: boolean): void;
}

/** Rounded down, so that it is 100 only after the last byte. */
export function percentOf({ committedBytes, totalBytes }: { committedBytes: number; totalBytes: number }) {
  return totalBytes === 0 ? 100 : Math.floor((100 * committedBytes) / totalBytes);
}

/** The figures as text, most important first. */
export function figures(state: ProgressState): readonly string[] {
  const { totalBytes, committedBytes, sendingBytes, resumedBytes, copiedBytes, files } = state;
  const { bytesPerSecond, remainingMs } = state;
  return [
    `${percentOf(state)} %`,
    shareText(committedBytes, totalBytes),
    stepOf(state) ?? (bytesPerSecond === undefined ? "" : `${sizeText(Math.round(bytesPerSecond))}/s`),
    remainingMs === undefined ? "" : `${durationText(remainingMs)} left`,
    sendingBytes === 0 ? "" : `${sizeText(sendingBytes)} in flight`,
    resumedBytes === 0 ? "" : `${sizeText(resumedBytes)} resumed`,
    copiedBytes === 0 ? "" : `${sizeText(copiedBytes)} copied`,
    files.total === 1 ? "" : `${files.committed} of ${countText(files.total, "file")}`,
  ].filter((text) => text !== "");
}

/** `5.00/8.69 MiB`, or `820 KiB/8.69 MiB`. */
export function shareText(part: number, whole: number): string {
  const [number = "", unit] = sizeText(part).split(" ");
  const total = sizeText(whole);
  return total.endsWith(` ${unit}`) ? `${number}/${total}` : `${sizeText(part)}/${total}`;
}

/** The current step, unless bytes are being sent. */
function stepOf({ isStopping, files, active, sendingBytes }: ProgressState): string | undefined {
  if (isStopping) return "stopping";
  if (sendingBytes > 0) return undefined;
  if (files.committed === files.total) return "checking";
  const [phase, ...others] = new Set(active.map((file) => file.phase));
  const step = others.length === 0 && phase !== undefined ? phaseText[phase] : undefined;
  // Hashing a large file takes time before anything is sent, so show its progress.
  return phase === "hashing" && others.length === 0 ? hashingText(active) : step;
}

function hashingText(active: readonly FileProgress[]): string {
  const hashed = active.reduce((sum, { hashedBytes }) => sum + hashedBytes, 0);
  const total = active.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  if (hashed === 0) return "reading";
  // After hashing, the client looks for the session in the cluster, which can take a while.
  return hashed < total ? `reading ${Math.floor((100 * hashed) / total)} %` : "asking the cluster";
}

/** The current step of one file, unless bytes are being sent. */
export function fileStep(file: FileProgress): string | undefined {
  if (file.sendingBytes > 0) return undefined;
  return file.phase === "hashing" ? hashingText([file]) : phaseText[file.phase];
}

/** The phases as text. */
const phaseText: Readonly<Record<FileProgress["phase"], string | undefined>> = {
  waiting: undefined,
  hashing: "reading",
  copying: "copying in the cluster",
  sending: undefined,
  committing: "committing",
  done: undefined,
};
