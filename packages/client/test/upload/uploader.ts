// A process that uploads and prints the result; for tests that kill it. Arguments: endpoint, store path, file size.
import { createImageStoreClient } from "../../src/index.js";
import { someContent } from "./store.js";

const [endpoint = "", storePath = "", size = ""] = process.argv.slice(2);
const client = createImageStoreClient({ endpoint });
const result = await client.uploadFile(storePath, someContent(Number(size)), {
  chunkSize: 64 * 1024,
  concurrency: 4,
  retryOptions: { retryDelayMs: 5 },
});
console.log(JSON.stringify(result));
