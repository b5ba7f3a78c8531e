import { spawn } from "node:child_process";
import dns, { type LookupAddress } from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { causeOf, echo, fetchForTest, httpServer, readEcho, rejection, tcpServer } from "./servers.js";

/** A server that listens but never accepts, with a full backlog. */
async function neverAccepting(): Promise<string> {
  const program = `
    const server = require("node:net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [port] = await once(child.stdout, "data");
  for (let i = 0; i < 4; i++) {
    const waiting = connect(Number(port), "127.0.0.1");
    waiting.on("error", () => {});
    onTestFinished(() => void waiting.destroy());
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  return `http://127.0.0.1:${port}/`;
}

describe("connecting", () => {
  it.runIf(process.platform === "linux")("times out if the server does not accept", async () => {
    const error = await rejection(fetchForTest({ connectTimeoutMs: 100 })(await neverAccepting()));
    expect(error).toMatchObject({
      neverSent: true,
      cause: { code: "ETIMEDOUT", message: "no connection within 100 ms" },
    });
  });

  it("times out if the server does not start the handshake, through a proxy too", async () => {
    const silent = await tcpServer((socket) => void socket.resume());
    const url = `https://127.0.0.1:${silent.port}/`;
    for (const proxy of [false, silent.url] as const) {
      const error = await rejection(fetchForTest({ connectTimeoutMs: 100, proxy })(url));
      expect(error).toMatchObject({ neverSent: true, cause: { code: "ETIMEDOUT" } });
    }
  });

  it("has its own limit: the request may take longer", async () => {
    const { url } = await httpServer((request, response) => {
      setTimeout(() => echo(request, response), 300);
    });
    expect((await fetchForTest({ connectTimeoutMs: 100 })(url)).status).toBe(200);
  });

  it.each([0, 1.5, -1, 2 ** 31])("rejects connectTimeoutMs: %d", (connectTimeoutMs) => {
    expect(() => fetchForTest({ connectTimeoutMs })).toThrow(
      expect.objectContaining({ parameter: "connectTimeoutMs" }),
    );
  });
});

describe("the address", () => {
  it("may be the second one of a host", async () => {
    const { port } = await httpServer(echo);
    const addresses: LookupAddress[] = [
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ];
    const lookup = vi.fn((_host: string, _options: unknown, done: (...of: unknown[]) => void) =>
      done(null, addresses),
    );
    const original = dns.lookup;
    onTestFinished(() => void Object.assign(dns, { lookup: original }));
    Object.assign(dns, { lookup });
    const response = await fetchForTest()(`http://two.example:${port}/`);
    expect(response.status).toBe(200);
    expect(lookup).toHaveBeenCalled();
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === "::1"),
  );

  it.runIf(hasIpv6)("may be an IPv6 address", async () => {
    const server = createServer(echo);
    await new Promise<void>((listening) => server.listen(0, "::1", listening));
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    const fetch = fetchForTest();
    const { headers } = await readEcho(fetch(`http://[::1]:${address.port}/`));
    expect(headers["host"]).toBe(`[::1]:${address.port}`);
    await fetch.close();
  });
});

describe("neverSent", () => {
  it("is set if there was no connection", async () => {
    const fetch = fetchForTest();
    for (const url of ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://nowhere.invalid/"]) {
      expect(await rejection(fetch(url, { method: "PUT", body: "x" }))).toHaveProperty("neverSent", true);
    }
  });

  it("is not set if there was a new or kept connection", async () => {
    const { url } = await httpServer((request, response) => {
      if (request.url === "/break") response.socket?.resetAndDestroy();
      else echo(request, response);
    });
    const fetch = fetchForTest();
    const put = { method: "PUT", body: "x" };
    const fresh = await rejection(fetch(`${url}/break`, put));
    await fetch(url);
    const kept = await rejection(fetch(`${url}/break`, put));
    for (const error of [fresh, kept]) expect(error).not.toHaveProperty("neverSent");
    expect(await causeOf(fetch(`${url}/break`, put))).toMatchObject({ code: "ECONNRESET" });
  });
});
