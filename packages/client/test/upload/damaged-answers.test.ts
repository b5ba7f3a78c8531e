import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createImageStoreClient, type Fetch } from "../../src/index.js";
import { fetchForTest, tcpServer } from "../node-fetch/servers.js";
import { rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "./store.js";

const content = someContent();

const damages = [
  ["broken chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n"],
  ["what is no HTTP", "\u0001\u0002\u0003 garbage\r\n\r\n"],
] as const;

/** A proxy that replaces the response to one request, counted from 1. */
async function damaging(endpoint: string, nth: number, answer: string): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  let requests = 0;
  const { url } = await tcpServer((incoming: Socket) => {
    const outgoing = connect(Number(port), hostname);
    outgoing.on("error", () => {});
    let isDamaged = false;
    incoming.on("data", (data) => {
      if (/^(GET|PUT|POST|DELETE) /.test(data.toString("latin1", 0, 10)) && ++requests === nth)
        isDamaged = true;
      outgoing.write(data);
    });
    outgoing.on("data", (data) => void incoming.write(isDamaged ? answer : data));
    incoming.on("close", () => outgoing.destroy());
    outgoing.on("close", () => incoming.destroy());
  });
  return url;
}

describe.each<[string, () => Fetch]>([
  ["our own fetch", () => fetchForTest()],
  ["the platform's", () => (url, init) => fetch(url, init)],
])("with %s, a response that is not valid HTTP", (_, newFetch) => {
  it.each(damages)("does not end an upload in progress: %s", async (_name, answer) => {
    await using store = await startStore();
    const endpoint = await damaging(store.emulator.endpoint, 6, answer);
    const client = createImageStoreClient({ endpoint, fetch: newFetch() });
    const { totalBytes } = await client.uploadFile(storePath, content, inTenChunks);
    expect(totalBytes).toBe(content.length);
    expect(await store.holds(content)).toBe(true);
  });

  it.each(damages)(
    "suggests a wrong endpoint only if it is the first response: %s",
    async (_name, answer) => {
      await using store = await startStore();
      const first = createImageStoreClient({
        endpoint: await damaging(store.emulator.endpoint, 1, answer),
        fetch: newFetch(),
        retryOptions: { maxRetries: 0 },
      });
      expect(await rejection(first.getImageStoreInfo())).toMatchObject({
        message: expect.stringContaining("should the endpoint start with https://?"),
      });
      const endpoint = await damaging(store.emulator.endpoint, 2, answer);
      const retryOptions = { maxRetries: 0 };
      const second = createImageStoreClient({ endpoint, fetch: newFetch(), retryOptions });
      await second.getImageStoreInfo();
      expect(await rejection(second.getImageStoreInfo())).toMatchObject({
        name: "NetworkError",
        code: expect.stringMatching(/^HPE_/),
        message: expect.not.stringContaining("https://?"),
      });
    },
  );

  it("ends an upload without a retry if it is the first response", async () => {
    await using store = await startStore();
    const endpoint = await damaging(store.emulator.endpoint, 1, damages[2][1]);
    const client = createImageStoreClient({ endpoint, fetch: newFetch() });
    expect(await rejection(client.uploadFile(storePath, content, inTenChunks))).toMatchObject({
      name: "UploadError",
      reason: "refused",
      message: expect.stringContaining("does not speak HTTP: should the endpoint start with https://?"),
    });
    expect(store.requests.length).toBeLessThanOrEqual(1);
  });
});
