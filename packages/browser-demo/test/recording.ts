import type { Page } from "playwright-core";

/** What a page did since it was loaded, recorded in the page. */
export interface Recording {
  /** All values of the progress bar. */
  readonly progress: readonly number[];
  /** The type of each body that was sent for the file, such as `Blob`. Excludes the receipt. */
  readonly bodies: readonly string[];
  /** The sizes of all Blobs that were read into memory. */
  readonly reads: readonly number[];
}

/** A string, because it runs in the page, whose types the tests do not have. */
const script = `
  globalThis.recording = { progress: [], bodies: [], reads: [] };
  const value = Object.getOwnPropertyDescriptor(HTMLProgressElement.prototype, "value");
  Object.defineProperty(HTMLProgressElement.prototype, "value", {
    ...value,
    set(share) { recording.progress.push(share); value.set.call(this, share); },
  });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const isReceipt = String(input).includes(".sf-image-store-receipts");
    if (init?.body && !isReceipt) recording.bodies.push(init.body.constructor.name);
    return fetch(input, init);
  };
  const { arrayBuffer } = Blob.prototype;
  Blob.prototype.arrayBuffer = function () { recording.reads.push(this.size); return arrayBuffer.call(this); };
`;

export function startRecording(page: Page): Promise<unknown> {
  return page.addInitScript(script);
}

export function recordingOf(page: Page): Promise<Recording> {
  return page.evaluate<Recording>("recording");
}
