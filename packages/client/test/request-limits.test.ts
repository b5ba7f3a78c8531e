import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { maxAnswerBytes, maxListingBytes } from "../src/http/request.js";
import { noRetry } from "../src/http/retry.js";
import { createTransport } from "../src/http/transport.js";
import { createImageStoreClient, type Fetch, type ImageStoreClient } from "../src/index.js";
import { contentOperations, uploadSessionOperations } from "../src/operations/store-operations.js";
import { fetchForTest, until } from "./node-fetch/servers.js";
import { answering, answeringJson, rejection } from "./server.js";

const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const MiB = 1024 * 1024;

const fetches: [string, () => Fetch][] = [
  ["the platform's fetch", () => (url, init) => fetch(url, init)],
  ["our own", () => fetchForTest()],
];

/** Timers that expire when the test says so. */
function manualClock() {
  const timers = new Map<() => void, number>();
  return {
    now: () => 0,
    setTimer(ms: number, callback: () => void) {
      timers.set(callback, ms);
      return () => void timers.delete(callback);
    },
    /** The durations of the pending timers. */
    pending: () => [...timers.values()],
    runOut() {
      for (const callback of [...timers.keys()]) callback();
    },
  };
}

function operationsAt(endpoint: string, send: Fetch, clock = manualClock()) {
  const http = createTransport({ endpoint, fetch: send }, clock);
  return { ...contentOperations(http, undefined, noRetry), ...uploadSessionOperations(http, noRetry), clock };
}

type Operations = ReturnType<typeof operationsAt>;

