import { describe, expect, it } from "vitest";
import { createImageStoreClient } from "../../src/index.js";
import { causeOf, echo, fetchForTest, httpServer, readEcho, rejection, tcpServer, until } from "./servers.js";

const put = { method: "PUT" };

describe("bodies", () => {
  const stream = (...chunks: string[]) =>
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
        controller.close();
      },
    });

  it.each<[string, () => NonNullable<RequestInit["body"]>, string | undefined]>([
    ["Uint8Array", () => new Uint8Array([104, 105]), undefined],
    ["Uint8Array of a part", () => Buffer.from("<hi>").subarray(1, 3), undefined],
    ["ArrayBuffer", () => new Uint8Array([104, 105]).buffer, undefined],
    ["DataView", () => new DataView(new Uint8Array([0, 104, 105]).buffer, 1), undefined],
    ["string", () => "hi", "text/plain;charset=UTF-8"],
    ["Blob", () => new Blob(["hi"], { type: "image/x" }), "image/x"],
    ["Blob without a type", () => new Blob(["hi"]), undefined],
    [
      "URLSearchParams",
      () => new URLSearchParams({ hi: "" }),
      "application/x-www-form-urlencoded;charset=UTF-8",
    ],
  ])("%s is sent unchanged with its length", async (_, body, contentType) => {
    const { url } = await httpServer(echo);
    const sent = await readEcho(fetchForTest()(url, { ...put, body: body() }));
    expect(sent).toMatchObject({ method: "PUT", text: expect.stringMatching(/^hi=?$/) });
    expect(sent.headers).toMatchObject({ "content-length": String(sent.length), accept: "*/*" });
    expect(sent.headers["content-type"]).toBe(contentType);
    expect(sent.headers["transfer-encoding"]).toBeUndefined();
  });

  it("the caller's content type is used", async () => {
    const { url } = await httpServer(echo);
    const headers = { "Content-Type": "a/b" };
    const sent = await readEcho(fetchForTest()(url, { ...put, headers, body: "x" }));
    expect(sent.headers["content-type"]).toBe("a/b");
  });

  it("a large body does not wait for 100 Continue over plain HTTP", async () => {
    const { url } = await httpServer(echo);
    const fetch = fetchForTest({ expectContinue: { minBytes: 1 } });
    const sent = await readEcho(fetch(url, { ...put, body: Buffer.alloc(100_000) }));
    expect(sent.length).toBe(100_000);
    expect(sent.headers).not.toHaveProperty("expect");
  });

  it("a stream is sent with the length in its header", async () => {
    const { url } = await httpServer(echo);
    const init = {
      ...put,
      headers: { "content-length": "5" },
      body: stream("he", "llo"),
      duplex: "half",
    } as const;
    expect(await readEcho(fetchForTest()(url, init))).toMatchObject({ length: 5, text: "hello" });
  });

  it.each([
    ["4", "more than the 4"],
    ["6", "5 and not the 6"],
  ])(
    "a stream of another length than %s causes an error and closes the connection",
    async (length, message) => {
      const { url, connections } = await httpServer(echo);
      const init = {
        ...put,
        headers: { "content-length": length },
        body: stream("he", "llo"),
        duplex: "half",
      } as const;
      const error = await rejection(fetchForTest()(url, init));
      expect(error).toMatchObject({
        name: "TypeError",
        message: "fetch failed",
        cause: {
          name: "TransportError",
          code: "ERR_CONTENT_LENGTH_MISMATCH",
          message: expect.stringContaining(message),
        },
      });
      await until(() => connections.every(({ destroyed }) => destroyed));
    },
  );

  it("a stream that fails makes the request fail with its error as the cause", async () => {
    const { url } = await httpServer(echo);
    const failing = new ReadableStream({
      pull(controller) {
        controller.error(new RangeError("no disk"));
      },
    });
    const init = { ...put, headers: { "content-length": "5" }, body: failing, duplex: "half" } as const;
    expect(await rejection(fetchForTest()(url, init))).toMatchObject({ cause: { name: "RangeError" } });
  });

  it("a stream of text fails the request", async () => {
    const { url } = await httpServer(echo);
    const text = new ReadableStream({ start: (controller) => controller.enqueue("hello") });
    const init = { ...put, headers: { "content-length": "5" }, body: text, duplex: "half" } as const;
    expect(await causeOf(fetchForTest()(url, init))).toMatchObject({
      name: "TypeError",
      message: "A stream body must contain Uint8Arrays",
    });
  });

  it("a waiting stream is canceled when the request fails", async () => {
    const { url } = await httpServer(echo);
    const cancelled = resolvers();
    const silent = new ReadableStream({ cancel: () => cancelled.resolve(undefined) });
    const controller = new AbortController();
    const init = {
      ...put,
      headers: { "content-length": "5" },
      body: silent,
      duplex: "half",
      signal: controller.signal,
    } as const;
    const failed = rejection(fetchForTest()(url, init));
    setTimeout(() => controller.abort(), 50);
    expect(await failed).toBe(controller.signal.reason);
    await cancelled.promise;
  });

  it.each<[string, RequestInit]>([
    ["a stream without a length", { ...put, body: stream("x"), duplex: "half" }],
    ["a length that the body does not have", { ...put, body: "x", headers: { "content-length": "2" } }],
    ["a length without a body", { ...put, headers: { "content-length": "2" } }],
    ["a length that is none", { ...put, body: "x", headers: { "content-length": "1e3" } }],
    ["a GET with a body", { body: "x" }],
    ["a header of the connection", { headers: { "Transfer-Encoding": "chunked" } }],
    ["an Expect of the caller's own", { ...put, body: "x", headers: { expect: "100-continue" } }],
    ["CONNECT", { method: "CONNECT" }],
  ])("rejected: %s", async (_, init) => {
    const { url, connections } = await httpServer(echo);
    expect(await rejection(fetchForTest()(url, init))).toBeInstanceOf(TypeError);
    expect(connections).toHaveLength(0);
  });

  it("of a Request is sent with its exact length", async () => {
    const { url } = await httpServer(echo);
    const fetch = fetchForTest();
    const request = new Request(`${url}/a`, { ...put, body: new Uint8Array(7), headers: { "x-y": "z" } });
    expect(await readEcho(fetch(request))).toMatchObject({
      method: "PUT",
      url: "/a",
      length: 7,
      headers: { "content-length": "7", "x-y": "z" },
    });
    const streamed = new Request(url, {
      ...put,
      headers: { "content-length": "2" },
      body: stream("hi"),
      duplex: "half",
    });
    expect(await readEcho(fetch(streamed))).toMatchObject({ text: "hi" });
    const changed = await readEcho(fetch(new Request(url, put), { method: "POST", body: "x" }));
    expect(changed).toMatchObject({ method: "POST", text: "x" });
  });

  it("FormData has a boundary", async () => {
    const { url } = await httpServer(echo);
    const body = new FormData();
    body.set("a", "b");
    const sent = await readEcho(fetchForTest()(url, { method: "POST", body }));
    expect(sent.headers["content-type"]).toMatch(/^multipart\/form-data; ?boundary=/);
    expect(sent.text).toContain('name="a"');
  });

  it.each([
    ["PUT", "0"],
    ["POST", "0"],
    ["GET", undefined],
    ["DELETE", undefined],
  ])("%s without a body has length %s", async (method, length) => {
    const { url } = await httpServer(echo);
    const sent = await readEcho(fetchForTest()(url, { method }));
    expect(sent.headers["content-length"]).toBe(length);
    expect(sent.headers["transfer-encoding"]).toBeUndefined();
  });

  it("work with the typed client and its store paths", async () => {
    const seen: string[] = [];
    const { url } = await httpServer((request, response) => {
      seen.push(request.url ?? "");
      request.resume().on("end", () => response.end());
    });
    const client = createImageStoreClient({ endpoint: url, fetch: fetchForTest() });
    await client.putFile({ storePath: "a b/ü", content: new Uint8Array(3) });
    expect(seen[0]).toMatch(/^\/ImageStore\/a%20b\/%C3%BC\?/);
  });
});

