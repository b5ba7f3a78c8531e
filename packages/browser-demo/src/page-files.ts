import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface PageFile {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

/** The page's files by their URL path, its script bundled with the client. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  return new Map([
    ["/", { contentType: "text/html; charset=utf-8", content: await readFile(pageUrl("index.html")) }],
    ["/page.css", { contentType: "text/css; charset=utf-8", content: await readFile(pageUrl("page.css")) }],
    ["/page.js", { contentType: "text/javascript; charset=utf-8", content: await bundleScript() }],
  ]);
}

/** Fails for a client that needs anything of Node: the bundler knows none of it for browsers. */
async function bundleScript(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(pageUrl("page.ts"))],
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    // The sources of the workspace, as everything else here reads them.
    conditions: ["@sf-image-store/source"],
    write: false,
    logLevel: "silent",
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error("The bundler gave no script.");
  return script.contents;
}

function pageUrl(name: string): URL {
  return new URL(`page/${name}`, import.meta.url);
}
