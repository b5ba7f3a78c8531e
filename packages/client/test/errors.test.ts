import { describe, expect, it } from "vitest";
import {
  createImageStoreClient,
  type ImageStoreClient,
  isAbortError,
  isFabricError,
  isNetworkError,
  isProtocolError,
  isTimeoutError,
  isUploadError,
  UploadError,
  type UploadFailure,
} from "../src/index.js";
import { answering, answeringJson, rejection } from "./server.js";

const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const session = {
  StoreRelativePath: "App\\a.bin",
  SessionId: sessionId,
  FileSize: "2097152",
  ModifiedDate: "2017-09-28T17:06:37.26Z",
  ExpectedRanges: [{ StartPosition: "0", EndPosition: "2097151" }],
};

const state = {
  storePath: "App/a.bin",
  sessionId,
  committedBytes: 1,
  totalBytes: 2,
  totals: {
    totalBytes: 2,
    sendingBytes: 0,
    sentBytes: 1,
    committedBytes: 1,
    resumedBytes: 0,
    copiedBytes: 0,
    files: { total: 1, committed: 0 },
  },
};

function withRanges(...ranges: [string, string][]) {
  const ExpectedRanges = ranges.map(([StartPosition, EndPosition]) => ({ StartPosition, EndPosition }));
  return { UploadSessions: [{ ...session, ExpectedRanges }] };
}

describe("an error response", () => {
  it("recognizes a rejected client certificate by the reason phrase", async () => {
    await using server = await answering((response) => {
      response.writeHead(403, "Client certificate required").end();
    });
    const error = await rejection(server.client.getUploadSession({ sessionId }));
    expect(error).toMatchObject({
      name: "FabricError",
      code: undefined,
      message: expect.stringMatching(
        /failed with 403, Client certificate required\. The server requires a client certificate that it trusts\.$/,
      ),
    });
  });

  it.each<[string, number, string, object]>([
    [
      "has code and text",
      403,
      '{"Error":{"Code":"E_ACCESSDENIED","Message":"No."}}',
      { code: "E_ACCESSDENIED" },
    ],
    ["has an undocumented code", 500, '{"Error":{"Code":"NEW","Message":"Null"}}', { code: "NEW" }],
    [
      "has no body",
      404,
      "",
      { code: undefined, message: expect.stringContaining("failed with 404, no error text.") },
    ],
    [
      "comes from a proxy",
      502,
      "<h1>Bad\nGateway</h1>",
      { message: expect.stringContaining("<h1>Bad Gateway</h1>") },
    ],
    ["is JSON of another kind", 400, '{"error":"x"}', { code: undefined }],
    ["is JSON null", 400, "null", { code: undefined }],
  ])("%s", async (_, status, body, expected) => {
    await using server = await answeringJson(status, body);
    const error = await rejection(server.client.getUploadSession({ sessionId }));
    expect(isFabricError(error)).toBe(true);
    expect(error).toMatchObject({
      name: "FabricError",
      status,
      operationId: "GetImageStoreUploadSessionById",
      request: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/ImageStore\/\$\/GetUploadSession\?/),
      requestId: server.requests[0]?.headers["x-servicefabricrequestid"],
      ...expected,
    });
  });

  it("leaves out the text Null, which means no text", async () => {
    await using server = await answeringJson(404, { Error: { Code: "NotFound", Message: "Null" } });
    const error = await rejection(server.client.deleteUploadSession({ sessionId }));
    expect(error).toMatchObject({ message: expect.stringMatching(/failed with 404, NotFound\.$/) });
  });
});