describe("answers", () => {
  it("match the platform's responses", async () => {
    const { url } = await httpServer((_, response) => {
      response.writeHead(
        404,
        "Gone Away",
        [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ].flat(),
      );
      response.end("text");
    });
    const response = await fetchForTest()(`${url}/a?b#c`);
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ status: 404, statusText: "Gone Away", ok: false, redirected: false });
    expect(response.url).toBe(`${url}/a?b#c`);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.bodyUsed).toBe(false);
    expect(await response.clone().text()).toBe("text");
    expect(await response.text()).toBe("text");
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
  });

  it("to 204, HEAD and length 0 are empty", async () => {
    const { url } = await httpServer((request, response) => {
      response.statusCode = request.url === "/204" ? 204 : 200;
      response.end(request.method === "HEAD" ? undefined : "");
    });
    const fetch = fetchForTest();
    for (const [path, method] of [
      ["/204", "GET"],
      ["/", "HEAD"],
      ["/", "GET"],
    ] as const) {
      const response = await fetch(url + path, { method });
      expect(response.body).toBeNull();
      // Repeatedly, because there is no content.
      expect((await response.arrayBuffer()).byteLength).toBe(0);
      expect((await response.arrayBuffer()).byteLength).toBe(0);
      expect(response.bodyUsed).toBe(false);
    }
  });

  it("with status 205 are empty even if the server sent content", async () => {
    const { url } = await tcpServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\n{}"));
    });
    const response = await fetchForTest()(url);
    expect(response.headers.get("content-length")).toBe("2");
    expect(response.body).toBeNull();
    expect(await response.text()).toBe("");
  });

  it("that are long are streamed, and canceling them closes the connection", async () => {
    const { url, connections } = await httpServer((_, response) => {
      response.writeHead(200, { "content-length": 50_000_000 });
      for (let i = 0; i < 50; i++) response.write(Buffer.alloc(1_000_000, i));
      response.end();
    });
    const fetch = fetchForTest();
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(50_000_000);
    const abandoned = await fetch(url);
    await abandoned.body?.cancel();
    await until(() => connections.some(({ destroyed }) => destroyed));
    const controller = new AbortController();
    const aborted = await fetch(url, { signal: controller.signal });
    const text = aborted.arrayBuffer();
    controller.abort(new RangeError("enough"));
    expect(await rejection(text)).toBe(controller.signal.reason);
  });

  it("in thousands of small chunks are passed on in few pieces", async () => {
    const { url } = await tcpServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        socket.end(`${"1\r\nx\r\n".repeat(100_000)}0\r\n\r\n`);
      });
    });
    const { body } = await fetchForTest()(url);
    const lengths: number[] = [];
    for await (const piece of body ?? []) lengths.push(piece.byteLength);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(100_000);
    expect(lengths.length).toBeLessThan(1000);
  });

  it("that are incomplete cause an error, short or long", async () => {
    const { url } = await httpServer((request, response) => {
      response.writeHead(200, { "content-length": 1_000_000 });
      response.write(Buffer.alloc(request.url === "/short" ? 100 : 100_000), () => response.destroy());
    });
    const fetch = fetchForTest();
    expect(await rejection(fetch(`${url}/short`))).toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(await rejection(fetch(`${url}/long`).then((long) => long.text()))).toMatchObject({
      cause: { code: "ECONNRESET" },
    });
  });

  it("that are not HTTP or have an invalid status cause an error", async () => {
    const garbage = await tcpServer((socket) => socket.once("data", () => socket.end("SSH-2.0\r\n")));
    expect((await causeOf(fetchForTest()(garbage.url))).code).toMatch(/^HPE_/);
    const strange = await tcpServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n")),
    );
    expect((await causeOf(fetchForTest()(strange.url))).message).toContain("status 999");
  });
});

