import { createServer } from "node:http";
import { startEmulator } from "@sf-image-store/emulator";
import { describe, expect, it, onTestFinished } from "vitest";
import { createImageStoreClient, type Fetch } from "../../src/index.js";
import { fetchForTest } from "../node-fetch/servers.js";
import { answering, rejection } from "../server.js";
import { inTenChunks, someContent, storePath } from "../upload/store.js";

const clusterId = "0a1b2c3d-0000-4000-8000-00000000000a";
const content = new Uint8Array(3);
const platform: Fetch = (input, init) => fetch(input, init);

describe("a cluster id", () => {
  it("allows uploads to that cluster, ignoring case", async () => {
    await using emulator = await startEmulator({ clusterId });
    const client = createImageStoreClient({
      endpoint: emulator.endpoint,
      clusterId: clusterId.toUpperCase(),
    });
    await client.uploadFile(storePath, someContent(), inTenChunks);
  });

  it("rejects uploads to another cluster, and the error says so", async () => {
    await using emulator = await startEmulator({ clusterId: "another" });
    const client = createImageStoreClient({ endpoint: emulator.endpoint, clusterId });
    const calls = [
      client.putFile({ storePath, content }),
      client.deleteContent({ storePath }),
      client.uploadFile(storePath, someContent(), inTenChunks),
    ];
    const [put, deletion, upload] = await Promise.all(calls.map(rejection));
    const advice = expect.stringContaining(`is not the cluster that clusterId names (${clusterId}).`);
    const expected = { name: "FabricError", status: 403, code: "E_ACCESSDENIED", message: advice };
    expect(put).toMatchObject(expected);
    expect(deletion).toMatchObject(expected);
    expect(upload).toMatchObject({ reason: "refused", message: advice });
  });

  it.each<[string, () => Fetch]>([
    ["the platform's fetch", () => platform],
    ["our own", () => fetchForTest()],
  ])("is sent with the header name that gateways expect, with %s", async (_, newFetch) => {
    const names: string[] = [];
    const server = createServer((request, response) => {
      names.push(...request.rawHeaders.filter((_, index) => index % 2 === 0));
      request.resume();
      response.end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const client = createImageStoreClient({ endpoint, clusterId, fetch: newFetch() });
    await client.putFile({ storePath, content });
    await client.deleteContent({ storePath });
    expect(names.filter((name) => name.toLowerCase() === "clusterid")).toEqual(["ClusterId", "ClusterId"]);
    expect(names.filter((name) => name === "X-ServiceFabricRequestId")).toHaveLength(2);
  });

  it.each(["", " ", " a", "a ", "a\r\nb: c", "é", 5])(
    "is rejected if it is not a valid header value: %j",
    (id) => {
      // @ts-expect-error one of them is a number
      expect(() => createImageStoreClient({ endpoint: "http://localhost", clusterId: id })).toThrow(
        expect.objectContaining({ parameter: "clusterId" }),
      );
    },
  );

  it("is rejected together with a header of that name", () => {
    const headers = { clusterid: "other" };
    expect(() => createImageStoreClient({ endpoint: "http://localhost", clusterId, headers })).toThrow(
      expect.objectContaining({ parameter: "headers" }),
    );
  });
});

describe("the caller's headers and a path prefix", () => {
  it("are part of every request, including uploads", async () => {
    await using server = await answering((response) => response.writeHead(200).end());
    const client = createImageStoreClient({
      endpoint: `${server.endpoint}/cluster-1/`,
      headers: { "X-Gateway-Key": "k" },
    });
    await client.putFile({ storePath, content });
    await client.uploadFileChunk({
      ...{ storePath, sessionId: clusterId, startPosition: 0, fileSize: 3 },
      chunk: content,
    });
    await client.copyContent({ source: "a", destination: "b" });
    expect(server.requests.map(({ url }) => url.split("?")[0])).toEqual([
      `/cluster-1/ImageStore/${storePath}`,
      `/cluster-1/ImageStore/${storePath}/$/UploadChunk`,
      "/cluster-1/ImageStore/$/Copy",
    ]);
    expect(server.requests.map(({ headers }) => headers["x-gateway-key"])).toEqual(["k", "k", "k"]);
  });
});
