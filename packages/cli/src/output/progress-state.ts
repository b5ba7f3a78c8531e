import type { FileProgress, UploadProgress } from "@sf-image-store/client/node";
import { countText, durationText, sizeText } from "./units.js";

/** How far an upload is, for showing. */
export interface ProgressState extends UploadProgress {
  /** Files that something is done with, in the order that it began. */
  readonly active: readonly FileProgress[];
  /** Undefined as long as nobody can tell. */
  readonly bytesPerSecond: number | undefined;
  readonly remainingMs: number | undefined;
  /** Ctrl+C was typed. */
  readonly isStopping: boolean;
}

/** Shows how far an upload is, in one way. */
export interface ProgressDisplay {
  /** Milliseconds between two calls of `show`. */
  readonly intervalMs: number;
  show(state: ProgressState, now: number): void;
  /** @param state The last one; undefined if nothing has happened. `isDone`: all is in the store. */
  end(state: ProgressState | undefined, isDone: boolean): void;
}

/** Never 100 before the last byte is there. */
export function percentOf({ committedBytes, totalBytes }: { committedBytes: number; totalBytes: number }) {
  return totalBytes === 0 ? 100 : Math.floor((100 * committedBytes) / totalBytes);
}

/** The figures in words, most important first. */
export function figures(state: ProgressState): readonly string[] {
  const { totalBytes, committedBytes, sendingBytes, resumedBytes, files } = state;
  const { bytesPerSecond, remainingMs } = state;
  return [
    `${percentOf(state)} %`,
    shareText(committedBytes, totalBytes),
    stepOf(state) ?? (bytesPerSecond === undefined ? "" : `${sizeText(Math.round(bytesPerSecond))}/s`),
    remainingMs === undefined ? "" : `${durationText(remainingMs)} left`,
    sendingBytes === 0 ? "" : `${sizeText(sendingBytes)} in flight`,
    resumedBytes === 0 ? "" : `${sizeText(resumedBytes)} resumed`,
    files.total === 1 ? "" : `${files.committed} of ${countText(files.total, "file")}`,
  ].filter((text) => text !== "");
}

/** `5.00/8.69 MiB`, or `820 KiB/8.69 MiB`. */
export function shareText(part: number, whole: number): string {
  const [number = "", unit] = sizeText(part).split(" ");
  const total = sizeText(whole);
  return total.endsWith(` ${unit}`) ? `${number}/${total}` : `${sizeText(part)}/${total}`;
}

/** What is done, where that is not plain sending. */
function stepOf({ isStopping, files, active, sendingBytes }: ProgressState): string | undefined {
  if (isStopping) return "stopping";
  if (sendingBytes > 0) return undefined;
  if (files.committed === files.total) return "checking";
  const [phase, ...others] = new Set(active.map((file) => file.phase));
  const step = others.length === 0 && phase !== undefined ? phaseText[phase] : undefined;
  // Large files take their time before anything is sent: something shall move.
  return phase === "hashing" && others.length === 0 ? hashingText(active) : step;
}

function hashingText(active: readonly FileProgress[]): string {
  const hashed = active.reduce((sum, { hashedBytes }) => sum + hashedBytes, 0);
  const total = active.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  if (hashed === 0) return "reading";
  // What has been read is looked for in the store next; that takes its time on bad days.
  return hashed < total ? `reading ${Math.floor((100 * hashed) / total)} %` : "asking the cluster";
}

/** What is done with one file, where that is not plain sending. */
export function fileStep(file: FileProgress): string | undefined {
  if (file.sendingBytes > 0) return undefined;
  return file.phase === "hashing" ? hashingText([file]) : phaseText[file.phase];
}

/** What people call what is done with a file. */
const phaseText: Readonly<Record<FileProgress["phase"], string | undefined>> = {
  waiting: undefined,
  hashing: "reading",
  sending: undefined,
  committing: "committing",
  done: undefined,
};
