import type { Emulator } from "@sf-image-store/emulator";
import { describe, expect, it } from "vitest";
import { createEnvironment } from "../../src/client.js";
import {
  createImageStoreClient,
  type Fetch,
  isUploadError,
  isVerificationError,
  type UploadedFile,
} from "../../src/index.js";
import { engineSource } from "../../src/upload/byte-source.js";
import { BlockMemory, contentDigest, deriveSessionId } from "../../src/upload/fingerprint.js";
import { uploadOperations } from "../../src/upload/uploads.js";
import { hexOf } from "../../src/wire/bytes.js";
import { rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "./store.js";

const content = someContent();

/** How often an operation got a response with a status. */
function count(requests: readonly string[], request: string): number {
  return requests.filter((each) => each === request).length;
}

async function derivedId(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const signal = new AbortController().signal;
  const digest = await contentDigest(engineSource(bytes), new BlockMemory(), signal, () => {});
  return deriveSessionId(path, bytes.length, `content ${hexOf(digest)}`, 0);
}

/** A `fetch` with another behavior for chunks. */
function chunksBy(send: (url: string, init: RequestInit) => Promise<Response>): Fetch {
  return (input, init) =>
    typeof input === "string" && input.includes("/UploadChunk")
      ? send(input, init ?? {})
      : fetch(input, init);
}

describe("a chunk", () => {
  it("whose response is lost is not sent again", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 4, do: "drop-after" });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(10_000);
    expect(await store.holds(content)).toBe(true);
  });

  it.each([
    ["before it arrives", { do: "drop-before" }],
    ["on its way", { do: "drop-in-body", afterBytes: 300 }],
    ["by a busy server", { do: "answer", status: 503, code: "E_ABORT" }],
    ["by a server out of time", { do: "answer", status: 504, code: "FABRIC_E_TIMEOUT" }],
  ] as const)("that is lost %s is sent again, and no other", async (_, fault) => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 4, ...fault });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(11_000);
    expect(await store.holds(content)).toBe(true);
  });

  it("that fails stops new chunks until the session is read", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "UploadFileChunk", do: "answer", status: 503, code: "E_ABORT" });
    await store.client.uploadFile(storePath, content, { ...inTenChunks, concurrency: 2 });
    const asked = store.requests.flatMap((request, index) => (/SessionById/.test(request) ? [index] : []));
    const round = store.requests.slice(asked[0], asked[1]);
    expect(count(round, "UploadFileChunk 200")).toBeLessThanOrEqual(2);
    expect(await store.holds(content)).toBe(true);
  });

  it("that arrives after the client gave up on it is not an error", async () => {
    await using store = await startStore();
    // The third chunk seems lost, and reaches the server when the fourth request for a chunk is on its way.
    const late: (() => Promise<Response>)[] = [];
    let number = 0;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: chunksBy(async (url, init) => {
        number += 1;
        if (number === 3) {
          late.push(() =>
            fetch(url, { ...init, signal: null, body: new Uint8Array(content.subarray(2000, 3000)) }),
          );
          throw new TypeError("fetch failed");
        }
        for (const send of late.splice(0)) await send();
        return fetch(url, init);
      }),
    });
    await client.uploadFile(storePath, content, inTenChunks);
    expect(count(store.requests, "UploadFileChunk 400")).toBe(1);
    expect(await store.holds(content)).toBe(true);
  });

  it("that is too large for a proxy is split", async () => {
    await using store = await startStore();
    const large = someContent(300_000);
    const limit = 100_000;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: chunksBy(async (url, init) =>
        init.body instanceof Uint8Array && init.body.length > limit
          ? new Response("413 Request Entity Too Large", { status: 413 })
          : fetch(url, init),
      ),
    });
    await client.uploadFile(storePath, large, { ...inTenChunks, chunkSize: 300_000 });
    expect(await store.holds(large)).toBe(true);
  });

  it("that is too large for a proxy does not use up retries", async () => {
    await using store = await startStore();
    const large = someContent(1_000_000);
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: chunksBy(async (url, init) =>
        init.body instanceof Uint8Array && init.body.length > 70_000
          ? new Response("413 Request Entity Too Large", { status: 413 })
          : fetch(url, init),
      ),
    });
    const retryOptions = { maxRetries: 0 };
    await client.uploadFile(storePath, large, { ...inTenChunks, chunkSize: 1_000_000, retryOptions });
    expect(await store.holds(large)).toBe(true);
  });

  it("that repeatedly gets no response is split", async () => {
    await using store = await startStore();
    const large = someContent(300_000);
    let failures = 0;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: chunksBy(async (url, init) => {
        if (!(init.body instanceof Uint8Array) || init.body.length < 100_000) return fetch(url, init);
        failures += 1;
        throw new TypeError("fetch failed");
      }),
    });
    await client.uploadFile(storePath, large, { ...inTenChunks, chunkSize: 300_000 });
    expect(await store.holds(large)).toBe(true);
    expect(failures).toBeLessThanOrEqual(4);
  });
});

