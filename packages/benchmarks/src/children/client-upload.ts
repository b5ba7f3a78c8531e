import { randomUUID } from "node:crypto";
import { createImageStoreClient, createNodeFetch, type FilePhase } from "@sf-image-store/client/node";
import { peakMemory } from "./peak-memory.js";
import { serveParent } from "./serve-parent.js";
import type { UploadInput } from "./upload-input.js";

export interface ClientUploadInput extends UploadInput {
  /** Where the session's id comes from: made up here, or derived from all the content, as is the default. */
  readonly id: "given" | "content";
  /** Our fetch over node:http, or the platform's. */
  readonly fetch: "node" | "platform";
}

await serveParent(async (input: ClientUploadInput) => {
  const { endpoint, ca, file, chunkSize, concurrency, id } = input;
  const fetch = input.fetch === "node" ? createNodeFetch(ca === undefined ? {} : { ca }) : globalThis.fetch;
  const client = createImageStoreClient({ endpoint, fetch });
  return {
    ready: peakMemory(),
    async run() {
      const began: Partial<Record<FilePhase, number>> = {};
      const now = () => performance.now() / 1000;
      const start = now();
      await client.uploadFile("Client.bin", file, {
        chunkSize,
        concurrency,
        ...(id === "given" ? { sessionId: randomUUID() } : {}),
        onProgress: ({ file: { phase } }) => {
          began[phase] ??= now();
        },
      });
      const end = now();
      const { hashing, sending = end, committing = end } = began;
      return {
        seconds: end - start,
        hashSeconds: hashing === undefined ? 0 : sending - hashing,
        sendSeconds: committing - sending,
        ...peakMemory(),
      };
    },
    close: async () => {},
  };
});
