import { startEmulator } from "@sf-image-store/emulator";
import type { OperationId } from "@sf-image-store/types";
import { describe, expect, it } from "vitest";
import { createRetry, retrySettings } from "../src/http/retry.js";
import { createImageStoreClient, FabricError, type ImageStoreClient, NetworkError } from "../src/index.js";
import { answering, rejection } from "./server.js";

const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const retryOptions = { retryDelayMs: 0 };
const file = { storePath: "App/a", content: new Uint8Array(3) };

/** Idempotent calls, by the operation whose request is dropped once. */
const repeatable: readonly (readonly [
  operation: OperationId,
  call: (client: ImageStoreClient) => Promise<unknown>,
])[] = [
  ["GetClusterManifest", (client) => client.getClusterManifest()],
  ["GetAadMetadata", (client) => client.getAadMetadata()],
  ["GetImageStoreRootContent", (client) => client.getContentPage()],
  ["GetImageStoreContent", (client) => client.getContentPage({ storePath: "App" })],
  [
    "GetImageStoreContent",
    async (client) => {
      for await (const _ of client.listContent({ storePath: "App" }));
    },
  ],
  ["GetImageStoreRootFolderSize", (client) => client.getFolderSize()],
  ["GetImageStoreFolderSize", (client) => client.getFolderSize({ storePath: "App" })],
  ["GetImageStoreInfo", (client) => client.getImageStoreInfo()],
  ["DeleteImageStoreContent", (client) => client.deleteContent({ storePath: "App" })],
  ["GetImageStoreUploadSessionById", (client) => client.getUploadSession({ sessionId })],
  ["GetImageStoreUploadSessionByPath", (client) => client.getUploadSessionsByPath({ storePath: "App/b" })],
  ["DeleteImageStoreUploadSession", (client) => client.deleteUploadSession({ sessionId })],
];

async function withFault(operation: OperationId, action: "drop-before" | "drop-after") {
  const emulator = await startEmulator({
    faults: [{ operation, do: action }],
  });
  const client = createImageStoreClient({ endpoint: emulator.endpoint, retryOptions });
  await client.putFile(file);
  await client.uploadFileChunk({
    storePath: "App/b",
    sessionId,
    startPosition: 0,
    fileSize: 9,
    chunk: new Uint8Array(3),
  });
  return { client, [Symbol.asyncDispose]: () => emulator.close() };
}

describe("an idempotent request", () => {
  it.each(repeatable)("is retried when %s is dropped", async (operation, call) => {
    for (const action of ["drop-before", "drop-after"] as const) {
      await using store = await withFault(operation, action);
      await call(store.client);
    }
  });

  it("is not retried with maxRetries: 0", async () => {
    await using server = await answering((response) => response.writeHead(503).end());
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions: { maxRetries: 0 } });
    expect(await rejection(client.getClusterManifest())).toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(1);
  });

  it.each([408, 425, 429, 500, 502, 503, 504])("is retried after status %d", async (status) => {
    await using server = await answering((response) => {
      response.writeHead(server.requests.length === 1 ? status : 204).end();
    });
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    expect(await client.getUploadSession({ sessionId })).toBeUndefined();
    expect(server.requests).toHaveLength(2);
  });

  it("still rejects with errors other than 404 after a retried deletion", async () => {
    await using server = await answering((response) => {
      response.writeHead(server.requests.length === 1 ? 503 : 403).end();
    });
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    expect(await rejection(client.deleteUploadSession({ sessionId }))).toMatchObject({ status: 403 });
  });

  it.each([1001, 1.5, -1])("rejects maxRetries: %d", (maxRetries) => {
    expect(() =>
      createImageStoreClient({ endpoint: "http://localhost", retryOptions: { maxRetries } }),
    ).toThrow(`retryOptions.maxRetries must be a whole number from 0 to 1000, got ${maxRetries}`);
  });

  it("is sent four times by default and then rejects with the last failure", async () => {
    await using server = await answering((response) => response.writeHead(503).end());
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    expect(await rejection(client.getContentPage({ storePath: "a" }))).toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(4);
  });

  it("is not retried after a permanent error", async () => {
    await using server = await answering((response) => response.writeHead(403).end());
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    expect(await rejection(client.getContentPage())).toMatchObject({ status: 403 });
    expect(server.requests).toHaveLength(1);
  });

  it("is retried only for the page that failed", async () => {
    let calls = 0;
    await using server = await answering((response) => {
      calls += 1;
      if (calls === 2) return void response.writeHead(503).end();
      const ContinuationToken = calls === 1 ? "next" : "";
      response.end(
        JSON.stringify({
          StoreFiles: [],
          StoreFolders: [{ StoreRelativePath: `f${calls}`, FileCount: "1" }],
          ContinuationToken,
        }),
      );
    });
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    const paths: string[] = [];
    for await (const { storePath } of client.listContent()) paths.push(storePath);
    expect(paths).toEqual(["f1", "f3"]);
  });
});

