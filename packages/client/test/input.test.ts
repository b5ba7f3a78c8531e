import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createImageStoreClient,
  InvalidInputError,
  isInvalidInputError,
  type UploadFileChunkOptions,
} from "../src/index.js";
import { createImageStoreClient as createNodeClient } from "../src/node/index.js";
import { type AnsweringServer, answering } from "./server.js";

let server: AnsweringServer;
beforeAll(async () => {
  server = await answering((response) => response.writeHead(204).end());
});
afterAll(() => server[Symbol.asyncDispose]());

const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const upload: UploadFileChunkOptions = {
  storePath: "App/a.bin",
  sessionId,
  startPosition: 0,
  fileSize: 10,
  chunk: new Uint8Array(10),
};

async function expectRefusal(call: Promise<unknown>, parameter: string, message: string): Promise<void> {
  const before = server.requests.length;
  const error: unknown = await call.catch((error: unknown) => error);
  expect(isInvalidInputError(error)).toBe(true);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error).toMatchObject({ parameter, message: expect.stringContaining(message) });
  expect(server.requests.length).toBe(before);
}

describe("invalid input is rejected and nothing is sent", () => {
  it.each([
    ["", 'must be a GUID: 32 hexadecimal digits, grouped 8-4-4-4-12, got ""'],
    ["not-a-guid", 'got "not-a-guid"'],
    [`{${sessionId}}`, "must be a GUID"],
    [sessionId.replaceAll("-", ""), "must be a GUID"],
    [`${sessionId}\n`, "must be a GUID"],
  ])("session id %j", (id, message) =>
    expectRefusal(server.client.getUploadSession({ sessionId: id }), "sessionId", message),
  );

  it.each([0, -1, 1.5, 4294967296, Number.NaN, Number.POSITIVE_INFINITY])(
    "timeout of %d seconds",
    (timeoutSeconds) =>
      expectRefusal(
        server.client.getUploadSession({ sessionId, timeoutSeconds }),
        "timeoutSeconds",
        `must be a whole number from 1 to 4294967295, got ${timeoutSeconds}`,
      ),
  );

  it("a missing session id, from JavaScript", () =>
    // @ts-expect-error sessionId is required
    expectRefusal(server.client.getUploadSession({}), "sessionId", "is required"));

  it.each([
    ["", "must not be empty"],
    ["/App/a", "names joined by single slashes"],
    ["App//a", "names joined by single slashes"],
    ["App/a/", "names joined by single slashes"],
    ["App/../a", "must not contain . or .."],
    ["App\\..\\a", "must not contain . or .."],
    ["App/$/UploadChunk", "the reserved name $"],
    ["App/100%41.bin", "set the client's gatewayPlatform"],
    ["App/a#b.bin", "set the client's gatewayPlatform"],
    [" App/a", "must not begin or end with whitespace"],
    ["App/a ", "must not begin or end with whitespace"],
    ["App/a\u0000b", "control characters"],
    ["App/a\nb", "control characters"],
    ["App/a\u0085b", "control characters"],
    ["App/\ud800", "valid Unicode"],
  ])("store path %j", (storePath, message) =>
    expectRefusal(server.client.uploadFileChunk({ ...upload, storePath }), "storePath", message),
  );

  it.each<[string, Partial<UploadFileChunkOptions>, string, string]>([
    ["an empty chunk", { chunk: new Uint8Array(0) }, "chunk", "must not be empty"],
    ["a chunk behind the file", { startPosition: 1 }, "chunk", "bytes 1 to 10 of a file of 10 bytes"],
    ["a start that is no number", { startPosition: Number.NaN }, "startPosition", "whole number"],
    ["a negative start", { startPosition: -1 }, "startPosition", "whole number"],
    ["a file without bytes", { fileSize: 0 }, "fileSize", "above zero"],
  ])("%s", (_, change, parameter, message) =>
    expectRefusal(server.client.uploadFileChunk({ ...upload, ...change }), parameter, message),
  );

  it.each([
    ["localhost:19080", "must start with http:// or https://, not with localhost:"],
    ["cluster", "must be a URL such as http://localhost:19080"],
    ["http://user:secret@:19080", "must be a URL such as http://localhost:19080"],
    ["http://user:secret@cluster:19080", "must not contain a user name or password"],
    ["ftp://user:secret@cluster", "must start with http:// or https://, not with ftp:"],
    ["http://cluster:19080?x=1", "must not contain a query"],
  ])("endpoint %s", (endpoint, message) => {
    expect(() => createImageStoreClient({ endpoint })).toThrow(message);
    expect(() => createImageStoreClient({ endpoint })).not.toThrow("secret");
  });
});

