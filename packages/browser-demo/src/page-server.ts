import { createServer } from "node:http";
import { readPageFiles } from "./page-files.js";

/** A server of the page, on this machine only. Works with `await using`. */
export interface PageServer {
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves it on any free port. */
export async function servePage(): Promise<PageServer> {
  const files = await readPageFiles();
  const server = createServer(({ url = "/" }, response) => {
    const file = files.get(url.split("?", 1)[0] ?? "");
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": file.contentType, "Cache-Control": "no-store" });
    response.end(file.content);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no TCP port.");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
