import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BatchReader, RequestBody, readInBatches } from "../src/wire/request-body.js";

const batchBytes = 256 * 1024;
const body = Buffer.alloc(8 * 1024 * 1024 + 7, "0123456789abcdef!");

/** Sends a request to a real server. The server does not respond. */
async function receiveRequest() {
  let received = (_request: IncomingMessage) => {};
  const incoming = new Promise<IncomingMessage>((resolve) => {
    received = resolve;
  });
  const server = createServer((request) => received(request));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const outgoing = request({
    port,
    host: "127.0.0.1",
    method: "PUT",
    headers: { "Content-Length": body.length },
  });
  outgoing.on("error", () => {});
  onTestFinished(() => {
    outgoing.destroy();
    server.close();
  });
  outgoing.flushHeaders();
  return { outgoing, incoming: await incoming };
}

async function rest(batches: BatchReader): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let batch = await batches.next(); batch.length > 0; batch = await batches.next())
    pieces.push(...batch);
  return Buffer.concat(pieces);
}

describe.each([
  ["a request", (incoming: IncomingMessage): AsyncIterable<Uint8Array> => new RequestBody(incoming)],
  ["another stream", (incoming: IncomingMessage): AsyncIterable<Uint8Array> => incoming],
])("the body of %s in batches", (_, streamOf) => {
  it("is complete and in order, and all batches but the last are large", async () => {
    const { outgoing, incoming } = await receiveRequest();
    const batches = readInBatches(streamOf(incoming), () => batchBytes, new AbortController().signal);
    outgoing.end(body);
    const first = Buffer.concat(await batches.next());
    expect(first.length).toBeGreaterThanOrEqual(batchBytes);
    expect(Buffer.concat([first, await rest(batches)]).equals(body)).toBe(true);
    expect(await batches.next()).toEqual([]);
  });

  it("fails if the connection closes before the end", async () => {
    const { outgoing, incoming } = await receiveRequest();
    const batches = readInBatches(streamOf(incoming), () => body.length, new AbortController().signal);
    outgoing.write(body.subarray(0, 1000));
    const next = batches.next();
    outgoing.destroy();
    await expect(next).rejects.toThrow();
  });

  it("fails if the request is destroyed without an error", async () => {
    const { incoming } = await receiveRequest();
    const batches = readInBatches(streamOf(incoming), () => batchBytes, new AbortController().signal);
    const next = batches.next();
    incoming.destroy();
    await expect(next).rejects.toThrow();
  });

  it("fails if the connection closed before reading began", async () => {
    const { outgoing, incoming } = await receiveRequest();
    outgoing.destroy();
    await expect.poll(() => incoming.destroyed).toBe(true);
    const batches = readInBatches(streamOf(incoming), () => batchBytes, new AbortController().signal);
    await expect(batches.next()).rejects.toThrow();
  });

  it("fails with the reason of the signal, although the stream never responds", async () => {
    const { incoming } = await receiveRequest();
    const ending = new AbortController();
    const batches = readInBatches(streamOf(incoming), () => batchBytes, ending.signal);
    const next = batches.next();
    ending.abort(new Error("closing"));
    await expect(next).rejects.toThrow("closing");
    await expect(batches.next()).rejects.toThrow("closing");
    batches.end();
  });
});

describe("the body of a request", () => {
  it("stops the sender after one more batch while nothing reads it", async () => {
    const { outgoing, incoming } = await receiveRequest();
    const batches = readInBatches(new RequestBody(incoming), () => batchBytes, new AbortController().signal);
    outgoing.end(body);
    const first = Buffer.concat(await batches.next());
    await expect.poll(() => incoming.isPaused()).toBe(true);
    const second = Buffer.concat(await batches.next());
    expect(second.length).toBeLessThan(2 * batchBytes);
    expect(Buffer.concat([first, second, await rest(batches)]).equals(body)).toBe(true);
  });

  it("can be skipped after reading a part, so that the connection can be reused", async () => {
    const { outgoing, incoming } = await receiveRequest();
    const batches = readInBatches(new RequestBody(incoming), () => batchBytes, new AbortController().signal);
    outgoing.end(body);
    await batches.next();
    batches.end();
    const ended = new Promise((resolve) => incoming.once("end", resolve));
    incoming.resume();
    await ended;
    expect(incoming.complete).toBe(true);
  });
});