describe("a caller in JavaScript", () => {
  it("gets an error that names the wrong option", async () => {
    for (const untyped of ['"text"', "null", "[1,2]"]) {
      const chunk = JSON.parse(untyped);
      await expectRefusal(
        server.client.uploadFileChunk({ ...upload, chunk }),
        "chunk",
        "a Uint8Array or a Blob",
      );
    }
    for (const storePath of [undefined, null, 5]) {
      // @ts-expect-error: the path is no text
      await expectRefusal(server.client.deleteContent({ storePath }), "storePath", "");
      // @ts-expect-error: the path is no text
      await expectRefusal(server.client.uploadFileChunk({ ...upload, storePath }), "storePath", "");
    }
    const headers = { "bad name": "secret" };
    expect(() => createImageStoreClient({ endpoint: server.endpoint, headers })).toThrow(
      'cannot be sent: "bad name"',
    );
    expect(() => createImageStoreClient({ endpoint: server.endpoint, headers })).not.toThrow("secret");
  });
});

describe("client options of the wrong type", () => {
  it.each([
    ["endpoint", { endpoint: undefined }],
    ["endpoint", { endpoint: null }],
    ["endpoint", { endpoint: 19080 }],
    ["endpoint", "http://localhost:19080"],
    ["fetch", { fetch: "node-fetch" }],
    ["headers", { headers: "Authorization: secret" }],
    ["headers", { headers: new Headers({ Authorization: "secret" }) }],
    ["gatewayPlatform", { gatewayPlatform: "Windows" }],
  ])("are rejected by name: %s, of %j", (parameter, wrong) => {
    const options = typeof wrong === "string" ? wrong : { endpoint: server.endpoint, ...wrong };
    for (const create of [createImageStoreClient, createNodeClient]) {
      // @ts-expect-error: callers without types
      const make = () => create(options);
      expect(make).toThrow(expect.objectContaining({ name: "InvalidInputError", parameter }));
      expect(make).not.toThrow("secret");
    }
  });
});

describe("valid input is sent as the API requires", () => {
  it("with version, id and timeout in the query, at both ends of the range", async () => {
    for (const timeoutSeconds of [1, 4294967295])
      await server.client.getUploadSession({ sessionId, timeoutSeconds });
    expect(server.requests.slice(-2).map(({ url }) => url)).toEqual([
      `/ImageStore/$/GetUploadSession?api-version=6.0&timeout=1&session-id=${sessionId}`,
      `/ImageStore/$/GetUploadSession?api-version=6.0&timeout=4294967295&session-id=${sessionId}`,
    ]);
  });

  it("with the path prefix of the endpoint, the caller's headers and a request id", async () => {
    const endpoint = `${server.endpoint}/cluster1/`;
    await createImageStoreClient({ endpoint, headers: { ClusterId: "c1" } }).getUploadSession({ sessionId });
    expect(server.requests.at(-1)).toMatchObject({
      url: expect.stringMatching(/^\/cluster1\/ImageStore\/\$\/GetUploadSession\?/),
      headers: { clusterid: "c1", "x-servicefabricrequestid": expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });
});