describe("a session", () => {
  it("that is lost in a failover starts again", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 6, do: "lose-sessions" });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(15_000);
    expect(await store.holds(content)).toBe(true);
  });

  it("that is lost is not confused with a concurrent write of another client", async () => {
    await using store = await startStore();
    const other = store.client.putFile.bind(store.client, { storePath, content: someContent(10_000, 7) });
    let isLost = false;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: chunksBy(async (url, init) => {
        if (url.includes("/UploadChunk") && !isLost && store.requests.length > 6) {
          isLost = true;
          await other();
          await store.emulator.failover();
        }
        return fetch(url, init);
      }),
    });
    await client.uploadFile(storePath, content, inTenChunks);
    expect(isLost).toBe(true);
    expect(await store.holds(content)).toBe(true);
  });

  it("that expires starts again", async () => {
    await using store = await startStore();
    let isExpired = false;
    await store.client.uploadFile(storePath, content, {
      ...inTenChunks,
      onProgress({ committedBytes }) {
        if (isExpired || committedBytes < 5000) return;
        isExpired = true;
        store.emulator.advance(36 * 60 * 1000);
      },
    });
    expect(isExpired).toBe(true);
    expect(await store.holds(content)).toBe(true);
  });

  it("that is lost every time ends the upload, and the error says so", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "CommitImageStoreUploadSession", times: 1000, do: "lose-sessions" });
    const error = await rejection(store.client.uploadFile(storePath, content, inTenChunks));
    expect(isUploadError(error) && error.message).toContain("keeps losing the upload session");
    expect(count(store.requests, "CommitImageStoreUploadSession 400")).toBe(5);
  });

  it("whose id is used for another path gets another id", async () => {
    await using store = await startStore();
    const sessionId = await derivedId(storePath, content);
    const foreign = { storePath: "Other/file", sessionId, fileSize: 10_000 };
    await store.client.uploadFileChunk({ ...foreign, startPosition: 0, chunk: new Uint8Array(10) });
    const result = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(result.sessionId).not.toBe(sessionId);
    expect(await store.holds(content)).toBe(true);
    expect(
      (await store.client.getUploadSession({ sessionId: foreign.sessionId }))?.expectedRanges,
    ).toHaveLength(1);
  });

  it("whose id is used for another size gets another id", async () => {
    await using store = await startStore();
    const sessionId = await derivedId(storePath, content);
    const foreign = { storePath, sessionId, fileSize: 20_000, startPosition: 0, chunk: new Uint8Array(10) };
    await store.client.uploadFileChunk(foreign);
    await store.client.uploadFile(storePath, content, inTenChunks);
    expect(await store.holds(content)).toBe(true);
  });

  it("with an explicit id that is used for another upload is rejected before anything is sent", async () => {
    await using store = await startStore();
    const sessionId = crypto.randomUUID();
    const foreign = { storePath: "Other/file", sessionId, fileSize: 10_000 };
    await store.client.uploadFileChunk({ ...foreign, startPosition: 0, chunk: new Uint8Array(10) });
    const upload = store.client.uploadFile(storePath, content, { ...inTenChunks, sessionId });
    expect(await rejection(upload)).toMatchObject({ name: "InvalidInputError", parameter: "sessionId" });
  });
});

