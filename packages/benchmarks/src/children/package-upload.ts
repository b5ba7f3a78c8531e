import { createImageStoreClient } from "@sf-image-store/client/node";
import { peakMemory } from "./peak-memory.js";
import { serveParent } from "./serve-parent.js";

export interface PackageUploadInput {
  readonly endpoint: string;
  readonly directory: string;
  readonly concurrency: number;
}

await serveParent(async ({ endpoint, directory, concurrency }: PackageUploadInput) => {
  const client = createImageStoreClient({ endpoint });
  let runs = 0;
  return {
    ready: peakMemory(),
    async run() {
      // Elsewhere each time: a package that is complete would have to be replaced.
      const destination = `App${runs++}`;
      const start = performance.now();
      await client.uploadPackage(directory, { destination, concurrency });
      return { seconds: (performance.now() - start) / 1000, ...peakMemory() };
    },
    close: async () => {},
  };
});
