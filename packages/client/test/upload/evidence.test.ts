import { describe, expect, it } from "vitest";
import { createImageStoreClient, type Fetch } from "../../src/index.js";
import { createNodeFetch } from "../../src/node/index.js";
import { rejection } from "../server.js";
import { inTenChunks, type Store, someContent, startStore, storePath } from "./store.js";
import { startWireProxy, type WireFault } from "./wire-proxy.js";

const content = someContent();
const older = someContent(10_000, 42);
const wholeFile = { ...inTenChunks, maxSingleShotSize: 20_000 };

async function startBehindProxy(fetch: Fetch, ...faults: WireFault[]) {
  const store = await startStore();
  const proxy = await startWireProxy(store.emulator.endpoint);
  for (const fault of faults) proxy.addFault(fault);
  return {
    store,
    proxy,
    client: createImageStoreClient({ endpoint: proxy.endpoint, fetch }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const transports = [
  ["fetch of the platform", () => fetch],
  ["createNodeFetch", () => createNodeFetch()],
] as const;
const always = 1000;

describe.each(transports)("with %s, an upload over an older file of the same size", (_, transport) => {
  it.each([
    ["the write of a whole file", wholeFile, /^PUT [^$]+$/],
    ["the commit of a session", inTenChunks, /CommitUploadSession/],
  ])("is sent again when %s was acknowledged but not delivered", async (_, options, match) => {
    await using behind = await startBehindProxy(transport(), { match, do: "answer-undelivered" });
    await behind.store.client.putFile({ storePath, content: older });
    await behind.client.uploadFile(storePath, content, { ...options, receipt: false });
    expect(await behind.store.holds(content)).toBe(true);
  });

  it.each([
    ["the write of a whole file", wholeFile, /^PUT [^$]+$/],
    ["the commit of a session", inTenChunks, /CommitUploadSession/],
    ["every chunk", inTenChunks, /UploadChunk/],
  ])("rejects when %s is always acknowledged but never delivered", async (_, options, match) => {
    await using behind = await startBehindProxy(transport(), {
      ...{ match, times: always, do: "answer-undelivered" },
    });
    await behind.store.client.putFile({ storePath, content: older });
    await rejection(behind.client.uploadFile(storePath, content, options));
    expect(await behind.store.holds(older)).toBe(true);
  });

  it("says in the error that the store still has the older file", async () => {
    await using behind = await startBehindProxy(transport(), {
      ...{ match: /^PUT/, times: always, do: "answer-undelivered" },
    });
    await behind.store.client.putFile({ storePath, content: older });
    expect(await rejection(behind.client.uploadFile(storePath, content, wholeFile))).toMatchObject({
      name: "VerificationError",
      differences: [{ storePath, kind: "unchanged" }],
    });
  });

  it("is not done after the response to another file, even if its own server is busy", async () => {
    await using behind = await startBehindProxy(transport(), {
      ...{ match: /^PUT .*a\.txt/, do: "answer-twice" },
    });
    const { store, client } = behind;
    await store.client.putFile({ storePath: "App/b.txt", content: older });
    await client.uploadFile("App/a.txt", content, { ...wholeFile, receipt: false });
    store.emulator.addFault({
      ...{ operation: "UploadFile", path: "App/b.txt", do: "answer", status: 503, code: "E_ABORT" },
    });
    await client.uploadFile("App/b.txt", content, { ...wholeFile, receipt: false });
    expect(await holds(store, "App/b.txt", content)).toBe(true);
  });

  it("and five more on the same client succeed although a response arrived twice", async () => {
    await using behind = await startBehindProxy(transport(), {
      ...{ match: /^PUT/, do: "answer-again-when-idle" },
    });
    const { store, client } = behind;
    for (const name of ["a", "b", "c", "d", "e", "f"]) {
      const own = { storePath: `App/${name}`, content: someContent(10_000, name.charCodeAt(0)) };
      await store.client.putFile({ storePath: own.storePath, content: older });
      await client.uploadFile(own.storePath, own.content, { ...wholeFile, receipt: false });
      expect(await holds(store, own.storePath, own.content)).toBe(true);
    }
  });
});

async function holds(store: Store, path: string, bytes: Uint8Array): Promise<boolean> {
  const { readFile } = await import("node:fs/promises");
  return (await readFile(store.emulator.contentPath(path))).equals(bytes);
}

describe("a session that is missing at the commit", () => {
  it("because another upload committed and deleted it, is not sent again", async () => {
    await using store = await startStore();
    let isDone = false;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        const url = input;
        if (url.includes("/CommitUploadSession") && !isDone) {
          isDone = true;
          const sessionId = new URL(url).searchParams.get("session-id") ?? "";
          await store.client.commitUploadSession({ sessionId });
          await store.client.deleteUploadSession({ sessionId });
        }
        return fetch(input, init);
      },
    });
    await store.client.putFile({ storePath, content: older });
    const { sentBytes } = await client.uploadFile(storePath, content, inTenChunks);
    expect(isDone).toBe(true);
    expect(sentBytes).toBe(10_000);
    expect(await store.holds(content)).toBe(true);
  });

  it("after chunks of a wrong length does not count as committed", async () => {
    await using store = await startStore();
    const committed: string[] = [];
    let chunks = 0;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        const url = input;
        if (url.includes("/UploadChunk")) {
          chunks += 1;
          // The first chunk of the first session is cut on its way, so that its commit is refused.
          if (chunks === 1) return fetch(input, { ...init, body: new Uint8Array(999) });
          // The second session is lost when another upload has just written a file of the same size.
          if (chunks === 15) {
            await store.client.putFile({ storePath, content: older });
            await store.emulator.failover();
          }
        }
        if (url.includes("/CommitUploadSession")) {
          committed.push(url);
          // The result of the first commit is unknown.
          if (committed.length === 1) return new Response('{"Error":{"Code":"E_ABORT"}}', { status: 503 });
          // Before the second, which is refused, another client writes a file of the same size.
          if (committed.length === 2) await store.client.putFile({ storePath, content: older });
        }
        return fetch(input, init);
      },
    });
    await client.uploadFile(storePath, content, inTenChunks);
    expect(chunks).toBeGreaterThan(15);
    expect(await store.holds(content)).toBe(true);
  });
});