describe("a commit", () => {
  it("whose response is lost is the only request that is repeated", async () => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "CommitImageStoreUploadSession", do: "drop-after" });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(10_000);
    expect(count(store.requests, "CommitImageStoreUploadSession 200")).toBe(1);
    expect(await store.holds(content)).toBe(true);
  });

  it("that fails because of another write is repeated", async () => {
    await using store = await startStore();
    const pending = { do: "answer", status: 500, code: "OperationsPending" } as const;
    // More often than maxRetries, because the other write may be a large file.
    store.emulator.addFault({ operation: "CommitImageStoreUploadSession", times: 20, ...pending });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(10_000);
  });

  it("before a failover is found in the listing", async () => {
    const failover = (emulator: () => Emulator) => ({
      faults: [{ operation: "CommitImageStoreUploadSession", do: "drop-after" }] as const,
      onFault: () => void emulator().failover(),
    });
    await using store = await startStore(failover(() => store.emulator));
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(10_000);
    expect(count(store.requests, "GetImageStoreUploadSessionById 204")).toBe(2);
    expect(await store.holds(content)).toBe(true);
  });

  it("that a failover prevents is not confused with the older file of the same size", async () => {
    await using store = await startStore();
    await store.client.putFile({ storePath, content: someContent(10_000, 99) });
    store.emulator.addFault({ operation: "CommitImageStoreUploadSession", do: "lose-sessions" });
    const { sentBytes } = await store.client.uploadFile(storePath, content, inTenChunks);
    expect(sentBytes).toBe(20_000);
    expect(await store.holds(content)).toBe(true);
  });

  it("that a failover prevents is not confused with a file of another size", async () => {
    await using store = await startStore();
    let isLost = false;
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        if (isLost || !input.includes("/CommitUploadSession")) {
          return fetch(input, init);
        }
        isLost = true;
        await store.emulator.failover();
        await store.client.putFile({ storePath, content: someContent(9000) });
        throw new TypeError("fetch failed");
      },
    });
    await client.uploadFile(storePath, content, inTenChunks);
    expect(await store.holds(content)).toBe(true);
  });

  it("that is rejected because of chunk lengths deletes the session and starts again", async () => {
    await using store = await startStore();
    const client = truncating(store.emulator, 1);
    await client.uploadFile(storePath, content, inTenChunks);
    expect(count(store.requests, "DeleteImageStoreUploadSession 200")).toBe(2);
    expect(await store.holds(content)).toBe(true);
  });

  it("that is rejected for that reason twice ends the upload", async () => {
    await using store = await startStore();
    const error = await rejection(truncating(store.emulator, 2).uploadFile(storePath, content, inTenChunks));
    expect(error).toMatchObject({ name: "UploadError", reason: "refused" });
  });

  /** A proxy that silently removes a byte from the first chunk of the first uploads. */
  function truncating(emulator: Emulator, uploads: number) {
    let number = 0;
    return createImageStoreClient({
      endpoint: emulator.endpoint,
      fetch: chunksBy((url, init) => {
        number += 1;
        const isCut = number % 10 === 1 && number <= uploads * 10;
        return fetch(url, isCut ? { ...init, body: new Uint8Array(999) } : init);
      }),
    });
  }
});

describe("a gateway without sessions", () => {
  it("receives whole files and is asked for sessions only once", async () => {
    await using store = await startStore({ platform: "linux" });
    await store.client.uploadFile(storePath, content, inTenChunks);
    await store.client.uploadFile("App/Data/other", someContent(20_000), inTenChunks);
    expect(await store.holds(content)).toBe(true);
    expect(count(store.requests, "? 400")).toBe(1);
    // Two files and their receipts.
    expect(count(store.requests, "UploadFile 200")).toBe(4);
  });

  it("is not asked for sessions if the platform is set", async () => {
    await using store = await startStore({ platform: "linux" });
    const client = createImageStoreClient({ endpoint: store.emulator.endpoint, gatewayPlatform: "linux" });
    await client.uploadFile(storePath, content, { ...inTenChunks, receipt: false });
    expect(store.requests).toEqual([
      "GetImageStoreContent 404",
      "UploadFile 200",
      "GetImageStoreContent 200",
    ]);
  });

  it("receives a source larger than a chunk as a stream with its length", async () => {
    await using store = await startStore({ platform: "linux" });
    const large = someContent(3_000_000);
    const source = {
      size: large.length,
      read: async (range: { startPosition: number; endPosition: number }) =>
        large.subarray(range.startPosition, range.endPosition + 1),
    };
    store.emulator.addFault({ operation: "UploadFile", do: "drop-in-body", afterBytes: 1_000_000 });
    await store.client.uploadFile(storePath, source, inTenChunks);
    expect(await store.holds(large)).toBe(true);
  });
});

