import { createServer, request as openRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { certify, sha1 } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { chooseProxy } from "../../src/node/fetch/proxy.js";
import { createImageStoreClient, createNodeFetch, type NodeFetchOptions } from "../../src/node/index.js";
import {
  causeOf,
  echo,
  fetchForTest,
  httpServer,
  httpsServer,
  readEcho,
  rejection,
  tcpServer,
  until,
} from "./servers.js";

const server = certify("cluster");
const pins = { serverThumbprints: [sha1(server)] };
const put = (size: number) => ({ method: "PUT", body: Buffer.alloc(size) });

/** A forward proxy as companies have them: tunnels for TLS, everything else by absolute URLs. */
async function startProxy({ authorization = "", refuse = 0, breakAfter = Number.POSITIVE_INFINITY } = {}) {
  const log: string[] = [];
  const proxy = createServer((request, response) => {
    log.push(`${request.method} ${request.url}`);
    if (authorization !== "" && request.headers["proxy-authorization"] !== authorization) {
      response.writeHead(407).end();
      return;
    }
    const { "proxy-authorization": _, ...headers } = request.headers;
    const onward = openRequest(request.url ?? "", { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  proxy.on("connect", (request, socket) => {
    log.push(`CONNECT ${request.url}`);
    socket.on("error", () => {});
    const isWelcome = authorization === "" || request.headers["proxy-authorization"] === authorization;
    const status = refuse !== 0 ? refuse : isWelcome ? 200 : 407;
    socket.write(`HTTP/1.1 ${status} Said The Proxy\r\n\r\n`);
    if (status !== 200) return void socket.end();
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = connect(Number(port), hostname, () => socket.pipe(onward).pipe(socket));
    onward.on("error", () => socket.destroy());
    let passed = 0;
    socket.on("data", (data) => {
      passed += data.length;
      if (passed > breakAfter) socket.destroy();
    });
    socket.on("close", () => onward.destroy());
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    proxy.closeAllConnections();
    await new Promise((closed) => proxy.close(closed));
  });
  const address = proxy.address() as AddressInfo;
  return { host: `127.0.0.1:${address.port}`, url: `http://127.0.0.1:${address.port}`, log };
}

describe("a proxy", () => {
  it("forwards requests over plain HTTP and keeps the connection", async () => {
    const proxy = await startProxy();
    const { url } = await httpServer(echo);
    const fetch = fetchForTest({ proxy: proxy.url });
    const sent = await readEcho(fetch(`${url}/a?b`, put(100_000)));
    expect(sent).toMatchObject({
      url: "/a?b",
      length: 100_000,
      headers: { host: url.slice("http://".length) },
    });
    await fetch(url);
    expect(proxy.log).toEqual([`PUT ${url}/a?b`, `GET ${url}/`]);
  });

  it("opens one tunnel for many HTTPS requests, and the server is still verified", async () => {
    const proxy = await startProxy();
    const { url, port } = await httpsServer(server, echo);
    const fetch = fetchForTest({ ...pins, proxy: new URL(proxy.url) });
    for (let i = 0; i < 3; i++)
      expect(await readEcho(fetch(url, put(100_000)))).toMatchObject({ length: 100_000 });
    expect(proxy.log).toEqual([`CONNECT 127.0.0.1:${port}`]);
    const wrong = fetchForTest({ serverThumbprints: [sha1(certify("x"))], proxy: proxy.url });
    expect(await causeOf(wrong(url))).toMatchObject({ code: "ERR_SERVER_CERTIFICATE" });
  });

  it("receives its decoded user name and password, and no other server does", async () => {
    const authorization = `Basic ${Buffer.from("me@home:p:w d").toString("base64")}`;
    const proxy = await startProxy({ authorization });
    const withUser = `http://me%40home:p%3Aw%20d@${proxy.host}`;
    const plain = await httpServer(echo);
    const secure = await httpsServer(server, echo);
    const fetch = fetchForTest({ ...pins, proxy: withUser });
    for (const { url } of [plain, secure]) {
      expect((await readEcho(fetch(url))).headers).not.toHaveProperty("proxy-authorization");
    }
    expect(proxy.log).toHaveLength(2);
  });

  it("that refuses causes an error over TLS with the proxy's message and no credentials", async () => {
    const proxy = await startProxy({ authorization: "Basic other" });
    const { url, port } = await httpsServer(server, echo);
    const withUser = `http://user:pass-word@${proxy.host}`;
    const error = await rejection(fetchForTest({ ...pins, proxy: withUser })(url));
    expect(error).toMatchObject({
      cause: {
        code: "ERR_PROXY_REFUSED",
        message: `the proxy ${proxy.host} did not open a tunnel to 127.0.0.1:${port}: it responded 407 Said The Proxy`,
      },
    });
    expect(everything(error)).not.toMatch(/pass-word|user|Basic/);
    const plain = await httpServer(echo);
    expect((await fetchForTest({ proxy: withUser })(plain.url)).status).toBe(407);
  });

  it.each([302, 502])("that responds %d to CONNECT is not treated as the server", async (refuse) => {
    const proxy = await startProxy({ refuse });
    const error = await causeOf(fetchForTest({ proxy: proxy.url })("https://cluster.example:19080/"));
    expect(error).toMatchObject({ code: "ERR_PROXY_REFUSED", message: expect.stringContaining(`${refuse}`) });
  });

  it.each([
    ["https://[::1]:19080/", "[::1]:19080"],
    ["https://cluster.example/", "cluster.example:443"],
  ])("receives the target of a tunnel to %s", async (url, target) => {
    const proxy = await startProxy({ refuse: 503 });
    await causeOf(fetchForTest({ proxy: proxy.url })(url));
    expect(proxy.log).toEqual([`CONNECT ${target}`]);
  });

  it.each([
    ["502", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "502 Bad Gateway"],
    ["bytes ahead of the server's", "HTTP/1.1 200 OK\r\n\r\nx", "with unexpected bytes"],
  ])("that responds %s opens no tunnel, and its connection is closed", async (_, text, reason) => {
    const { port, connections } = await tcpServer((socket) => {
      socket.once("data", () => socket.write(text));
    });
    const fetch = fetchForTest({ proxy: `http://127.0.0.1:${port}`, connectTimeoutMs: 600_000 });
    expect(await causeOf(fetch("https://cluster.example/"))).toMatchObject({
      code: "ERR_PROXY_REFUSED",
      message: expect.stringContaining(`it responded ${reason}`),
    });
    await until(() => connections.length === 1 && connections.every(({ destroyed }) => destroyed));
  });

  it("that breaks a tunnel fails only that request", async () => {
    const proxy = await startProxy({ breakAfter: 1_000_000 });
    const { url } = await httpsServer(server, echo);
    const fetch = fetchForTest({ ...pins, proxy: proxy.url });
    for (let i = 0; i < 2; i++) {
      expect((await causeOf(fetch(url, put(20_000_000)))).code).toMatch(/^(ECONNRESET|EPIPE)$/);
    }
    expect((await fetch(url, put(100_000))).status).toBe(200);
    expect(proxy.log).toHaveLength(3);
  });

  it("that cannot be reached causes an error with the system's code", async () => {
    const fetch = fetchForTest({ proxy: "http://user:pass-word@127.0.0.1:1" });
    for (const url of ["http://cluster.example/", "https://cluster.example/"]) {
      const error = await rejection(fetch(url));
      expect(error).toMatchObject({ cause: { code: "ECONNREFUSED" } });
      expect(everything(error)).not.toContain("pass-word");
    }
    const cause = await causeOf(fetch("https://cluster.example/"));
    expect(cause.message).toBe("the proxy 127.0.0.1:1 failed: connect ECONNREFUSED 127.0.0.1:1");
  });

  it("that does not respond fails after the idle time or an abort", async () => {
    const { port } = await httpServer(() => {}).then((target) => {
      target.server.on("connect", () => {});
      return target;
    });
    const proxy = `http://127.0.0.1:${port}`;
    const url = "https://cluster.example/";
    expect(await causeOf(fetchForTest({ proxy, idleTimeoutMs: 100 })(url))).toMatchObject({
      code: "ETIMEDOUT",
    });
    const controller = new AbortController();
    const aborted = rejection(fetchForTest({ proxy })(url, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    expect(await aborted).toBe(controller.signal.reason);
  });

  it.each(["proxy.example:3128", "socks5://127.0.0.1:1080", "https://u:secret@h", "http://", "secret"])(
    "must be the URL of an HTTP proxy: %s is rejected, and the error does not repeat it",
    (proxy) => {
      expect(() => createNodeFetch({ proxy })).toThrow(
        expect.objectContaining({
          name: "InvalidInputError",
          parameter: "proxy",
          message: expect.not.stringContaining("secret"),
        }),
      );
    },
  );
});

describe("environment variables", () => {
  const environment = (values: Record<string, string>) => {
    for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]) {
      vi.stubEnv(name, values[name] ?? "");
      vi.stubEnv(name.toUpperCase(), values[name.toUpperCase()] ?? "");
    }
    onTestFinished(() => void vi.unstubAllEnvs());
  };
  const named = (value: string) => (/^[PQ]$/.test(value) ? `http://${value.toLowerCase()}` : value);
  const made = () => {
    const fetch = createNodeFetch(pins);
    onTestFinished(() => fetch.close());
    return fetch;
  };

  it.each<[string, Record<string, string>, NodeFetchOptions["proxy"], (string | undefined)[]]>([
    ["names a proxy per scheme", { HTTP_PROXY: "P", https_proxy: "Q" }, undefined, ["p:80", "q:80"]],
    ["names one for HTTPS only", { HTTPS_PROXY: "P" }, undefined, [undefined, "p:80"]],
    ["needs no scheme", { HTTP_PROXY: "p:8080", HTTPS_PROXY: "q" }, undefined, ["p:8080", "q:80"]],
    ["needs none for all", { all_proxy: "me:word@p:8080" }, undefined, ["p:8080", "p:8080"]],
    ["excepts servers", { ALL_PROXY: "P", NO_PROXY: "a,cluster.example" }, undefined, [undefined, undefined]],
    ["does not count beside proxy: false", { ALL_PROXY: "P" }, false, [undefined, undefined]],
  ])("%s", (_, values, option, expected) => {
    environment(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, named(value)])));
    const proxyFor = chooseProxy(option);
    const urls = ["http://cluster.example/", "https://cluster.example/"];
    expect(urls.map((url) => proxyFor(new URL(url))?.name)).toEqual(expected);
  });

  it("set the proxy", async () => {
    const proxy = await startProxy({ refuse: 503 });
    environment({ HTTPS_PROXY: proxy.url });
    expect(await causeOf(made()("https://cluster.example/"))).toMatchObject({ code: "ERR_PROXY_REFUSED" });
    expect(proxy.log).toEqual(["CONNECT cluster.example:443"]);
  });

  it("set no proxy for requests to this machine", async () => {
    const proxy = await startProxy();
    environment({ ALL_PROXY: proxy.url, HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });
    const plain = await httpServer(echo);
    const secure = await httpsServer(server, echo);
    const fetch = made();
    const local = [plain.url, plain.url.replace("127.0.0.1", "localhost"), secure.url];
    for (const url of local) expect((await fetch(url)).status).toBe(200);
    expect(proxy.log).toEqual([]);
  });

  it.each([
    ["HTTPS_PROXY", "socks5://user:secret@127.0.0.1", "not with socks5://"],
    ["all_proxy", "socks5://127.0.0.1:1080", "not with socks5://"],
    ["ALL_PROXY", "https://user:secret@127.0.0.1", "not with https://"],
    ["https_proxy", "http://", "such as http://proxy.example:3128."],
  ])("with an invalid proxy cause an error that names the variable %s: %s", async (name, value, reason) => {
    environment({ [name]: value });
    const client = createImageStoreClient({ endpoint: "https://cluster.example", fetch: made() });
    for (const call of [made()("https://cluster.example/"), client.getImageStoreInfo()]) {
      const error = await rejection(call);
      expect(error).toMatchObject({
        name: "InvalidInputError",
        parameter: "proxy",
        message: expect.stringMatching(
          `^proxy from the environment variable ${name} must be the URL of an HTTP proxy`,
        ),
      });
      expect(everything(error)).toContain(reason);
      expect(everything(error)).not.toContain("secret");
    }
  });
});

function everything(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const parts = error instanceof AggregateError ? error.errors.map(everything) : [];
  return [error.stack, JSON.stringify(error), everything(error.cause), ...parts].join("\n");
}
