// Small requests, one after the other: by the client, or by the same fetch with nothing around it.
import { createImageStoreClient, createNodeFetch, type ImageStoreClient } from "@sf-image-store/client/node";
import { serveParent } from "./serve-parent.js";

export interface RequestsInput {
  readonly endpoint: string;
  readonly by: "client" | "bare";
  /** A session is read; a listing is gone through, to its end. */
  readonly what: "session" | "listing";
  /** How often in one run. */
  readonly count: number;
}

const folder = "Full";

await serveParent(async ({ endpoint, by, what, count }: RequestsInput) => {
  const fetch = createNodeFetch();
  const client = createImageStoreClient({ endpoint, fetch });
  const sessionId = crypto.randomUUID();
  const begun = { storePath: "Begun.bin", sessionId, fileSize: 1000 };
  await client.uploadFileChunk({ ...begun, startPosition: 0, chunk: new Uint8Array(500) });
  const request = {
    client: { session: () => readSession(client, sessionId), listing: () => list(client) },
    bare: {
      session: () => get(fetch, `${endpoint}/ImageStore/$/GetUploadSession?session-id=${sessionId}`),
      listing: () => listBare(fetch, `${endpoint}/ImageStore/${folder}?`),
    },
  }[by][what];
  return {
    ready: {},
    async run() {
      const start = performance.now();
      for (let index = 0; index < count; index += 1) await request();
      return { seconds: (performance.now() - start) / 1000 };
    },
    close: () => fetch.close(),
  };
});

async function readSession(client: ImageStoreClient, sessionId: string): Promise<void> {
  const session = await client.getUploadSession({ sessionId });
  if (session?.expectedRanges.length !== 1) throw new Error("the session is not as it was begun");
}

async function list(client: ImageStoreClient): Promise<void> {
  let entries = 0;
  for await (const { kind } of client.listContent({ storePath: folder })) if (kind === "file") entries += 1;
  requireEntries(entries);
}

async function get(fetch: typeof globalThis.fetch, url: string): Promise<unknown> {
  const response = await fetch(`${url}&api-version=6.0`);
  if (response.status !== 200) throw new Error(`${url} was answered with ${response.status}`);
  return JSON.parse(await response.text());
}

async function listBare(fetch: typeof globalThis.fetch, url: string): Promise<void> {
  let entries = 0;
  let token: string | undefined;
  do {
    const page = await get(fetch, token === undefined ? url : `${url}ContinuationToken=${token}`);
    if (!isPage(page)) throw new Error("this is no page of a listing");
    entries += page.StoreFiles.length;
    token = page.ContinuationToken === "" ? undefined : page.ContinuationToken;
  } while (token !== undefined);
  requireEntries(entries);
}

function isPage(page: unknown): page is { StoreFiles: unknown[]; ContinuationToken: string } {
  return typeof page === "object" && page !== null && "StoreFiles" in page && "ContinuationToken" in page;
}

function requireEntries(entries: number): void {
  if (entries === 0) throw new Error("the listing is empty");
}
