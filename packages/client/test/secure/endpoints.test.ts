import { certify } from "@sf-image-store/testing/certificates";
import { describe, expect, it } from "vitest";
import { type ByteRange, createImageStoreClient, EndpointsError, type Fetch } from "../../src/index.js";
import { createNodeFetch } from "../../src/node/index.js";
import { echo, fetchForTest, httpsServer, tcpServer } from "../node-fetch/servers.js";
import { type AnsweringServer, answering, rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "../upload/store.js";
import { deadEndpoint, forwardTo } from "./forwarder.js";

const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const platform: Fetch = (input, init) => fetch(input, init);
const answeringAsGateway = () => answering((response) => response.writeHead(204).end());
const willing = () => answering((response) => response.writeHead(200).end());
/** Accepts requests and breaks the connection instead of responding. */
const breaking = () => answering((response) => void response.socket?.resetAndDestroy());

function methodsOf({ requests }: AnsweringServer): string[] {
  return requests.map(({ method }) => method);
}

describe.each<[string, () => Fetch]>([
  ["the platform's fetch", () => platform],
  ["our own", () => fetchForTest()],
])("with several endpoints and %s,", (_, newFetch) => {
  const clientOf = (...endpoint: string[]) => createImageStoreClient({ endpoint, fetch: newFetch() });

  it("any request fails over if no server listens, and later requests start at the working endpoint", async () => {
    await using live = await willing();
    const client = clientOf(await deadEndpoint(), live.endpoint);
    await client.putFile({ storePath, content: new Uint8Array(100_000) });
    await client.copyContent({ source: "a", destination: "b" });
    await client.deleteContent({ storePath });
    expect(methodsOf(live)).toEqual(["PUT", "POST", "DELETE"]);
  });

  it("a request starts at the endpoint that responded last", async () => {
    await using first = await answeringAsGateway();
    await using second = await answeringAsGateway();
    const client = clientOf(await deadEndpoint(), first.endpoint, second.endpoint);
    for (let i = 0; i < 3; i++) await client.getUploadSession({ sessionId });
    expect([first.requests.length, second.requests.length]).toEqual([3, 0]);
  });

  it("a GET that may have arrived fails over", async () => {
    await using broken = await breaking();
    await using live = await answeringAsGateway();
    expect(await clientOf(broken.endpoint, live.endpoint).getUploadSession({ sessionId })).toBeUndefined();
    expect([methodsOf(broken), methodsOf(live)]).toEqual([["GET"], ["GET"]]);
  });

  it("a write that may have arrived does not fail over; the next GET does", async () => {
    await using broken = await breaking();
    await using live = await answeringAsGateway();
    const client = clientOf(broken.endpoint, live.endpoint);
    const error = await rejection(client.commitUploadSession({ sessionId }));
    expect(error).toMatchObject({ name: "NetworkError", request: expect.stringContaining(broken.endpoint) });
    expect(live.requests).toEqual([]);
    await client.getUploadSession({ sessionId });
    expect([methodsOf(broken), methodsOf(live)]).toEqual([["POST"], ["GET"]]);
  });

  it("an error response is final and names its endpoint", async () => {
    await using busy = await answering((response) => response.writeHead(503).end());
    await using other = await answeringAsGateway();
    const client = clientOf(await deadEndpoint(), busy.endpoint, other.endpoint);
    expect(await rejection(client.getUploadSession({ sessionId }))).toMatchObject({
      name: "FabricError",
      status: 503,
      request: expect.stringContaining(`GET ${busy.endpoint}/`),
    });
    expect(other.requests).toEqual([]);
  });

  it("the error names all endpoints if none can be reached", async () => {
    const dead = [await deadEndpoint(), await deadEndpoint()];
    const error = await rejection(clientOf(...dead).putFile({ storePath, content: new Uint8Array(1) }));
    expect(error).toMatchObject({
      name: "NetworkError",
      code: "ECONNREFUSED",
      cause: {
        name: "EndpointsError",
        endpoints: dead,
        errors: [{ name: "TypeError" }, { name: "TypeError" }],
      },
    });
    for (const endpoint of dead) {
      expect(error).toMatchObject({
        message: expect.stringContaining(`${endpoint} (connect ECONNREFUSED`),
      });
    }
  });

  it("an abort ends the request without failing over", async () => {
    await using silent = await answering(() => {});
    await using other = await answeringAsGateway();
    const client = clientOf(silent.endpoint, other.endpoint);
    const abortSignal = AbortSignal.timeout(100);
    expect(await rejection(client.getUploadSession({ sessionId, abortSignal }))).toMatchObject({
      name: "TimeoutError",
    });
    expect(other.requests).toEqual([]);
    // Requests do not start at an endpoint that timed out.
    expect(await client.getUploadSession({ sessionId })).toBeUndefined();
  });

  it("each may have a path prefix", async () => {
    await using live = await answeringAsGateway();
    const client = clientOf(`${await deadEndpoint()}/a`, `${live.endpoint}/b/c/`);
    await client.getUploadSession({ sessionId });
    await rejection(client.putFile({ storePath, content: new Uint8Array(1) }));
    expect(live.requests.map(({ url }) => url.split("?")[0])).toEqual([
      "/b/c/ImageStore/$/GetUploadSession",
      `/b/c/ImageStore/${storePath}`,
    ]);
  });

  it("an upload continues at another endpoint and sends only requests in progress again", async () => {
    await using store = await startStore();
    await using first = await forwardTo(store.emulator.endpoint);
    await using second = await forwardTo(store.emulator.endpoint);
    const content = someContent(100_000);
    const { sentBytes } = await clientOf(first.endpoint, second.endpoint).uploadFile(storePath, content, {
      ...inTenChunks,
      concurrency: 2,
      onProgress: ({ committedBytes }) => {
        if (committedBytes >= 50_000) first.cut();
      },
    });
    expect(await store.holds(content)).toBe(true);
    expect(first.forwardedBytes()).toBeGreaterThan(50_000);
    expect(second.forwardedBytes()).toBeGreaterThan(40_000);
    expect(sentBytes - content.length).toBeLessThanOrEqual(2000);
  });

  it("a stream is created again for the next endpoint", async () => {
    await using store = await startStore({ platform: "linux" });
    const client = createImageStoreClient({
      endpoint: [await deadEndpoint(), store.emulator.endpoint],
      fetch: newFetch(),
      gatewayPlatform: "linux",
    });
    const content = someContent(50_000);
    const source = {
      size: content.length,
      read: async ({ startPosition, endPosition }: ByteRange) =>
        content.slice(startPosition, endPosition + 1),
    };
    await client.uploadFile(storePath, source, { ...inTenChunks, chunkSize: 10_000 });
    expect(await store.holds(content)).toBe(true);
  });
});

describe("endpoints over TLS", () => {
  const authority = certify("Test authority", undefined, { isAuthority: true });
  const trusted = certify("cluster", authority);
  const ca = authority.cert;
  const calling = (fetch: Fetch, ...endpoint: string[]) =>
    createImageStoreClient({ endpoint, fetch }).deleteContent({ storePath });

  it("fail over if the handshake fails or the certificate is wrong", async () => {
    const wrong = await httpsServer(certify("cluster"), echo);
    const hangingUp = await tcpServer((socket) => socket.end());
    const silent = await tcpServer((socket) => void socket.resume());
    const right = await httpsServer(trusted, (_, response) => void response.end());
    const fetch = fetchForTest({ ca, connectTimeoutMs: 100 });
    const ports = [hangingUp, silent].map(({ port }) => `https://127.0.0.1:${port}`);
    await calling(fetch, wrong.url, ...ports, right.url);
  });

  it("with the wrong certificate are named with the reason if none is left", async () => {
    const wrong = await httpsServer(certify("cluster"), echo);
    const dead = await deadEndpoint("https");
    const error = await rejection(calling(fetchForTest({ ca }), wrong.url, dead));
    expect(error).toMatchObject({
      name: "NetworkError",
      // The transient failure decides whether to retry.
      code: "ECONNREFUSED",
      message: expect.stringMatching(/The certificate of .* was rejected.*connect ECONNREFUSED/),
      cause: expect.any(EndpointsError),
    });
    expect(await rejection(calling(fetchForTest({ ca }), wrong.url, `${wrong.url}/other`))).toMatchObject({
      code: "ERR_SERVER_CERTIFICATE",
    });
  });
});

describe("an invalid list of endpoints is rejected", () => {
  it.each<[string, string[], string]>([
    ["an empty one", [], "must not be empty"],
    ["http beside https", ["https://a.example", "http://b.example"], "must not mix"],
    ["one bad one", ["https://a.example", "b.example"], "must be a URL"],
    ["a password", ["https://a.example", "https://u:secret@b.example"], "must not contain a user name"],
  ])("%s", (_, endpoint, message) => {
    const make = () => createImageStoreClient({ endpoint });
    expect(make).toThrow(
      expect.objectContaining({ parameter: "endpoint", message: expect.stringContaining(message) }),
    );
    expect(make).not.toThrow("secret");
  });

  it("accepts duplicates as one endpoint", async () => {
    const dead = await deadEndpoint();
    const client = createImageStoreClient({ endpoint: [dead, `${dead}/`], fetch: createNodeFetch() });
    const error = await rejection(client.deleteContent({ storePath }));
    expect(error).toMatchObject({ name: "NetworkError", cause: { name: "TypeError" } });
  });
});
