import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { createEnvironment } from "../../src/client.js";
import { createTransport } from "../../src/http/transport.js";
import type { RetryOptions } from "../../src/index.js";
import { uploadOperations } from "../../src/upload/uploads.js";
import { answering, rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "./store.js";

/** Uploads a small file with a clock that does not wait. Returns the delays in milliseconds. */
async function waitsOf(
  endpoint: string,
  options: { retryOptions?: RetryOptions; isImpatient?: boolean } = {},
) {
  const { retryOptions = {}, isImpatient = false } = options;
  const waits: number[] = [];
  const clock = {
    now: () => 0,
    setTimer(ms: number, callback: () => void) {
      // Limits of single requests run in their own time, unless they are what it is about.
      const isLimit = ms >= 90_000 && ms < 100_000;
      if (!isLimit) waits.push(ms);
      const limit = isImpatient ? 50 : ms;
      const timer = setTimeout(callback, isLimit ? limit : 0);
      return () => clearTimeout(timer);
    },
  };
  const http = createTransport({ endpoint }, clock);
  const environment = { ...createEnvironment({ endpoint }, http), random: () => 0.5, clock };
  const { uploadFile } = uploadOperations(environment, undefined);
  const outcome = await rejection(uploadFile(storePath, someContent(100), { retryOptions })).catch(
    () => "done",
  );
  return { waits, outcome };
}

function unavailable(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(503, headers);
  response.end('{"Error":{"Code":"E_ABORT","Message":"Null"}}');
}

describe("the delays between retries", () => {
  it("are random below a limit that doubles up to a maximum", async () => {
    await using server = await answering((response) => unavailable(response));
    const { waits } = await waitsOf(server.endpoint);
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
  });

  it("are set by the caller", async () => {
    await using server = await answering((response) => unavailable(response));
    const retryOptions = { maxRetries: 3, retryDelayMs: 10, maxRetryDelayMs: 20 };
    const { waits, outcome } = await waitsOf(server.endpoint, { retryOptions });
    expect(waits).toEqual([5, 10, 10]);
    expect(outcome).toMatchObject({ name: "UploadError", reason: "no-progress", cause: { code: "E_ABORT" } });
    expect(server.requests).toHaveLength(4);
  });

  it("honor Retry-After in seconds or as a date, up to 15 minutes", async () => {
    const headers = ["7", new Date(Date.now() + 600_000).toUTCString(), "86400"];
    await using server = await answering((response) =>
      unavailable(response, { "Retry-After": headers.shift() ?? "0" }),
    );
    const { waits } = await waitsOf(server.endpoint, { retryOptions: { maxRetries: 3 } });
    expect(waits[0]).toBe(7000);
    expect(waits[1]).toBeGreaterThan(500_000);
    expect(waits[2]).toBe(900_000);
  });

  it("interpret a date by the server's clock", async () => {
    const ahead = Date.now() + 3_600_000;
    const date = (ms: number) => new Date(ms).toUTCString();
    await using server = await answering((response) =>
      unavailable(response, { Date: date(ahead), "Retry-After": date(ahead + 7000) }),
    );
    const { waits } = await waitsOf(server.endpoint, { retryOptions: { maxRetries: 1 } });
    expect(waits).toEqual([7000]);
  });

  it("start again when only the verification is left", async () => {
    await using store = await startStore();
    const unavailable = { do: "answer", status: 503, code: "E_ABORT" } as const;
    store.emulator.addFault({ operation: "CommitImageStoreUploadSession", times: 3, ...unavailable });
    store.emulator.addFault({ operation: "GetImageStoreContent", nth: 2, times: 3, ...unavailable });
    await store.client.uploadFile(storePath, someContent(), inTenChunks);
  });

  it("start again after progress", async () => {
    await using store = await startStore();
    // Every third request fails, far more often than maxRetries allows without progress.
    let number = 0;
    const environment = createEnvironment({
      endpoint: store.emulator.endpoint,
      fetch: (input, init) => {
        number += 1;
        return number % 3 === 0 ? Promise.reject(new TypeError("fetch failed")) : fetch(input, init);
      },
    });
    const { uploadFile } = uploadOperations(environment, undefined);
    const retryOptions = { maxRetries: 2, retryDelayMs: 1 };
    const options = { maxSingleShotSize: 0, chunkSize: 100, concurrency: 1, retryOptions };
    await uploadFile(storePath, someContent(), options);
    expect(await store.holds(someContent())).toBe(true);
  });
});

describe("a request without a response", () => {
  it("times out and is retried", async () => {
    await using server = await answering(() => {});
    const { outcome } = await waitsOf(server.endpoint, {
      isImpatient: true,
      retryOptions: { maxRetries: 2 },
    });
    expect(outcome).toMatchObject({ name: "UploadError", cause: { name: "TimeoutError" } });
    expect(server.requests).toHaveLength(3);
  });
});

describe("the server's own time limit", () => {
  it("grows with the file size: a commit of 2 GB gets more than the default minute", async () => {
    const seconds: number[] = [];
    const size = 2 * 2 ** 30;
    await using server = await answering((response, { method, url = "" }) => {
      const { pathname, searchParams } = new URL(url, "http://localhost");
      seconds.push(Number(searchParams.get("timeout")));
      const isQuestion = method === "GET" && pathname.endsWith("GetUploadSession");
      response.writeHead(isQuestion ? 200 : pathname.endsWith("Commit") ? 501 : 404);
      const session = {
        StoreRelativePath: storePath,
        SessionId: searchParams.get("session-id"),
        FileSize: String(size),
        ModifiedDate: "2026-01-01T00:00:00.000Z",
        ExpectedRanges: [],
      };
      response.end(isQuestion ? JSON.stringify({ UploadSessions: [session] }) : "");
    });
    const source = { size, read: async () => new Uint8Array(0), assertUnchanged: async () => {} };
    const sessionId = crypto.randomUUID();
    await rejection(
      server.client.uploadFile(storePath, source, { sessionId, retryOptions: { maxRetries: 0 } }),
    );
    expect(server.requests.map((request) => request.method)).toContain("POST");
    expect(Math.max(...seconds)).toBe(60 + 512);
  });
});
