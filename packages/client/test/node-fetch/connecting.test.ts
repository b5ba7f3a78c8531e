import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { causeOf, echo, fetchForTest, httpServer, rejection, tcpServer } from "./servers.js";

/** A server that listens and never accepts, with no room for more who wait for that. */
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
  it.runIf(process.platform === "linux")("has a limit where nobody accepts", async () => {
    const error = await rejection(fetchForTest({ connectTimeoutMs: 100 })(await neverAccepting()));
    expect(error).toMatchObject({
      neverSent: true,
      cause: { code: "ETIMEDOUT", message: "no connection within 100 ms" },
    });
  });

  it("has a limit where nobody shakes hands, through a proxy too", async () => {
    const silent = await tcpServer((socket) => void socket.resume());
    const url = `https://127.0.0.1:${silent.port}/`;
    for (const proxy of [false, silent.url] as const) {
      const error = await rejection(fetchForTest({ connectTimeoutMs: 100, proxy })(url));
      expect(error).toMatchObject({ neverSent: true, cause: { code: "ETIMEDOUT" } });
    }
  });

  it("is limited on its own: what comes after may take longer", async () => {
    const { url } = await httpServer((request, response) => {
      setTimeout(() => echo(request, response), 300);
    });
    expect((await fetchForTest({ connectTimeoutMs: 100 })(url)).status).toBe(200);
  });

  it.each([0, 1.5, -1, 2 ** 31])("cannot be limited to %d ms", (connectTimeoutMs) => {
    expect(() => fetchForTest({ connectTimeoutMs })).toThrow(
      expect.objectContaining({ parameter: "connectTimeoutMs" }),
    );
  });
});

describe("an error tells that nothing was sent", () => {
  it("when there was no connection", async () => {
    const fetch = fetchForTest();
    for (const url of ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://nowhere.invalid/"]) {
      expect(await rejection(fetch(url, { method: "PUT", body: "x" }))).toHaveProperty("neverSent", true);
    }
  });

  it("and not when there was one, be it new or kept", async () => {
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
