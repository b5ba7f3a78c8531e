import { randomUUID } from "node:crypto";
import type { FilePhase, ImageStoreClient } from "@sf-image-store/client/node";
import { type Inputs, importClient, peakMemory, type Service, secondsOf } from "../resources.js";

export async function clientUpload(input: Inputs["client-upload"]): Promise<Service> {
  const { endpoint, ca, file, chunkSize, concurrency, id } = input;
  const { createImageStoreClient, createNodeFetch } = await importClient(input.build);
  const fetch = input.fetch === "node" ? createNodeFetch(ca === undefined ? {} : { ca }) : globalThis.fetch;
  const client = createImageStoreClient({ endpoint, fetch });
  let runs = 0;
  return {
    ready: peakMemory(),
    async run() {
      // A new path each time: otherwise a receipt would prove that the file is already there, and nothing would be sent.
      const storePath = `Client-${process.pid}/${runs++}.bin`;
      const began: Partial<Record<FilePhase, number>> = {};
      const now = () => performance.now() / 1000;
      const start = now();
      const { totalBytes, sentBytes } = await client.uploadFile(storePath, file, {
        chunkSize,
        concurrency,
        ...(id === "given" ? { sessionId: randomUUID() } : {}),
        onProgress: ({ file: { phase } }) => {
          began[phase] ??= now();
        },
      });
      const end = now();
      if (sentBytes !== totalBytes) throw new Error(`Sent ${sentBytes} of ${totalBytes} bytes.`);
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
}

export async function packageUpload(input: Inputs["package-upload"]): Promise<Service> {
  const { endpoint, directory, concurrency } = input;
  const { createImageStoreClient } = await importClient(input.build);
  const client = createImageStoreClient({ endpoint });
  let runs = 0;
  return {
    ready: peakMemory(),
    async run() {
      // A new destination each time, also for the process of another build: otherwise the package would already be there.
      const destination = `App-${process.pid}-${runs++}`;
      const seconds = await secondsOf(() =>
        client.uploadPackage(directory, {
          destination,
          ...(concurrency === undefined ? {} : { concurrency }),
        }),
      );
      return { seconds, ...peakMemory() };
    },
    close: async () => {},
  };
}

const folder = "Full";

/** Sends small requests one after the other, with the client or with the same fetch alone. */
export async function requests({ build, endpoint, by, what, count }: Inputs["requests"]): Promise<Service> {
  const { createImageStoreClient, createNodeFetch } = await importClient(build);
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
  const sendAll = async () => {
    for (let index = 0; index < count; index += 1) await request();
  };
  return {
    ready: {},
    run: async () => ({ seconds: await secondsOf(sendAll) }),
    close: () => fetch.close(),
  };
}

async function readSession(client: ImageStoreClient, sessionId: string): Promise<void> {
  const session = await client.getUploadSession({ sessionId });
  if (session?.expectedRanges.length !== 1)
    throw new Error("The session does not have exactly one missing range.");
}

async function list(client: ImageStoreClient): Promise<void> {
  let entries = 0;
  for await (const { kind } of client.listContent({ storePath: folder })) if (kind === "file") entries += 1;
  requireEntries(entries);
}

async function get(fetch: typeof globalThis.fetch, url: string): Promise<unknown> {
  const response = await fetch(`${url}&api-version=6.0`);
  if (response.status !== 200) throw new Error(`The server answered ${url} with ${response.status}.`);
  return JSON.parse(await response.text());
}

async function listBare(fetch: typeof globalThis.fetch, url: string): Promise<void> {
  let entries = 0;
  let token: string | undefined;
  do {
    const page = await get(fetch, token === undefined ? url : `${url}ContinuationToken=${token}`);
    if (!isPage(page)) throw new Error("The response is not a page of a listing.");
    entries += page.StoreFiles.length;
    token = page.ContinuationToken === "" ? undefined : page.ContinuationToken;
  } while (token !== undefined);
  requireEntries(entries);
}

function isPage(page: unknown): page is { StoreFiles: unknown[]; ContinuationToken: string } {
  return typeof page === "object" && page !== null && "StoreFiles" in page && "ContinuationToken" in page;
}

function requireEntries(entries: number): void {
  if (entries === 0) throw new Error("The listing is empty.");
}
