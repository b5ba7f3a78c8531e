import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import type { UploadProgress } from "../../src/index.js";
import { Connection } from "../../src/node/fetch/connections.js";
import { sendRequest } from "../../src/node/fetch/send-request.js";
import { createImageStoreClient } from "../../src/node/index.js";
import { rejection } from "../server.js";
import { tcpServer } from "./servers.js";

const MiB = 1024 * 1024;
/** More than the system's socket buffers hold. */
const content = new Uint8Array(32 * MiB);
const options = { maxSingleShotSize: content.byteLength, chunkSize: content.byteLength, verify: false };

/** A server that reads bodies only on request. */
async function lazyServer() {
  let read = () => {};
  const told = new Promise<void>((resolve) => {
    read = resolve;
  });
  const server = createServer((request, response) => {
    if (request.method !== "PUT") return void response.writeHead(404).end();
    void told.then(() => request.resume());
    request.once("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.closeAllConnections());
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { client: createImageStoreClient({ endpoint: `http://127.0.0.1:${address.port}` }), read };
}

const sources: readonly (readonly [string, () => Uint8Array | Blob])[] = [
  ["bytes", () => content],
  ["a stream", () => new Blob([content])],
];

it.each(sources)("reports the sent bytes of %s while the server does not read", async (_, source) => {
  const { client, read } = await lazyServer();
  const steps: UploadProgress[] = [];
  const onProgress = (step: UploadProgress) => {
    steps.push(step);
    if (step.sendingBytes > 0) read();
  };
  await client.uploadFile("a", source(), { ...options, onProgress });
  const unread = steps.filter(({ sendingBytes }) => sendingBytes > 0);
  // In pieces, and never more than the total.
  expect(unread.length).toBeGreaterThan(10);
  expect(unread.every(({ committedBytes }) => committedBytes === 0)).toBe(true);
  expect(Math.max(...unread.map(({ sendingBytes }) => sendingBytes))).toBe(content.byteLength);
  expect(steps.at(-1)).toMatchObject({ sendingBytes: 0, committedBytes: content.byteLength });
  expect(steps.at(-1)?.file).toMatchObject({ sendingBytes: 0, phase: "done" });
});

it("reports only sent bytes while the rest waits, and nothing after a failure", async () => {
  const { client } = await lazyServer();
  const stop = new AbortController();
  let last: UploadProgress | undefined;
  const onProgress = (step: UploadProgress) => {
    last = step;
    if (step.sendingBytes > 0) stop.abort();
  };
  const upload = client.uploadFile("a", content, { ...options, onProgress, abortSignal: stop.signal });
  expect(await rejection(upload)).toMatchObject({ reason: "aborted", totals: { sendingBytes: 0 } });
  expect(last).toMatchObject({ sendingBytes: 0, committedBytes: 0 });
});

it("works for single operations, and a callback that throws ends the request", async () => {
  const { client, read } = await lazyServer();
  let sent = 0;
  const onSent = (bytes: number) => {
    sent += bytes;
    read();
  };
  await client.putFile({ storePath: "a", content, onSent });
  expect(sent).toBe(content.byteLength);
  const broken = () => {
    throw new Error("the bar broke");
  };
  const failed = client.putFile({ storePath: "a", content, onSent: broken });
  expect(String(await rejection(failed))).toContain("the bar broke");
});

it("reports nothing after the request has ended", async () => {
  const { port } = await tcpServer(() => {});
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let told = 0;
  const sender = {
    connection: new Connection(socket, false),
    get isOver() {
      return socket.destroyed;
    },
    onBodySent: () => void told++,
    onWritten: () => {},
    onSent: () => void told++,
    destroy: () => {},
  };
  sendRequest(sender, "", { bytes: content.subarray(0, 9), length: 9, contentType: undefined });
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
  expect(told).toBe(0);
});