describe("a file that was committed by an interrupted upload", () => {
  it("without a receipt is sent under another id, because a commit with the same id writes nothing", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "DeleteImageStoreUploadSession", times: 9, do: "drop-before" });
    await store.client.uploadFile(storePath, content, { ...inTenChunks, receipt: false });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(10_000);
    expect(await store.holds(content)).toBe(true);
  });

  it("is not confused with a concurrent write of another client, even if the commit is not delivered", async () => {
    await using store = await startStore();
    const stop = new AbortController();
    const first = store.client.uploadFile(storePath, content, {
      ...{ ...inTenChunks, abortSignal: stop.signal },
      onProgress: ({ file }) => void (file.phase === "committing" && stop.abort()),
    });
    await rejection(first);
    await store.client.putFile({ storePath, content: older });
    let falsely = 1;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (url, init) =>
        url.includes("/CommitUploadSession") && falsely-- > 0
          ? new Response(null, { status: 200 })
          : fetch(url, init),
    });
    await client.uploadFile(storePath, content, inTenChunks);
    expect(falsely).toBeLessThan(1);
    expect(await store.holds(content)).toBe(true);
  });

  it("and whose session is gone is sent once under another id", async () => {
    await using store = await startStore();
    const options = { ...inTenChunks, receipt: false };
    const first = await store.client.uploadFile(storePath, content, options);
    const second = await store.client.uploadFile(storePath, content, options);
    expect(second.sentBytes).toBe(10_000);
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(await store.holds(content)).toBe(true);
  });
});

describe("a path that is a folder", () => {
  it.each([wholeFile, inTenChunks])("is rejected at once", async (options) => {
    await using store = await startStore();
    await store.client.putFile({ storePath: `${storePath}/file`, content: older });
    const error = await rejection(store.client.uploadFile(storePath, content, options));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "storePath" });
    expect(String(error)).toContain(`${storePath}/NAME`);
    expect(store.requests.filter((request) => /PUT|Upload/.test(request))).toEqual(["UploadFile 200"]);
  });
});

describe("a file that is too large for a proxy in one request", () => {
  it("is sent in chunks, and so are later files", async () => {
    await using store = await startStore();
    let refusals = 0;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        const body = init?.body;
        if (!(body instanceof Uint8Array) || body.length <= 100 * 1024) return fetch(input, init);
        refusals += 1;
        return new Response("413 Request Entity Too Large", { status: 413 });
      },
    });
    const files = [someContent(200 * 1024), someContent(200 * 1024, 7)];
    await client.uploadFile("App/a", files[0] ?? older);
    expect(refusals).toBe(1);
    await client.uploadFile("App/b", files[1] ?? older);
    expect(refusals).toBe(1);
    expect(await holds(store, "App/a", files[0] ?? older)).toBe(true);
    expect(await holds(store, "App/b", files[1] ?? older)).toBe(true);
  });
});

describe("an upload whose session disappears after every chunk", () => {
  it("ends with no-progress and does not promise that anything is kept", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "CommitImageStoreUploadSession", times: 1000, do: "lose-sessions" });
    const error = await rejection(store.client.uploadFile(storePath, content, inTenChunks));
    expect(error).toMatchObject({
      ...{ name: "UploadError", reason: "no-progress", committedBytes: 0, sessionId: undefined },
    });
    expect(String(error)).not.toContain("kept in session");
  });
});

describe("a session with the id of this upload and the same size", () => {
  it("that is complete and belongs to another path is not committed for this path", async () => {
    await using store = await startStore();
    const { sessionId = "" } = await store.client.uploadFile(storePath, content, {
      ...{ ...inTenChunks, receipt: false },
    });
    await store.client.deleteContent({ storePath });
    const foreign = { storePath: "Other/file", sessionId, fileSize: 10_000, startPosition: 0, chunk: older };
    await store.client.uploadFileChunk(foreign);
    const again = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(again.sessionId).not.toBe(sessionId);
    expect(await store.holds(content)).toBe(true);
  });
});

describe("a source that changes while it is streamed in one request", () => {
  it("ends the upload although the server has received everything", async () => {
    await using store = await startStore({ platform: "linux" });
    const source = {
      size: content.length,
      read: async (range: { startPosition: number; endPosition: number }) =>
        content.subarray(range.startPosition, range.endPosition + 1),
      assertUnchanged: () => Promise.reject(new Error("it was written to")),
    };
    const error = await rejection(store.client.uploadFile(storePath, source, inTenChunks));
    expect(store.requests).toContain("UploadFile 200");
    expect(error).toMatchObject({ name: "UploadError", reason: "source" });
    expect(String(error)).toContain("it was written to");
  });
});