describe("a success that does not match the API is a ProtocolError", () => {
  it.each<[string, number, unknown, string]>([
    ["an empty body", 200, "", "its response is empty"],
    ["no JSON", 200, "<html>", "its response is not JSON"],
    ["JSON null", 200, "null", "its response is empty"],
    ["another object", 200, {}, "UploadSessions should be a list of objects, got nothing"],
    ["an undocumented status", 202, "", "got status 202, expected 200 or 204"],
    ["no session", 200, { UploadSessions: [] }, "exactly one session, got 0"],
    ["two sessions", 200, { UploadSessions: [session, session] }, "exactly one session, got 2"],
    [
      "another session",
      200,
      { UploadSessions: [{ ...session, SessionId: "0f9c31c8-0c61-4a5e-9d55-6b1d6b1a2f10" }] },
      `SessionId should be ${sessionId}`,
    ],
    [
      "a size beyond what a number can hold",
      200,
      { UploadSessions: [{ ...session, FileSize: "9007199254740993" }] },
      'FileSize should be a whole number up to 2^53 - 1 in a string, got "9007199254740993"',
    ],
    ["a size that is a number", 200, { UploadSessions: [{ ...session, FileSize: 5 }] }, "FileSize should be"],
    ["no date", 200, { UploadSessions: [{ ...session, ModifiedDate: "soon" }] }, "ModifiedDate should be"],
    [
      "a date of a kind",
      200,
      { UploadSessions: [{ ...session, ModifiedDate: "June 5" }] },
      "ModifiedDate should be",
    ],
    ["a range turned round", 200, withRanges(["9", "2"]), "ascending ranges inside a file of 2097152 bytes"],
    ["a range beyond the file", 200, withRanges(["0", "2097152"]), "ascending ranges inside a file"],
    ["ranges that touch", 200, withRanges(["0", "9"], ["10", "19"]), "ascending ranges inside a file"],
    ["null as a session", 200, { UploadSessions: [null] }, "UploadSessions should be"],
  ])("%s", async (_, status, body, message) => {
    await using server = await answeringJson(status, body);
    const error = await rejection(server.client.getUploadSession({ sessionId }));
    expect(isProtocolError(error)).toBe(true);
    expect(error).toMatchObject({ message: expect.stringContaining(message), requestId: expect.any(String) });
  });
});

describe("a success from a server that is not a gateway", () => {
  const chunk = { storePath: "App/a", sessionId, startPosition: 0, fileSize: 1, chunk: new Uint8Array(1) };

  it.each<[string, (client: ImageStoreClient) => Promise<void>]>([
    ["uploadFileChunk", (client) => client.uploadFileChunk(chunk)],
    ["commitUploadSession", (client) => client.commitUploadSession({ sessionId })],
    ["deleteUploadSession", (client) => client.deleteUploadSession({ sessionId })],
    ["putFile", (client) => client.putFile({ storePath: "App/a", content: new Uint8Array(1) })],
    ["deleteContent", (client) => client.deleteContent({ storePath: "App/a" })],
    ["copyContent", (client) => client.copyContent({ source: "a", destination: "b" })],
  ])("makes %s fail if it has content", async (_, call) => {
    await using server = await answeringJson(200, { status: "please log in" });
    expect(await rejection(call(server.client))).toMatchObject({
      name: "ProtocolError",
      message: expect.stringContaining("its response should have no content"),
    });
  });

  it("is not followed if it is a redirect", async () => {
    await using target = await answeringJson(200, { UploadSessions: [session] });
    await using server = await answering((response) =>
      response.writeHead(302, { location: target.endpoint }).end(),
    );
    const error = await rejection(server.client.getUploadSession({ sessionId }));
    expect(error).toMatchObject({
      name: "ProtocolError",
      message: expect.stringContaining("was redirected"),
    });
    expect(target.requests).toEqual([]);
  });
});

