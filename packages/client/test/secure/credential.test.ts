import { inspect } from "node:util";
import { startEmulator } from "@sf-image-store/emulator";
import { describe, expect, it } from "vitest";
import { Secrets, TokenFailure } from "../../src/http/authentication.js";
import { Tokens } from "../../src/http/tokens.js";
import {
  type AccessToken,
  type ClientOptions,
  createImageStoreClient,
  type Fetch,
  isCredentialError,
  type TokenCredential,
} from "../../src/index.js";
import { createNodeFetch } from "../../src/node/index.js";
import { tcpServer } from "../node-fetch/servers.js";
import { answering, rejection } from "../server.js";
import { inTenChunks, someContent, storePath } from "../upload/store.js";

const tokenScope = "api://cluster/.default";
const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const hour = 60 * 60 * 1000;

interface TestCredential extends TokenCredential {
  /** The scopes of each call. */
  readonly calls: (string | string[])[];
}

/** Returns these tokens in order, and then always the last one. */
function credentialOf(...tokens: readonly (string | Partial<AccessToken> | Error | null)[]): TestCredential {
  const calls: TestCredential["calls"] = [];
  return {
    calls,
    async getToken(scopes) {
      const given = tokens[Math.min(calls.length, tokens.length - 1)] ?? null;
      calls.push(scopes);
      // Long enough for concurrent requests.
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (given === null) return null;
      if (given instanceof Error) throw given;
      const known = { expiresOnTimestamp: Date.now() + hour };
      return typeof given === "string" ? { ...known, token: given } : { ...known, token: "", ...given };
    },
  };
}

function tokensOf(credential: TokenCredential, now: () => number): Tokens {
  return new Tokens({ credential, scope: tokenScope }, new Secrets(), now);
}

describe("a token", () => {
  it("is requested once with its scope and sent with all requests, including chunks", async () => {
    await using emulator = await startEmulator({ bearer: { tokens: ["first"] } });
    const credential = credentialOf("first");
    const client = createImageStoreClient({ endpoint: emulator.endpoint, credential, tokenScope });
    const content = someContent();
    await Promise.all(["App/a", "App/b"].map((path) => client.uploadFile(path, content, inTenChunks)));
    expect(credential.calls).toEqual([tokenScope]);
  });

  it("is reused until two minutes before it expires, or until refreshAfterTimestamp", async () => {
    let now = 0;
    const credential = credentialOf(
      { token: "a", expiresOnTimestamp: hour },
      { token: "b", expiresOnTimestamp: 3 * hour, refreshAfterTimestamp: 2 * hour },
      { token: "c", expiresOnTimestamp: 9 * hour },
    );
    const tokens = tokensOf(credential, () => now);
    const at = (time: number) => {
      now = time;
      return tokens.get();
    };
    expect(await at(0)).toBe("a");
    expect(await at(hour - 120_001)).toBe("a");
    expect(await at(hour - 120_000)).toBe("b");
    expect(await at(2 * hour - 1)).toBe("b");
    expect(await at(2 * hour)).toBe("c");
    expect(credential.calls).toHaveLength(3);
  });

  it("is used until it expires if there is no new one", async () => {
    let now = 0;
    const tokens = tokensOf(
      credentialOf({ token: "a", expiresOnTimestamp: hour }, new Error("offline")),
      () => now,
    );
    await tokens.get();
    now = hour - 1;
    expect(await tokens.get()).toBe("a");
    now = hour;
    expect(await rejection(tokens.get())).toBeInstanceOf(TokenFailure);
  });

  it("is requested again after a failure", async () => {
    await using server = await answering((response) => response.writeHead(204).end());
    const credential = credentialOf(new Error("offline"), "a");
    const client = createImageStoreClient({ endpoint: server.endpoint, credential, tokenScope });
    const outcomes = await Promise.all([1, 2].map(() => rejection(client.getUploadSession({ sessionId }))));
    expect(outcomes.map(isCredentialError)).toEqual([true, true]);
    expect(credential.calls).toHaveLength(1);
    expect(server.requests).toEqual([]);
    await client.getUploadSession({ sessionId });
    expect(server.requests[0]?.headers.authorization).toBe("Bearer a");
  });

  it("that concurrent requests wait for is not affected when one of them is aborted", async () => {
    await using server = await answering((response) => response.writeHead(204).end());
    const client = createImageStoreClient({
      endpoint: server.endpoint,
      credential: credentialOf("a"),
      tokenScope,
    });
    const controller = new AbortController();
    const aborted = rejection(client.getUploadSession({ sessionId, abortSignal: controller.signal }));
    const other = client.getUploadSession({ sessionId });
    controller.abort();
    expect(await aborted).toMatchObject({ name: "AbortError" });
    expect(await other).toBeUndefined();
  });
});