describe("redirects", () => {
  const redirecting = () =>
    httpServer((request, response) => {
      request.resume();
      const to = String(request.headers["x-to"] ?? "/end");
      if (request.url === "/end") echo(request, response);
      else
        response
          .writeHead(request.method === "GET" ? 302 : 307, {
            location: request.url === "/loop" ? "/loop" : to,
          })
          .end();
    });

  it("are followed for GET and HEAD", async () => {
    const { url } = await redirecting();
    const response = await fetchForTest()(`${url}/begin`, { headers: { authorization: "secret" } });
    expect(response).toMatchObject({ status: 200, redirected: true, url: `${url}/end` });
    expect((await readEcho(Promise.resolve(response))).headers["authorization"]).toBe("secret");
  });

  it("ignore the user name and password in the location", async () => {
    const { url } = await redirecting();
    const to = url.replace("http://", "http://user:secret@");
    const response = await fetchForTest()(`${url}/begin`, { headers: { "x-to": `${to}/end` } });
    expect(response.url).toBe(`${url}/end`);
    expect((await readEcho(Promise.resolve(response))).headers).not.toHaveProperty("authorization");
  });

  it("to another server drop headers that may be secret", async () => {
    const { url: elsewhere } = await httpServer(echo);
    const { url } = await redirecting();
    const secrets = { authorization: "secret", cookie: "a", "x-api-key": "key", ClusterId: "cluster" };
    const headers = { ...secrets, "x-to": `${elsewhere}/end`, accept: "text/plain", range: "bytes=0-9" };
    const { headers: sent } = await readEcho(fetchForTest()(`${url}/begin`, { headers }));
    expect(Object.keys(sent).sort()).toEqual(["accept", "connection", "host", "range"]);
    expect(sent).toMatchObject({ accept: "text/plain", range: "bytes=0-9" });
  });

  it("are returned with manual and rejected with error", async () => {
    const { url } = await redirecting();
    const response = await fetchForTest()(`${url}/begin`, { redirect: "manual", ...put, body: "x" });
    expect(response).toMatchObject({ status: 307, ok: false });
    expect(response.headers.get("location")).toBe("/end");
    const error = await rejection(fetchForTest()(`${url}/begin`, { redirect: "error" }));
    expect(error).toMatchObject({ name: "TypeError", cause: { code: "ERR_REDIRECTED" } });
  });

  it("are followed up to 20 times", async () => {
    let requests = 0;
    const { url } = await httpServer((request, response) => {
      requests += 1;
      const count = Number(request.url?.slice(1));
      if (count === 0) response.end();
      else response.writeHead(302, { location: `/${count - 1}` }).end();
    });
    expect((await fetchForTest()(`${url}/20`)).status).toBe(200);
    requests = 0;
    expect(await causeOf(fetchForTest()(`${url}/21`))).toMatchObject({ code: "ERR_REDIRECTED" });
    expect(requests).toBe(21);
  });

  it.each<[string, string, RequestInit]>([
    ["a request with a body", "/begin", { ...put, body: "x" }],
    ["one that changes something", "/begin", { method: "DELETE" }],
    ["one that goes round and round", "/loop", {}],
    ["one that leaves HTTP", "/begin", { headers: { "x-to": "ftp://127.0.0.1/" } }],
    ["one to nowhere", "/begin", { headers: { "x-to": "http://" } }],
  ])("are not followed: %s", async (_, path, init) => {
    const { url } = await redirecting();
    expect(await causeOf(fetchForTest()(url + path, init))).toMatchObject({ code: "ERR_REDIRECTED" });
  });
});

describe("invalid or failing requests", () => {
  it.each([["not a URL"], ["ftp://host/"], ["http://user:secret@127.0.0.1/"], ["/relative"]])(
    "is rejected, and the error does not repeat it: %s",
    async (url) => {
      const error = await rejection(fetchForTest()(url));
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).not.toMatch(/secret/);
    },
  );

  it("without a server have the system's error code", async () => {
    const { url, server } = await httpServer(echo);
    await new Promise((closed) => server.close(closed));
    expect(await causeOf(fetchForTest()(url))).toMatchObject({ code: "ECONNREFUSED" });
  });
});

function resolvers() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
