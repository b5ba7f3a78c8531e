// Everything that a page needs for an upload that survives a reload. The browser stores nothing: the server has the state.
import { createImageStoreClient, isAbortError, isUploadError } from "@sf-image-store/client";
import {
  element,
  mebibytes,
  resetSpeed,
  showDropTarget,
  showFile,
  showOutcome,
  showProgress,
} from "./view.js";

/** Smaller chunks than the default, so that the bar moves and a failure loses little. Browsers open at most 6 connections. */
const transfer = { chunkSize: 512 * 1024, concurrency: 4 } as const;

const fileInput = element("file", HTMLInputElement);
const storePathInput = element("store-path", HTMLInputElement);
const endpointInput = element("endpoint", HTMLInputElement);
const sessionIdInput = element("session-id", HTMLInputElement);
let running: AbortController | undefined;

endpointInput.value = new URLSearchParams(location.search).get("endpoint") ?? location.origin;
fileInput.addEventListener("change", showChosenFile);
// The whole page is the target, so that a file that misses the box does not replace the page.
addEventListener("dragover", (event) => {
  event.preventDefault();
  showDropTarget(running === undefined);
});
addEventListener("dragleave", ({ relatedTarget }) => {
  if (relatedTarget === null) showDropTarget(false);
});
addEventListener("drop", (event) => {
  event.preventDefault();
  showDropTarget(false);
  if (running === undefined && event.dataTransfer !== null) takeDropped(event.dataTransfer);
});
element("stop", HTMLButtonElement).addEventListener("click", () => running?.abort());
element("form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = fileInput.files ?? [];
  if (file !== undefined && running === undefined) void upload(file);
});

function takeDropped({ files, items }: DataTransfer): void {
  const [file, ...others] = files;
  if (file === undefined) return;
  const isFolder = items[0]?.webkitGetAsEntry()?.isDirectory === true;
  if (isFolder || others.length > 0) {
    showOutcome("failed", "Drop a single file.", "To upload a folder, use the command-line tool.");
    return;
  }
  fileInput.files = files;
  showChosenFile();
}

function showChosenFile(): void {
  const [file] = fileInput.files ?? [];
  showFile(file);
  if (file === undefined) return;
  storePathInput.value = `Browser/${file.name}`;
  if (running === undefined) showOutcome("stopped", "Ready.", mebibytes(file.size));
}

async function upload(file: File): Promise<void> {
  running = new AbortController();
  showOutcome("running", "Starting …", "");
  resetSpeed();
  const sessionId = sessionIdInput.value.trim();
  try {
    const client = createImageStoreClient({ endpoint: endpointInput.value });
    const { sentBytes, resumedBytes } = await client.uploadFile(storePathInput.value, file, {
      ...transfer,
      ...(sessionId === "" ? {} : { sessionId }),
      abortSignal: running.signal,
      onProgress: showProgress,
    });
    const resumed = resumedBytes === 0 ? "" : `, ${mebibytes(resumedBytes)} were already uploaded`;
    showOutcome("done", "Done: the file is in the store.", `${mebibytes(sentBytes)} sent${resumed}`);
  } catch (error) {
    showFailure(error);
  } finally {
    running = undefined;
  }
}

function showFailure(error: unknown): void {
  const details = error instanceof Error ? error.message : String(error);
  if (isAbortError(error)) showOutcome("stopped", "Stopped. Upload again to continue.");
  else if (isUploadError(error))
    showOutcome("failed", `Failed (${error.reason}). Upload again to continue.`, details);
  else showOutcome("failed", "Failed.", details);
}