describe("a token that the server rejects", () => {
  const contents = [
    ["bytes", () => new Uint8Array([1, 2, 3])],
    ["a Blob", () => new Blob(["123"])],
  ] as const;

  it.each(contents)("is replaced, and the request is retried once: %s", async (_, content) => {
    await using emulator = await startEmulator({ bearer: { tokens: ["second"] } });
    const credential = credentialOf("first", "second");
    const client = createImageStoreClient({ endpoint: emulator.endpoint, credential, tokenScope });
    await client.putFile({ storePath, content: content() });
    await client.copyContent({ source: storePath, destination: "App/copy" });
    expect(credential.calls).toHaveLength(2);
  });

  it.each([401, 403])("is replaced once: %d", async (status) => {
    await using server = await answering((response) => response.writeHead(status).end());
    const credential = credentialOf("first", "second", "third");
    const client = createImageStoreClient({ endpoint: server.endpoint, credential, tokenScope });
    expect(await rejection(client.getUploadSession({ sessionId }))).toMatchObject({
      name: "FabricError",
      status,
    });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first",
      "Bearer second",
    ]);
  });

  it.each([
    ["the same comes back", "first"],
    ["no other comes", new Error("offline")],
  ])("makes the request fail if %s", async (_, next) => {
    await using server = await answering((response) => response.writeHead(403).end());
    const client = createImageStoreClient({
      endpoint: server.endpoint,
      credential: credentialOf("first", next),
      tokenScope,
    });
    expect(await rejection(client.getUploadSession({ sessionId }))).toMatchObject({ status: 403 });
    expect(server.requests).toHaveLength(1);
  });

  it("does not end an upload in progress", async () => {
    const accepted = ["first"];
    let chunks = 0;
    await using emulator = await startEmulator({ bearer: { tokens: accepted } });
    const client = createImageStoreClient({
      endpoint: emulator.endpoint,
      credential: credentialOf("first", "second"),
      tokenScope,
      fetch: async (input, init) => {
        if (String(input).includes("/UploadChunk") && ++chunks === 4) accepted[0] = "second";
        return fetch(input, init);
      },
    });
    const { sentBytes } = await client.uploadFile(storePath, someContent(), inTenChunks);
    expect(sentBytes).toBe(10_000);
  });
});

describe("a credential without a token", () => {
  it.each<[string, Error | null | Partial<AccessToken>, string]>([
    ["rejects", new Error("AADSTS7000215: wrong secret"), "AADSTS7000215: wrong secret"],
    ["gives null", null, "returned no valid token"],
    ["gives an empty one", { token: "" }, "returned no valid token"],
    ["gives one that cannot be sent", { token: "a\r\nb" }, "returned no valid token"],
    ["gives one without an end", { token: "a", expiresOnTimestamp: Number.NaN }, "expiresOnTimestamp"],
  ])("that %s causes a CredentialError", async (_, given, message) => {
    await using server = await answering((response) => response.writeHead(204).end());
    const client = createImageStoreClient({
      endpoint: server.endpoint,
      credential: credentialOf(given),
      tokenScope,
    });
    const error = await rejection(client.putFile({ storePath, content: new Uint8Array(1) }));
    expect(error).toMatchObject({
      name: "CredentialError",
      operationId: "UploadFile",
      message: expect.stringContaining(message),
    });
    expect(error instanceof Error && error.cause).toBe(given instanceof Error ? given : undefined);
    expect(server.requests).toEqual([]);
  });

  it("ends an upload at once, unless the server has responded before", async () => {
    await using emulator = await startEmulator({ bearer: { tokens: ["first", "second"] } });
    const failing = credentialOf(new Error("wrong secret"));
    const { endpoint } = emulator;
    const never = createImageStoreClient({ endpoint, credential: failing, tokenScope });
    const error = await rejection(never.uploadFile(storePath, someContent(), inTenChunks));
    expect(error).toMatchObject({ name: "UploadError", reason: "refused" });
    expect(failing.calls).toHaveLength(1);
    const expired = { token: "first", expiresOnTimestamp: 0 };
    const faltering = credentialOf(expired, expired, new Error("offline"), "second");
    const later = createImageStoreClient({ endpoint, credential: faltering, tokenScope });
    await later.uploadFile(storePath, someContent(), inTenChunks);
    expect(faltering.calls).toHaveLength(4);
  });
});

