import { readFile } from "node:fs/promises";
import { type Emulator, type EmulatorOptions, startEmulator } from "@sf-image-store/emulator";
import { createImageStoreClient, type ImageStoreClient, type UploadFileOptions } from "../../src/index.js";

/** An emulator, a client of it, and what they said to each other. */
export interface Store extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly client: ImageStoreClient;
  /** Operation and status of every request so far; `-` for one whose connection broke. */
  readonly requests: readonly string[];
  /** Whether the file at `storePath` has just these bytes. (Comparing them by `toEqual` takes seconds per megabyte.) */
  holds(content: Uint8Array): Promise<boolean>;
}

export async function startStore(options: EmulatorOptions = {}): Promise<Store> {
  const requests: string[] = [];
  const emulator = await startEmulator({
    ...options,
    onRequest: ({ operationId, status }) => requests.push(`${operationId ?? "?"} ${status ?? "-"}`),
  });
  return {
    emulator,
    client: createImageStoreClient({ endpoint: emulator.endpoint }),
    requests,
    holds: async (content) => (await readFile(emulator.contentPath(storePath))).equals(content),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

export const storePath = "App/CodePkg/Code.bin";

/** Ten chunks, one at a time, with hardly a pause after a failure. */
export const inTenChunks = {
  chunkSize: 1000,
  concurrency: 1,
  maxSingleShotSize: 0,
  retryOptions: { maxRetries: 4, retryDelayMs: 1, maxRetryDelayMs: 2 },
} satisfies UploadFileOptions;

/** Bytes of which no two runs of a thousand are the same. */
export function someContent(size = 10_000, seed = 1): Uint8Array<ArrayBuffer> {
  // A loop: Uint8Array.from takes seconds for what a loop does at once.
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) bytes[index] = ((index + seed) * 2654435761) >>> 13;
  return bytes;
}