describe("a missing response", () => {
  it("is a NetworkError that says where no server listens", async () => {
    const server = await answeringJson(204, "");
    await server[Symbol.asyncDispose]();
    const error = await rejection(server.client.getUploadSession({ sessionId }));
    expect(isNetworkError(error)).toBe(true);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^GET http:.*ECONNREFUSED.*No server listens there/),
      cause: expect.any(Error),
    });
  });

  it("is a NetworkError that says that the scheme is wrong", async () => {
    await using server = await answeringJson(204, "");
    const client = createImageStoreClient({ endpoint: server.endpoint.replace("http:", "https:") });
    expect(await rejection(client.getUploadSession({ sessionId }))).toMatchObject({
      name: "NetworkError",
      message: expect.stringContaining("does not speak TLS: should the endpoint start with http://?"),
    });
  });

  it("is a NetworkError if the connection breaks before or during the response", async () => {
    for (const head of ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"]) {
      await using server = await answering((_, request) => {
        if (head !== "") request.socket.write(head);
        request.socket.end();
      });
      expect(isNetworkError(await rejection(server.client.getUploadSession({ sessionId })))).toBe(true);
    }
  });

  it("is a TimeoutError after the caller's timeout and an AbortError after the caller's abort", async () => {
    await using silent = await answering(() => {});
    const late = silent.client.getUploadSession({ sessionId, abortSignal: AbortSignal.timeout(50) });
    expect(isTimeoutError(await rejection(late))).toBe(true);
    const stop = new AbortController();
    const stopped = silent.client.getUploadSession({ sessionId, abortSignal: stop.signal });
    stop.abort("enough");
    const error = await rejection(stopped);
    expect(isAbortError(error)).toBe(true);
    expect(error).toMatchObject({ cause: "enough", operationId: "GetImageStoreUploadSessionById" });
  });

  it("is an AbortError without a request if the signal was already aborted", async () => {
    await using server = await answeringJson(204, "");
    const aborted = server.client.getUploadSession({ sessionId, abortSignal: AbortSignal.abort() });
    expect(isAbortError(await rejection(aborted))).toBe(true);
    expect(server.requests).toEqual([]);
  });
});

describe("the guards", () => {
  it("recognize an error from another realm or copy by its name", () => {
    expect(isFabricError({ name: "FabricError" })).toBe(true);
    expect(isFabricError(new Error("FabricError"))).toBe(false);
    expect(isFabricError(undefined)).toBe(false);
  });

  it("do not narrow an UploadError with another reason", () => {
    const kind = (error: unknown): string => {
      if (!isUploadError(error)) return "another";
      if (isAbortError(error) || isTimeoutError(error)) return `ended: ${error.reason}`;
      return `failed: ${error.reason}`;
    };
    const of = (reason: UploadFailure) => kind(new UploadError({ ...state, reason }, new Error("why")));
    expect([of("aborted"), of("timed-out"), of("refused")]).toEqual([
      "ended: aborted",
      "ended: timed-out",
      "failed: refused",
    ]);
  });
});

describe("an error as JSON", () => {
  it("has the message and identifies the request", async () => {
    await using server = await answeringJson(403, '{"Error":{"Code":"E_ACCESSDENIED","Message":"No."}}');
    const error = await rejection(server.client.getUploadSession({ sessionId }));
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "FabricError",
      message: expect.stringContaining("failed with 403, E_ACCESSDENIED: No."),
      operationId: "GetImageStoreUploadSessionById",
      request: expect.stringMatching(/^GET /),
      requestId: expect.any(String),
      status: 403,
      code: "E_ACCESSDENIED",
    });
    const refused = await rejection(server.client.deleteContent({ storePath: ".." }));
    expect(JSON.parse(JSON.stringify(refused))).toEqual({
      name: "InvalidInputError",
      message: expect.stringContaining("must not contain . or .."),
      parameter: "storePath",
    });
  });
});

describe("the option fetch", () => {
  it("uses the caller's function", async () => {
    const urls: string[] = [];
    const client = createImageStoreClient({
      endpoint: "http://nowhere.invalid",
      fetch: async (url) => {
        urls.push(url);
        return new Response(null, { status: 204 });
      },
    });
    expect(await client.getUploadSession({ sessionId })).toBeUndefined();
    expect(urls).toHaveLength(1);
  });
});
