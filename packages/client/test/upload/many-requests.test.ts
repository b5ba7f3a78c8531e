import { startEmulator } from "@sf-image-store/emulator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onAbort } from "../../src/async/clock.js";
import { createImageStoreClient } from "../../src/index.js";

const warnings: Error[] = [];
const note = (warning: Error) => void warnings.push(warning);
beforeEach(() => {
  warnings.length = 0;
  process.on("warning", note);
});
afterEach(() => {
  process.off("warning", note);
});

describe("Many requests at a time", () => {
  it("cause no leak warning of the platform", async () => {
    await using emulator = await startEmulator();
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    const abortSignal = new AbortController().signal;
    const options = { concurrency: 32, chunkSize: 1024, maxSingleShotSize: 0, abortSignal };
    await client.uploadFile("many", new Uint8Array(100 * 1024), options);
    expect(warnings).toEqual([]);
  });

  it("all receive an abort unless they unsubscribed", () => {
    const controller = new AbortController();
    const told: number[] = [];
    const [first] = [0, 1, 2].map((index) => onAbort(controller.signal, () => told.push(index)));
    first?.();
    controller.abort();
    expect(told).toEqual([1, 2]);
  });

  it("leave no listener on a signal that outlives them", () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    const ends = [onAbort(signal, () => {}), onAbort(signal, () => {})];
    expect(listeners).toBe(1);
    for (const end of ends) end();
    expect(listeners).toBe(0);
  });
});
