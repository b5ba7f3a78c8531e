import { createImageStoreClient } from "../../src/node/index.js";

/** Uploads a directory in a separate process, which tests kill. */
const [endpoint = "", directory = ""] = process.argv.slice(2);
await createImageStoreClient({ endpoint }).uploadPackage(directory, {
  destination: "App",
  chunkSize: 4096,
  maxSingleShotSize: 1024,
  concurrency: 2,
});
