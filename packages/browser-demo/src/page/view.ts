import type { UploadProgress } from "@sf-image-store/client";

/** The state of the last upload, for the styles. */
export type Outcome = "running" | "done" | "stopped" | "failed";

const phases = {
  waiting: "Waiting …",
  hashing: "Reading the file …",
  sending: "Sending …",
  committing: "Finishing …",
  done: "Checking …",
} as const;

export function showProgress({ committedBytes, resumedBytes, totalBytes, file }: UploadProgress): void {
  const share = totalBytes === 0 ? 1 : committedBytes / totalBytes;
  element("progress", HTMLProgressElement).value = share;
  // Rounded down, so that 100 % means complete.
  say("percent", `${Math.floor(share * 100)} %`);
  say("state", phases[file.phase]);
  const resumed = resumedBytes === 0 ? "" : `, ${mebibytes(resumedBytes)} of it already uploaded before`;
  say("details", `${mebibytes(committedBytes)} of ${mebibytes(totalBytes)} received${resumed}`);
}

export function showOutcome(outcome: Outcome, state: string, details?: string): void {
  document.body.dataset["outcome"] = outcome;
  element("start", HTMLButtonElement).disabled = outcome === "running";
  element("stop", HTMLButtonElement).disabled = outcome !== "running";
  say("state", state);
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
