import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startEmulator } from "@sf-image-store/emulator";
import { type BrowserBundle, bundleForBrowser } from "@sf-image-store/testing/packages";

/** What a page has loaded of the client at some point, in bytes, minified and gzipped. */
export interface BrowserSizes {
  /** After creating a client, before the first request. */
  readonly atOnce: number;
  /**
   * After uploading files: a small one in one request and a large one through a session, both new in the store, with default
   * options and without failures.
   */
  readonly withFile: number;
  /** After uploading the same files as a package. */
  readonly withPackage: number;
  /** All of the client, as if a page used every method and every request failed. */
  readonly everything: number;
}

type Client = typeof import("@sf-image-store/client");

/** Bundles the client, uses the bundle, and adds up the files that were loaded for that. */
export async function measureBrowserSizes(root: string, scratch: string): Promise<BrowserSizes> {
  const bundle = await bundleForBrowser(root);
  const small = new Blob([new Uint8Array(1000)]);
  const large = new Blob([new Uint8Array(1_000_000)]);
  const measure = (name: string, use: Use) => bytesLoaded(bundle, join(scratch, name), use);
  return {
    atOnce: await measure("at-once", async () => {}),
    withFile: await measure("file", async (client) => {
      await client.uploadFile("small.bin", small);
      const { sessionId } = await client.uploadFile("large.bin", large);
      if (sessionId === undefined) throw new Error("The large file was uploaded without a session.");
    }),
    withPackage: await measure("package", async (client) => {
      const files = Object.entries({ "Code/small.bin": small, "large.bin": large }).map(
        ([relativePath, blob]) => ({ relativePath, size: blob.size, open: async () => blob }),
      );
      await client.uploadPackage({ files }, { destination: "MyApp" });
    }),
    everything: bundle.files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

type Use = (client: ReturnType<Client["createImageStoreClient"]>) => Promise<unknown>;

async function bytesLoaded({ entry, files }: BrowserBundle, folder: string, use: Use): Promise<number> {
  const loaded = new Set<string>();
  // The files report themselves, because Node.js does not tell which modules it has loaded.
  Reflect.set(globalThis, reportName, (name: string) => loaded.add(name));
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const { name, code } of files) {
    writeFileSync(join(folder, name), `${code}\nglobalThis.${reportName}(${JSON.stringify(name)});\n`);
  }
  const { createImageStoreClient }: Client = await import(pathToFileURL(join(folder, entry)).href);
  await using emulator = await startEmulator();
  await use(createImageStoreClient({ endpoint: emulator.endpoint }));
  return files.reduce((sum, { name, bytes }) => sum + (loaded.has(name) ? bytes : 0), 0);
}

const reportName = "reportLoadedFile";
