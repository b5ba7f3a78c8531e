import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerOptions } from "node:https";
import { connect } from "node:net";
import { createServer as createSecureServer, TLSSocket } from "node:tls";
import { startEmulator } from "@sf-image-store/emulator";
import { certify, sha1 } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createImageStoreClient } from "../../src/index.js";
import { ResponseParser } from "../../src/node/fetch/response-parser.js";
import * as judgement from "../../src/node/fetch/server-trust.js";
import type { NodeFetchOptions } from "../../src/node/index.js";
import {
  causeOf,
  echo,
  fetchForTest,
  httpsServer,
  readEcho,
  rejection,
  tcpServer,
  until,
} from "./servers.js";

const authority = certify("Test authority", undefined, { isAuthority: true });
const intermediate = certify("Test intermediate", authority, { isAuthority: true });
const server = certify("cluster", authority);
const client = certify("client", authority);
const chained = certify("chained", intermediate);
const ca = authority.cert;
const put = (body: NonNullable<RequestInit["body"]>) => ({ method: "PUT", body });

describe("client certificates", () => {
  const wanting: ServerOptions = { ...server, ca, requestCert: true, rejectUnauthorized: true };

  it.each<[string, NodeFetchOptions["clientCertificate"]]>([
    ["cert and key", client],
    ["one PEM", { pem: `${client.cert}${client.key}` }],
    ["one PEM, the other way round", { pem: `${client.key}${client.cert}` }],
    ["bytes", { pem: Buffer.from(`${client.key}${client.cert}`) }],
    ["a chain in the wrong order", { pem: `${intermediate.cert}${chained.key}${chained.cert}` }],
  ])("are presented at the handshake: %s", async (_, clientCertificate) => {
    const { url } = await httpsServer(wanting, echo);
    if (clientCertificate === undefined) throw new Error("unreachable");
    const fetch = fetchForTest({ ca, clientCertificate });
    expect((await fetch(url)).status).toBe(200);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "that are missing cause an error with a code: %s",
    async (version) => {
      const { url } = await httpsServer({ ...wanting, maxVersion: version }, echo);
      const { code } = await causeOf(fetchForTest({ ca })(url));
      expect(code).toMatch(/^(ERR_SSL_|ECONNRESET|EPIPE)/);
    },
  );
});

describe("a gateway that requests the certificate after the head of the request", () => {
  const late = async () => {
    const tls = { ...server, clientCa: ca, clientCertificate: "late" } as const;
    const emulator = await startEmulator({ tls });
    onTestFinished(() => emulator.close());
    return (name: string) => `${emulator.endpoint}/ImageStore/${name}?api-version=6.0`;
  };
  const large = Buffer.alloc(20 * 1024 * 1024, 7);

  it.each<[string, NodeFetchOptions]>([
    ["by the authority", { ca }],
    ["pinned by thumbprint", { serverThumbprints: [sha1(server)] }],
    ["pinned by common name", { ca, serverCommonNames: ["cluster"] }],
  ])("receives 20 MB over several connections, verified %s", async (_, options) => {
    const url = await late();
    const fetch = fetchForTest({ ...options, clientCertificate: client });
    const answers = await Promise.all(["a", "b", "c"].map((name) => fetch(url(name), put(large))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await fetch(url("a"), put(large))).status).toBe(200);
  });

  it("fails if bodies do not wait", async () => {
    const url = await late();
    const fetch = fetchForTest({ ca, clientCertificate: client, expectContinue: false });
    const outcome = await fetch(url("a"), put(large)).then(
      ({ status }) => status,
      () => "reset",
    );
    expect([403, "reset"]).toContain(outcome);
  });

  it("rejects clients without a certificate before the body is sent", async () => {
    const url = await late();
    const response = await fetchForTest({ ca })(url("a"), put(large));
    expect(response).toMatchObject({ status: 403, statusText: "Client certificate required" });
  });
});

describe("Expect: 100-continue", () => {
  it.each<[number, NodeFetchOptions, string | undefined]>([
    [16_383, {}, undefined],
    [16_384, {}, "100-continue"],
    [16_384, { expectContinue: false }, undefined],
    [1, { expectContinue: { minBytes: 1 } }, "100-continue"],
  ])("%d bytes with %j send %s", async (size, options, expected) => {
    const { url } = await httpsServer(server, echo);
    const sent = await readEcho(fetchForTest({ ca, ...options })(url, put(Buffer.alloc(size))));
    expect(sent).toMatchObject({ length: size });
    expect(sent.headers["expect"]).toBe(expected);
  });

  it("does not delay the body beyond the timeout", async () => {
    const target = await httpsServer(server, echo);
    target.server.on("checkContinue", echo);
    const fetch = fetchForTest({ ca, expectContinue: { timeoutMs: 50 } });
    expect(await readEcho(fetch(target.url, put(Buffer.alloc(100_000))))).toMatchObject({ length: 100_000 });
  });

  it("delays the body up to the timeout", async () => {
    let before = -1;
    const target = await httpsServer(server, echo);
    target.server.on("checkContinue", (request, response) => {
      setTimeout(() => {
        before = request.readableLength;
        response.writeContinue();
        echo(request, response);
      }, 300);
    });
    const fetch = fetchForTest({ ca, expectContinue: { timeoutMs: 10_000 } });
    expect(await readEcho(fetch(target.url, put(Buffer.alloc(100_000))))).toMatchObject({ length: 100_000 });
    expect(before).toBe(0);
  });

  it.each<[string, () => NonNullable<RequestInit["body"]>]>([
    ["bytes", () => Buffer.alloc(100_000)],
    ["a Blob", () => new Blob([Buffer.alloc(100_000)])],
  ])("is left out of the retry after status 417: %s", async (_, body) => {
    const target = await httpsServer(server, echo);
    target.server.on("checkContinue", (_request, response) => void response.writeHead(417).end());
    const sent = await readEcho(fetchForTest({ ca })(target.url, put(body())));
    expect(sent).toMatchObject({ length: 100_000 });
    expect(sent.headers["expect"]).toBeUndefined();
  });

  it("with status 417 after the timeout fails, because the stream was read", async () => {
    const target = await httpsServer(server, echo);
    target.server.on("checkContinue", (request, response) => {
      request.once("readable", () => void response.writeHead(417).end());
    });
    const fetch = fetchForTest({ ca, expectContinue: { timeoutMs: 50 } });
    expect((await fetch(target.url, put(new Blob([Buffer.alloc(100_000)])))).status).toBe(417);
  });

  it.each<[string, () => NonNullable<RequestInit["body"]>]>([
    ["bytes", () => Buffer.alloc(1_000_000)],
    ["a Blob", () => new Blob([Buffer.alloc(1_000_000)])],
  ])("followed by a final response skips the body and closes the connection: %s", async (_, body) => {
    let received = 0;
    const target = await httpsServer(server, echo);
    target.server.on("checkContinue", (request, response) => {
      request.on("data", (data) => {
        received += data.length;
      });
      response.writeHead(409).end("no need");
    });
    const response = await fetchForTest({ ca })(target.url, put(body()));
    expect([response.status, await response.text()]).toEqual([409, "no need"]);
    await until(() => target.connections.every(({ destroyed }) => destroyed));
    expect(received).toBe(0);
  });
});

describe("the timeout of Expect: 100-continue", () => {
  it("does not send the body twice", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const target = await httpsServer(server, echo);
    let length = 0;
    const read = new Promise<ServerResponse>((resolve) => {
      target.server.on("checkContinue", (request, response) => {
        response.writeContinue();
        request.on("data", (data) => {
          length += data.length;
        });
        request.on("end", () => resolve(response));
      });
    });
    const answer = fetchForTest({ ca })(target.url, put(Buffer.alloc(100_000)));
    const response = await read;
    vi.advanceTimersByTime(60_000);
    response.end();
    expect((await answer).status).toBe(200);
    expect(length).toBe(100_000);
  });

  it("does not send the body after a response has started", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const push = vi.spyOn(ResponseParser.prototype, "push");
    onTestFinished(() => void push.mockRestore());
    const target = await httpsServer(server, echo);
    let received = 0;
    target.server.on("checkContinue", (request, response) => {
      request.on("data", (data) => {
        received += data.length;
      });
      response.writeHead(409, { "content-length": 2 }).write("n");
      // The rest comes after the timeout would have elapsed.
      void parsed(push).then(() => {
        vi.advanceTimersByTime(60_000);
        response.end("o");
      });
    });
    const response = await fetchForTest({ ca })(target.url, put(Buffer.alloc(100_000)));
    expect([response.status, await response.text()]).toEqual([409, "no"]);
    expect(received).toBe(0);
  });

  it("is waited for only once on a connection whose server ignores Expect", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const expected: boolean[] = [];
    // A node:https server would close the connection.
    const secure = createSecureServer(server, (socket) => {
      let left = 0;
      socket.on("data", (data) => {
        const text = data.toString("latin1");
        const isHead = text.startsWith("PUT ");
        if (isHead) {
          expected.push(text.includes("Expect: 100-continue"));
          vi.advanceTimersByTime(2000);
        }
        left += isHead ? 100_000 - (data.length - text.indexOf("\r\n\r\n") - 4) : -data.length;
        if (left === 0) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void secure.close());
    await once(secure, "listening");
    const address = secure.address();
    const url = `https://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const fetch = fetchForTest({ ca });
    for (let i = 0; i < 3; i++) expect((await fetch(url, put(Buffer.alloc(100_000)))).status).toBe(200);
    expect(expected).toEqual([true, false, false]);
  });
});

/** Resolves when the client has read bytes of a response. */
async function parsed(push: { readonly mock: { readonly results: readonly unknown[] } }): Promise<void> {
  while (push.mock.results.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

describe("TLS", () => {
  it("keeps connections for many concurrent requests", async () => {
    const warn = vi.spyOn(process, "emitWarning");
    onTestFinished(() => void warn.mockRestore());
    const { url, connections } = await httpsServer(server, echo);
    const fetch = fetchForTest({ ca });
    for (let i = 0; i < 100; i++) await fetch(url);
    expect(connections).toHaveLength(1);
    await Promise.all(Array.from({ length: 20 }, () => fetch(url, put(Buffer.alloc(100_000)))));
    expect(connections.length).toBeLessThanOrEqual(20);
    expect(warn).not.toHaveBeenCalled();
    await fetch.close();
    await until(() => connections.every(({ destroyed }) => destroyed));
  });

  it.each<[NodeFetchOptions, string]>([
    [{ maxTlsVersion: "TLSv1.2" }, "TLSv1.2"],
    [{ minTlsVersion: "TLSv1.3" }, "TLSv1.3"],
    [{}, "TLSv1.3"],
  ])("%j speaks %s", async (options, version) => {
    const { url } = await httpsServer(server, (request, response) => {
      response.end(request.socket instanceof TLSSocket ? request.socket.getProtocol() : "");
    });
    expect(await (await fetchForTest({ ca, ...options })(url)).text()).toBe(version);
  });

  it("opens no more connections than maxSockets", async () => {
    const { url, connections } = await httpsServer(server, echo);
    const fetch = fetchForTest({ ca, maxSockets: 3 });
    await Promise.all(Array.from({ length: 30 }, () => fetch(url, put("x"))));
    expect(connections).toHaveLength(3);
  });

  it("waits for a server that is slow to accept", async () => {
    const { port } = await httpsServer(server, echo);
    const slow = await tcpServer((socket) => {
      socket.pause();
      setTimeout(() => {
        const onward = connect(port, "127.0.0.1");
        onward.on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      }, 500);
    });
    const fetch = fetchForTest({ ca });
    expect((await fetch(`https://127.0.0.1:${slow.port}/`, put("x"))).status).toBe(200);
  });

  it("is verified at every handshake, including renegotiation", async () => {
    const { url } = await httpsServer({ ...server, maxVersion: "TLSv1.2" }, (request, response) => {
      if (!(request.socket instanceof TLSSocket)) throw new TypeError("TLS expected");
      request.socket.renegotiate({ rejectUnauthorized: false, requestCert: true }, (error) => {
        response.statusCode = error === null ? 200 : 500;
        response.end();
      });
    });
    let judged = 0;
    vi.spyOn(judgement, "verifyServerCertificate").mockImplementation(() => {
      judged++;
      return judged === 1 ? undefined : { reason: "swapped", expected: "the first", actual: "another" };
    });
    onTestFinished(() => void vi.restoreAllMocks());
    expect(await causeOf(fetchForTest({ ca })(url))).toMatchObject({ reason: "swapped" });
  });

  it("has a readable error in the client", async () => {
    const { url } = await httpsServer(server, echo);
    const fetch = fetchForTest({ serverThumbprints: ["00".repeat(20)] });
    const error = await rejection(
      createImageStoreClient({ endpoint: url, fetch }).deleteContent({ storePath: "a" }),
    );
    expect(error).toMatchObject({
      name: "NetworkError",
      message: expect.stringMatching(
        /was rejected: it is not one of the pinned.*The server's certificate was rejected\.$/,
      ),
    });
  });

  it("can be aborted and times out during the handshake", async () => {
    const { port, connections } = await tcpServer((socket) => void socket.resume());
    const url = `https://127.0.0.1:${port}/`;
    expect(await causeOf(fetchForTest({ idleTimeoutMs: 100 })(url))).toMatchObject({ code: "ETIMEDOUT" });
    const reason = new RangeError("enough");
    const controller = new AbortController();
    // Only the abort ends this request.
    const patient = fetchForTest({ connectTimeoutMs: 600_000, idleTimeoutMs: 600_000 });
    const aborted = rejection(patient(url, { signal: controller.signal }));
    await until(() => connections.length === 2);
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    await until(() => connections.every(({ destroyed }) => destroyed));
  });

  it("reports a server that does not speak TLS or hangs up", async () => {
    const plain = await tcpServer((socket) => socket.end("HTTP/1.1 400 Bad\r\n\r\n"));
    const fetch = fetchForTest();
    expect((await causeOf(fetch(`https://127.0.0.1:${plain.port}/`))).code).toMatch(/EPROTO|ERR_SSL/);
    const silent = await tcpServer((socket) => socket.end());
    expect((await causeOf(fetch(`https://127.0.0.1:${silent.port}/`))).code).toBe("ECONNRESET");
  });

  it("closes the connection after an abort during a body", async () => {
    const requests: IncomingMessage[] = [];
    const { url, connections } = await httpsServer(server, (request) => void requests.push(request.pause()));
    const controller = new AbortController();
    const init = { ...put(Buffer.alloc(64 * 1024 * 1024)), signal: controller.signal };
    const aborted = rejection(fetchForTest({ ca, expectContinue: false })(url, init));
    await until(() => requests.length === 1);
    setTimeout(() => controller.abort(), 100);
    expect(await aborted).toBe(controller.signal.reason);
    for (const request of requests) request.resume();
    await until(() => connections.every(({ destroyed }) => destroyed));
  });

  it("exceeds the idle time only while a server reads nothing", async () => {
    const stuck = await httpsServer(server, (request) => void request.pause());
    const fetch = fetchForTest({ ca, expectContinue: false, idleTimeoutMs: 300 });
    const body = put(Buffer.alloc(32 * 1024 * 1024));
    expect(await causeOf(fetch(stuck.url, body))).toMatchObject({ code: "ETIMEDOUT" });
    const slow = await httpsServer(server, async (request, response) => {
      let length = 0;
      for await (const piece of request) {
        length += piece.length;
        if (length < 4 * 1024 * 1024) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      response.end();
    });
    expect((await fetch(slow.url, body)).status).toBe(200);
  });
});