describe.each(fetches)("with %s, a request", (_, newFetch) => {
  it.each<[string, number, (operations: Operations) => Promise<unknown>]>([
    ["30 seconds longer than the server's own limit", 90_000, (to) => to.getUploadSession({ sessionId })],
    [
      "longer when the server may",
      130_000,
      (to) => to.deleteContent({ storePath: "a", timeoutSeconds: 100 }),
    ],
    [
      "as long as a slow network takes for its content",
      90_000 + 64_000,
      (to) => to.putFile({ storePath: "a", content: new Uint8Array(MiB) }),
    ],
  ])("has a time limit of %s and leaves no timer behind", async (_name, ms, call) => {
    let pending: readonly number[] = [];
    const clock = manualClock();
    await using server = await answering((response) => {
      pending = clock.pending();
      response.writeHead(200).end();
    });
    await call(operationsAt(server.endpoint, newFetch(), clock)).catch(() => {});
    expect(pending).toEqual([ms]);
    expect(clock.pending()).toEqual([]);
  });

  it("without a response rejects with a TimeoutError", async () => {
    await using server = await answering(() => {});
    const { clock, ...operations } = operationsAt(server.endpoint, newFetch());
    const error = rejection(operations.getUploadSession({ sessionId }));
    await until(() => server.requests.length === 1);
    clock.runOut();
    expect(await error).toMatchObject({
      name: "TimeoutError",
      message: expect.stringMatching(/timed out \(no complete response within 90 seconds\)\.$/),
    });
  });

  it("with an endless response rejects with a TimeoutError and closes its connection", async () => {
    const answers: ServerResponse[] = [];
    await using server = await answering((response) => {
      answers.push(response.on("error", () => {}));
      response.writeHead(200, { "content-type": "application/json" }).write(Buffer.alloc(100_000, " "));
    });
    const { clock, ...operations } = operationsAt(server.endpoint, newFetch());
    const error = rejection(operations.getContentPage());
    await until(() => answers.length === 1);
    // The time limit includes the body.
    await new Promise((turn) => setImmediate(turn));
    clock.runOut();
    expect(await error).toMatchObject({ name: "TimeoutError" });
    await until(() => answers[0]?.closed === true);
  });

  it.each<[string, number, (operations: Operations) => Promise<unknown>]>([
    ["a listing", maxListingBytes, (to) => to.getContentPage({ storePath: "a" })],
    ["a listing of the root", maxListingBytes, (to) => to.getContentPage()],
    ["anything else", maxAnswerBytes, (to) => to.getUploadSession({ sessionId })],
    ["an upload", maxAnswerBytes, (to) => to.putFile({ storePath: "a", content: new Uint8Array(1) })],
  ])(
    "with a response that is too large for %s rejects with a ProtocolError and stops reading",
    async (_name, limit, call) => {
      let sent = 0;
      const answers: ServerResponse[] = [];
      await using server = await answering((response) => {
        answers.push(response);
        const pour = () => {
          while (!response.destroyed && sent < 4 * maxListingBytes) {
            sent += MiB;
            if (!response.write(Buffer.alloc(MiB, " "))) return void response.once("drain", pour);
          }
        };
        response.on("error", () => {}).writeHead(200);
        pour();
      });
      const error = await rejection(call(operationsAt(server.endpoint, newFetch())));
      expect(error).toMatchObject({
        name: "ProtocolError",
        message: expect.stringContaining(`got more than the allowed ${limit} bytes`),
      });
      await until(() => answers[0]?.closed === true);
      expect(sent).toBeLessThan(limit + 32 * MiB);
    },
  );

  it("accepts a response of exactly that size, and a larger error", async () => {
    const json = JSON.stringify({ StoreFiles: [], StoreFolders: [], ContinuationToken: "" });
    await using full = await answering((response) => response.end(json.padEnd(maxListingBytes)));
    expect(await operationsAt(full.endpoint, newFetch()).getContentPage()).toMatchObject({ files: [] });
    await using failing = await answeringJson(503, "x".repeat(3 * MiB));
    const error = await rejection(operationsAt(failing.endpoint, newFetch()).getUploadSession({ sessionId }));
    expect(error).toMatchObject({ name: "FabricError", status: 503 });
  });

  it.each<
    [
      string,
      number,
      object | undefined,
      (client: ImageStoreClient, abortSignal: AbortSignal) => Promise<unknown>,
    ]
  >([
    [
      "getUploadSession",
      204,
      undefined,
      (to, abortSignal) => to.getUploadSession({ sessionId, abortSignal }),
    ],
    ["deleteContent", 200, undefined, (to, abortSignal) => to.deleteContent({ storePath: "a", abortSignal })],
    [
      "putFile",
      200,
      undefined,
      (to, abortSignal) => to.putFile({ storePath: "a", content: new Uint8Array(1), abortSignal }),
    ],
    ["getFolderSize", 503, undefined, (to, abortSignal) => to.getFolderSize({ abortSignal }).catch(() => {})],
    [
      "listContent",
      200,
      { StoreFiles: [], StoreFolders: [], ContinuationToken: "" },
      async (to, abortSignal) => {
        for await (const entry of to.listContent({ abortSignal })) throw new Error(entry.storePath);
      },
    ],
  ])("%s leaves no listener on a signal that 400 of them share", async (_name, status, body, call) => {
    const warnings: unknown[] = [];
    const warn = vi
      .spyOn(process, "emitWarning")
      .mockImplementation((warning) => void warnings.push(warning));
    onTestFinished(() => void warn.mockRestore());
    await using server = await answering((response) =>
      response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body)),
    );
    const retryOptions = { maxRetries: 0 };
    const client = createImageStoreClient({ endpoint: server.endpoint, fetch: newFetch(), retryOptions });
    const { signal } = new AbortController();
    let most = 0;
    for (let i = 0; i < 25; i++) {
      await Promise.all(Array.from({ length: 16 }, () => call(client, signal)));
      most = Math.max(most, getEventListeners(signal, "abort").length);
    }
    expect(server.requests).toHaveLength(400);
    expect(most).toBe(0);
    expect(warnings).toEqual([]);
  });
});

describe("an abortSignal", () => {
  it("that is an AbortController is rejected before anything is sent", async () => {
    await using server = await answeringJson(204, "");
    const abortSignal = new AbortController();
    // @ts-expect-error the controller is not its signal
    const calls = [server.client.getUploadSession({ sessionId, abortSignal })];
    // @ts-expect-error the controller is not its signal
    calls.push(server.client.putFile({ storePath: "a", content: new Uint8Array(1), abortSignal }));
    for (const call of calls) {
      expect(await rejection(call)).toMatchObject({ name: "InvalidInputError", parameter: "abortSignal" });
    }
    expect(server.requests).toEqual([]);
  });
});
