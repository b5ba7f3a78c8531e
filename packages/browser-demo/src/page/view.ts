import type { UploadProgress } from "@sf-image-store/client";

/** The state of the last upload. The style sheet reads it. */
export type Outcome = "running" | "done" | "stopped" | "failed";

const phases = {
  waiting: "Waiting …",
  hashing: "Reading the file …",
  sending: "Sending …",
  copying: "Copying …",
  committing: "Finishing …",
  done: "Checking …",
} as const;

export function showProgress({ committedBytes, resumedBytes, totalBytes, file }: UploadProgress): void {
  const share = totalBytes === 0 ? 1 : committedBytes / totalBytes;
  element("progress", HTMLProgressElement).value = share;
  // Rounded down, so that 100 % means complete.
  say("percent", `${Math.floor(share * 100)} %`);
  say("state", phases[file.phase]);
  const resumed = resumedBytes === 0 ? "" : `, of which ${mebibytes(resumedBytes)} were already uploaded`;
  say("details", `${mebibytes(committedBytes)} of ${mebibytes(totalBytes)} received${resumed}`);
  say("speed", describeSpeed(committedBytes - resumedBytes, totalBytes - committedBytes));
}

/** The speed is measured over this time, so that it follows the network but does not jump with every chunk. */
const speedWindowMs = 5000;
/** A shorter measurement says nothing about the time that is left. */
const minMeasuredMs = 1500;

let samples: { readonly at: number; readonly bytes: number }[] = [];

/** Forgets the speed of the upload before. */
export function resetSpeed(): void {
  samples = [{ at: performance.now(), bytes: 0 }];
}

/** Such as `3.2 MiB/s, about 12 s left`. Empty until the measurement means something. */
function describeSpeed(sentBytes: number, missingBytes: number): string {
  const now = performance.now();
  samples.push({ at: now, bytes: sentBytes });
  const recent = samples.findIndex(({ at }) => at > now - speedWindowMs);
  // The sample before the window is where it starts.
  samples = samples.slice(Math.max(0, recent - 1));
  const [first] = samples;
  if (first === undefined || now - first.at < minMeasuredMs || sentBytes === first.bytes) return "";
  const bytesPerMs = (sentBytes - first.bytes) / (now - first.at);
  const left = missingBytes === 0 ? "" : `, about ${duration(missingBytes / bytesPerMs)} left`;
  return `${mebibytes(bytesPerMs * 1000)}/s${left}`;
}

function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function showFile(file: File | undefined): void {
  say("file-name", file?.name ?? "Drop a file here, or choose one");
}

/** Emphasizes where a file can be dropped. */
export function showDropTarget(isTarget: boolean): void {
  document.body.classList.toggle("dragging", isTarget);
}

export function showOutcome(outcome: Outcome, state: string, details?: string): void {
  document.body.dataset["outcome"] = outcome;
  element("start", HTMLButtonElement).disabled = outcome === "running";
  element("stop", HTMLButtonElement).disabled = outcome !== "running";
  say("state", state);
  if (outcome !== "running") say("speed", "");
  if (details !== undefined) say("details", details);
}

/** Finds an element of the page. Throws if it is missing or of another kind. */
export function element<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} #${id}.`);
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function say(id: string, text: string): void {
  element(id, HTMLElement).textContent = text;
}