describe("two uploads of the same file at once", () => {
  it("share the work: both succeed and together send less than twice the file", async () => {
    await using store = await startStore();
    const other = createImageStoreClient({ endpoint: store.emulator.endpoint });
    let second: Promise<UploadedFile> | undefined;
    const first = await store.client.uploadFile(storePath, content, {
      ...inTenChunks,
      onProgress({ committedBytes }) {
        if (committedBytes === 5000) second ??= other.uploadFile(storePath, content, inTenChunks);
      },
    });
    // In any order, the second finds five chunks.
    expect(first.sentBytes + ((await second)?.sentBytes ?? Number.NaN)).toBeLessThanOrEqual(15_000);
    expect(await store.holds(content)).toBe(true);
  });

  it("continue at different positions once one notices the other", async () => {
    await using store = await startStore();
    const starts: string[] = [];
    const environment = createEnvironment({
      endpoint: store.emulator.endpoint,
      fetch: chunksBy(async (url, init) => {
        const range = new Headers(init.headers).get("content-range") ?? "";
        starts.push(/(\d+)-/.exec(range)?.[1] ?? "");
        const sessionId = new URL(url).searchParams.get("session-id") ?? "";
        if (starts.length === 2) {
          const chunk = content.subarray(1000, 2000);
          const fileSize = content.length;
          await store.client.uploadFileChunk({ storePath, sessionId, fileSize, startPosition: 1000, chunk });
        }
        return fetch(url, init);
      }),
    });
    const { uploadFile } = uploadOperations({ ...environment, random: () => 0.5 }, undefined);
    await uploadFile(storePath, content, inTenChunks);
    expect(starts.slice(0, 4)).toEqual(["0", "1000", "6000", "7000"]);
  });
});

describe("an empty file", () => {
  it("is sent in one request, because an empty session cannot be committed", async () => {
    await using store = await startStore();
    const options = { ...inTenChunks, receipt: false };
    const result = await store.client.uploadFile(storePath, new Uint8Array(0), options);
    expect(store.requests).toEqual([
      "GetImageStoreContent 404",
      "UploadFile 200",
      "GetImageStoreContent 200",
    ]);
    expect(result).toMatchObject({ totalBytes: 0, sessionId: undefined });
  });
});

describe("a file that the listing", () => {
  it("briefly hides while it is replaced is listed again", async () => {
    await using store = await startStore();
    const absent = { do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" } as const;
    store.emulator.addFault({ operation: "GetImageStoreContent", nth: 2, times: 2, ...absent });
    const options = { ...inTenChunks, maxSingleShotSize: 20_000 };
    const { sentBytes } = await store.client.uploadFile(storePath, content, options);
    expect(sentBytes).toBe(10_000);
    expect(count(store.requests, "GetImageStoreContent 404")).toBe(3);
  });

  it("shows with another size causes a VerificationError", async () => {
    await using store = await startStore();
    const client = createImageStoreClient({
      endpoint: store.emulator.endpoint,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        const isCommit = input.includes("/CommitUploadSession");
        if (isCommit) await store.client.putFile({ storePath, content: someContent(9999) });
        return response;
      },
    });
    const error = await rejection(client.uploadFile(storePath, content, inTenChunks));
    expect(isVerificationError(error) && error.differences).toEqual([
      { storePath, kind: "wrong-size", expectedSize: 10_000, actualSize: 9999 },
    ]);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ name: "VerificationError" });
  });

  it("does not show causes a VerificationError, and the session remains", async () => {
    await using store = await startStore();
    const absent = { do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" } as const;
    store.emulator.addFault({ operation: "GetImageStoreContent", times: 1000, ...absent });
    const error = await rejection(store.client.uploadFile(storePath, content, inTenChunks));
    expect(isVerificationError(error) && error.differences).toEqual([
      { storePath, kind: "missing", expectedSize: 10_000 },
    ]);
    expect(count(store.requests, "DeleteImageStoreUploadSession 200")).toBe(0);
  });
});

describe("a permanent failure", () => {
  it.each([
    [{ do: "answer", status: 403, code: "E_ACCESSDENIED" }],
    [{ do: "answer", status: 501, code: "E_NOTIMPL" }],
  ] as const)("ends the upload at once: %j", async (fault) => {
    await using store = await startStore();
    store.emulator.addFault({ operation: "UploadFileChunk", nth: 3, ...fault });
    const error = await rejection(store.client.uploadFile(storePath, content, inTenChunks));
    expect(error).toMatchObject({ name: "UploadError", reason: "refused", committedBytes: 2000 });
    expect(store.requests.filter((request) => request.startsWith("UploadFileChunk"))).toHaveLength(3);
  });

  it("at an address that has never responded ends the upload at once", async () => {
    const store = await startStore();
    await store.emulator.close();
    const client = createImageStoreClient({ endpoint: store.emulator.endpoint });
    const error = await rejection(client.uploadFile(storePath, content));
    expect(error).toMatchObject({ name: "UploadError", cause: { name: "NetworkError" } });
  });
});
