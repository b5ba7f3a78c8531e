import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A server for the page that only this machine can reach. Works with `await using`. */
export interface PageServer {
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves the page on a free port. */
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

export interface PageFile {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

/** The files of the page by URL path. The script is bundled with the client. */
async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  return new Map([
    ["/", { contentType: "text/html; charset=utf-8", content: await readFile(pageUrl("index.html")) }],
    ["/page.css", { contentType: "text/css; charset=utf-8", content: await readFile(pageUrl("page.css")) }],
    ["/page.js", { contentType: "text/javascript; charset=utf-8", content: await bundleScript() }],
  ]);
}

/** Fails if the client imports a module of Node, which a bundle for browsers cannot contain. */
async function bundleScript(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(pageUrl("page.ts"))],
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    // Reads the sources of the workspace.
    conditions: ["@sf-image-store/source"],
    write: false,
    logLevel: "silent",
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error("esbuild wrote no script.");
  return script.contents;
}

function pageUrl(name: string): URL {
  return new URL(`page/${name}`, import.meta.url);
}