describe("a request that is not idempotent", () => {
  it.each<[string, (client: ImageStoreClient) => Promise<unknown>]>([
    ["putFile", (client) => client.putFile(file)],
    ["copyContent", (client) => client.copyContent({ source: "a", destination: "b" })],
    ["commitUploadSession", (client) => client.commitUploadSession({ sessionId })],
    [
      "uploadFileChunk",
      (client) =>
        client.uploadFileChunk({
          storePath: "a",
          sessionId,
          startPosition: 0,
          fileSize: 1,
          chunk: new Uint8Array(1),
        }),
    ],
  ])("is sent once: %s", async (_, call) => {
    await using server = await answering((response) => response.writeHead(503).end());
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    expect(await rejection(call(client))).toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(1);
  });
});

describe("an upload", () => {
  it("does not multiply its retries with those of single requests", async () => {
    await using server = await answering((response) => response.writeHead(503).end());
    const client = createImageStoreClient({ endpoint: server.endpoint, retryOptions });
    const upload = client.uploadFile("a", new Uint8Array(3), {
      retryOptions: { maxRetries: 2, retryDelayMs: 0 },
    });
    expect(await rejection(upload)).toMatchObject({ reason: "no-progress" });
    expect(server.requests).toHaveLength(3);
  });
});

describe("the delay before a retry", () => {
  const context = { operationId: "GetClusterManifest", request: "GET /", requestId: "" } as const;
  const busy = new FabricError("busy", context, { status: 503, code: undefined });
  const settings = retrySettings({}, 3);

  /** Retries with a clock that records delays and ends them at once. */
  function setUp(hasAnswered = false) {
    const waits: number[] = [];
    const clock = {
      now: () => 0,
      setTimer(ms: number, callback: () => void) {
        waits.push(ms);
        queueMicrotask(callback);
        return () => {};
      },
    };
    const gateway = { hasAnswered };
    return { waits, gateway, retry: createRetry(settings, { clock, random: () => 0.5, gateway }) };
  }

  it("doubles, and honors Retry-After", async () => {
    const { waits, retry } = setUp();
    await rejection(retry({}, () => Promise.reject(busy)));
    expect(waits).toEqual([250, 500, 1000]);
    const asking = new FabricError("busy", context, { status: 503, code: undefined, retryAfterMs: 7000 });
    await rejection(retry({}, () => Promise.reject(asking)));
    expect(waits.slice(3)).toEqual([7000, 7000, 7000]);
  });

  it.each([
    ["no server listens", new NetworkError("refused", context, {}, "ECONNREFUSED")],
    ["the host is unknown", new NetworkError("unknown", context, {}, "ENOTFOUND")],
    ["nothing comes back in time", new DOMException("late", "TimeoutError")],
  ])("does not happen if %s, unless the server has responded before", async (_, failure) => {
    const first = setUp();
    expect(await rejection(first.retry({}, () => Promise.reject(failure)))).toBe(failure);
    expect(first.waits).toEqual([]);
    const later = setUp(true);
    expect(await rejection(later.retry({}, () => Promise.reject(failure)))).toBe(failure);
    expect(later.waits).toHaveLength(3);
  });

  it("happens after the first response, even if that was an error", async () => {
    const refused = new NetworkError("refused", context, {}, "ECONNREFUSED");
    for (const answer of [() => Promise.reject(busy), () => Promise.resolve()]) {
      const { waits, retry } = setUp();
      const requests = [answer, () => Promise.reject(refused), () => Promise.resolve()];
      const next = () => requests.shift()?.() ?? Promise.resolve();
      while (requests.length > 0) await retry({}, next);
      expect(waits.length).toBeGreaterThan(0);
    }
  });

  it.each(["DEPTH_ZERO_SELF_SIGNED_CERT", "ERR_TLS_CERT_ALTNAME_INVALID", "EPROTO"])(
    "does not happen after an error that would occur again: %s",
    async (code) => {
      const { waits, retry } = setUp(true);
      const failure = new NetworkError("refused", context, {}, code);
      expect(await rejection(retry({}, () => Promise.reject(failure)))).toBe(failure);
      expect(waits).toEqual([]);
    },
  );

  it("ends with an AbortError when the caller aborts", async () => {
    await using server = await answering((response) =>
      response.writeHead(503, { "Retry-After": "600" }).end(),
    );
    const stop = new AbortController();
    const client = createImageStoreClient({
      endpoint: server.endpoint,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        setImmediate(() => stop.abort());
        return answer;
      },
    });
    const stopped = client.getContentPage({ abortSignal: stop.signal });
    expect(await rejection(stopped)).toMatchObject({
      name: "AbortError",
      operationId: "GetImageStoreRootContent",
    });
    expect(server.requests).toHaveLength(1);
  });
});