describe("options that would expose a token or are invalid are rejected", () => {
  const credential = credentialOf("secret");
  it.each<[string, Partial<ClientOptions>, string]>([
    ["http to another machine", { endpoint: "http://cluster.example:19080" }, "endpoint"],
    ["one http address that looks local", { endpoint: "http://127.0.0.1.example" }, "endpoint"],
    ["a second endpoint", { endpoint: ["http://localhost", "http://other.example"] }, "endpoint"],
    ["an Authorization header beside it", { headers: { authorization: "Basic secret" } }, "headers"],
    ["no scope", { tokenScope: "" }, "tokenScope"],
    ["no scopes", { tokenScope: [] }, "tokenScope"],
  ])("%s", (_, options, parameter) => {
    const make = () =>
      createImageStoreClient({ endpoint: "https://cluster.example", credential, tokenScope, ...options });
    expect(make).toThrow(expect.objectContaining({ name: "InvalidInputError", parameter }));
    expect(make).not.toThrow("secret");
  });

  it("a scope without a credential", () => {
    expect(() => createImageStoreClient({ endpoint: "https://cluster.example", tokenScope })).toThrow(
      expect.objectContaining({ parameter: "tokenScope" }),
    );
  });

  it("a name below localhost, which the network may resolve", () => {
    const endpoint = "http://cluster.localhost:19080";
    expect(() => createImageStoreClient({ endpoint, credential, tokenScope })).toThrow(
      expect.objectContaining({ parameter: "endpoint" }),
    );
  });

  it.each(["http://localhost:1", "http://[::1]:1", "http://127.8.9.1:1", "https://cluster.example"])(
    "but not %s",
    (endpoint) => {
      createImageStoreClient({ endpoint, credential, tokenScope });
    },
  );

  it("accepts http to another machine with allowInsecureConnection", () => {
    const endpoint = "http://cluster.example:19080";
    createImageStoreClient({ endpoint, credential, tokenScope, allowInsecureConnection: true });
  });
});

describe("a token does not appear", () => {
  const token = `eyJhbGciOiJSUzI1NiJ9.${"payload".repeat(40)}.signature-._~+/=`;
  const { fetch: platform } = globalThis;
  const session = {
    StoreRelativePath: "a",
    SessionId: sessionId,
    ModifiedDate: "2026-01-01T00:00:00Z",
    ExpectedRanges: [],
  };
  const everything = (value: unknown) =>
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }) +
    JSON.stringify(value, (_, each) => (each instanceof Error ? { ...each, ...membersOf(each) } : each));
  const membersOf = (error: Error) => ({
    message: error.message,
    cause: error.cause,
    errors: error instanceof AggregateError ? error.errors : [],
  });
  const clientOf = (endpoint: string | string[], fetch: Fetch) =>
    createImageStoreClient({ endpoint, fetch, credential: credentialOf(token), tokenScope });

  it.each<[string, number, (sent: string) => string]>([
    ["a rejection", 502, (sent) => `<pre>Authorization: ${sent}`],
    ["a refusal that is cut off", 502, (sent) => `<pre>Authorization: ${sent.slice(0, 100)}`],
    ["a success", 200, (sent) => `<pre>Authorization: ${sent}`],
    [
      "a success like others",
      200,
      (sent) => JSON.stringify({ UploadSessions: [{ ...session, FileSize: sent }] }),
    ],
  ])("in the error for %s that repeats the request", async (_, status, repeat) => {
    await using server = await answering((response, { headers }) => {
      response.writeHead(status).end(repeat(headers.authorization ?? ""));
    });
    const client = clientOf(server.endpoint, platform);
    const errors = [
      await rejection(client.getUploadSession({ sessionId })),
      await rejection(client.putFile({ storePath, content: new Uint8Array(1) })),
      await rejection(
        client.uploadFile(storePath, someContent(), { ...inTenChunks, retryOptions: { maxRetries: 0 } }),
      ),
    ];
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${token}`);
    expect(everything(errors)).not.toContain(token.slice(0, 30));
    expect(everything(errors)).not.toContain("payload");
    expect(everything(client)).not.toContain("payload");
  });

  it.each<[string, () => Fetch]>([
    ["the platform's fetch", () => platform],
    ["our own", () => createNodeFetch({ proxy: false })],
  ])("in the error for invalid HTTP that repeats the request, with %s", async (_, fetch) => {
    let received = "";
    const server = await tcpServer((socket) => {
      socket.on("data", (data) => {
        received += data;
        socket.end(data);
      });
    });
    for (const endpoint of [server.url, [server.url, `${server.url}/other`]]) {
      const error = await rejection(clientOf(endpoint, fetch()).getUploadSession({ sessionId }));
      expect(received).toContain("payload");
      expect(error).toMatchObject({ name: "NetworkError" });
      expect(everything(error)).not.toContain("payload");
      // The bytes that the parser could not read, in any notation: 70 61 79 6c 6f 61 64.
      expect(everything(error)).not.toMatch(/70 61 79 6c 6f 61 64|112,97,121,108,111,97,100/);
    }
  });

  it("in errors if it is in the caller's Authorization header", async () => {
    await using server = await answering((response, { headers }) => {
      response.writeHead(500).end(`Authorization: ${headers.authorization}`);
    });
    const headers = { Authorization: `Bearer ${token}` };
    const client = createImageStoreClient({ endpoint: server.endpoint, headers });
    const error = await rejection(client.getUploadSession({ sessionId }));
    expect(error).toMatchObject({ message: expect.stringContaining("Bearer [hidden]") });
    expect(everything(error)).not.toContain("payload");
  });

  it("in errors about invalid options", () => {
    const options = { endpoint: "https://a.example", credential: token, tokenScope };
    // @ts-expect-error a token is no credential
    const make = () => createImageStoreClient(options);
    expect(make).toThrow(expect.objectContaining({ parameter: "credential" }));
    expect(make).not.toThrow("payload");
  });
});
