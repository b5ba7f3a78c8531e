// The whole of what a page needs to upload a file that survives a reload: nothing is kept in the browser, the server knows.
import { createImageStoreClient, isAbortError, isUploadError } from "@sf-image-store/client";
import { element, mebibytes, showOutcome, showProgress } from "./view.js";

/** Smaller than the default, so that the bar moves and a cut loses little; browsers open 6 connections at most. */
const transfer = { chunkSize: 512 * 1024, concurrency: 4 } as const;

const fileInput = element("file", HTMLInputElement);
const storePathInput = element("store-path", HTMLInputElement);
const endpointInput = element("endpoint", HTMLInputElement);
const sessionIdInput = element("session-id", HTMLInputElement);
let running: AbortController | undefined;

endpointInput.value = new URLSearchParams(location.search).get("endpoint") ?? location.origin;
fileInput.addEventListener("change", () => {
  const [file] = fileInput.files ?? [];
  if (file === undefined) return;
  storePathInput.value = `Browser/${file.name}`;
  if (running === undefined) showOutcome("stopped", "Ready.", mebibytes(file.size));
});
element("stop", HTMLButtonElement).addEventListener("click", () => running?.abort());
element("form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = fileInput.files ?? [];
  if (file !== undefined && running === undefined) void upload(file);
});

async function upload(file: File): Promise<void> {
  running = new AbortController();
  showOutcome("running", "Starting …", "");
  const sessionId = sessionIdInput.value.trim();
  try {
    const client = createImageStoreClient({ endpoint: endpointInput.value });
    const { sentBytes, resumedBytes } = await client.uploadFile(storePathInput.value, file, {
      ...transfer,
      ...(sessionId === "" ? {} : { sessionId }),
      abortSignal: running.signal,
      onProgress: showProgress,
    });
    const resumed = resumedBytes === 0 ? "" : `, ${mebibytes(resumedBytes)} were there before`;
    showOutcome("done", "Done: the file is in the store.", `${mebibytes(sentBytes)} sent${resumed}`);
  } catch (error) {
    showFailure(error);
  } finally {
    running = undefined;
  }
}

function showFailure(error: unknown): void {
  const details = error instanceof Error ? error.message : String(error);
  if (isAbortError(error)) showOutcome("stopped", "Stopped. Upload again to go on.");
  else if (isUploadError(error))
    showOutcome("failed", `Not done (${error.reason}). Upload again to go on.`, details);
  else showOutcome("failed", "Not done.", details);
}
