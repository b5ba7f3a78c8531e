import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEventListeners } from "node:events";
import { Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  causeOf,
  echo,
  fetchForTest,
  httpServer,
  readAll,
  readEcho,
  readSlowly,
  rejection,
  tcpServer,
  until,
} from "./servers.js";

const put = (body: NonNullable<RequestInit["body"]>, rest: RequestInit = {}) => ({
  method: "PUT",
  body,
  ...rest,
});

/** More than the kernel buffers on both sides hold. */
const large = 32 * 1024 * 1024;

describe("kept connections", () => {
  it("carry 1,000 sequential requests over one connection, and 1,000 concurrent ones over a few", async () => {
    const warn = vi.spyOn(process, "emitWarning");
    onTestFinished(() => void warn.mockRestore());
    const { url, connections } = await httpServer(echo);
    const fetch = fetchForTest();
    for (let i = 0; i < 1000; i++) await fetch(url, put(Buffer.alloc(10)));
    expect(connections).toHaveLength(1);
    const lanes = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 250; i++) await fetch(url, put(Buffer.alloc(10)));
    });
    await Promise.all(lanes);
    expect(connections.length).toBeLessThanOrEqual(8);
    // Node would warn about accumulating listeners on a socket.
    expect(warn).not.toHaveBeenCalled();
  });

  it("are not kept with keepAlive: false", async () => {
    const { url, connections } = await httpServer(echo);
    const fetch = fetchForTest({ keepAlive: false });
    expect((await readEcho(fetch(url))).headers["connection"]).toBe("close");
    await fetch(url);
    expect(connections).toHaveLength(2);
  });

  it("are closed by close, idle or in use, and not kept afterwards", async () => {
    const arrived: (() => void)[] = [];
    const { url, connections } = await httpServer((request, response) => {
      request.resume();
      if (request.url === "/slow") arrived.push(() => response.end());
      else response.end();
    });
    const fetch = fetchForTest();
    const slow = fetch(`${url}/slow`);
    await fetch(url);
    await until(() => arrived.length === 1);
    await fetch.close();
    await until(() => connections.filter(({ destroyed }) => !destroyed).length === 1);
    for (const answer of arrived) answer();
    expect((await slow).status).toBe(200);
    await until(() => connections.every(({ destroyed }) => destroyed));
    expect((await fetch(url)).status).toBe(200);
    await until(() => connections.every(({ destroyed }) => destroyed));
    await fetch[Symbol.asyncDispose]();
  });

  it("are closed when close resolves, and before HTTP.sys closes idle ones", async () => {
    const sockets: Socket[] = [];
    const note = (message: unknown) => {
      if (typeof message !== "object" || message === null || !("socket" in message)) return;
      if (message.socket instanceof Socket) sockets.push(message.socket);
    };
    subscribe("net.client.socket", note);
    onTestFinished(() => void unsubscribe("net.client.socket", note));
    const { url, server } = await httpServer(echo);
    // Without a Keep-Alive header in its responses.
    if ("keepAliveTimeout" in server) server.keepAliveTimeout = 0;
    const fetch = fetchForTest();
    await fetch(url);
    await until(() => sockets[0]?.timeout === 90_000);
    await fetch.close();
    expect(sockets.map(({ closed }) => closed)).toEqual([true]);
  });

  it("are reused starting with the one used last", async () => {
    const pending = new Map<string, () => void>();
    const ports: (number | undefined)[] = [];
    const { url } = await httpServer((request, response) => {
      ports.push(request.socket.remotePort);
      pending.set(request.url ?? "", () => response.end());
    });
    const fetch = fetchForTest();
    const answers = [fetch(`${url}/a`), fetch(`${url}/b`)];
    await until(() => pending.size === 2);
    const order = [...pending.keys()];
    for (const [index, path] of order.entries()) {
      pending.get(path)?.();
      await answers[path === "/a" ? 0 : 1];
      // Its connection is idle now.
      if (index === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const next = fetch(`${url}/c`);
    await until(() => pending.has("/c"));
    pending.get("/c")?.();
    await next;
    expect(ports[2]).toBe(ports[1]);
  });

  it("with maxSockets, other requests wait, and aborted ones leave the queue", async () => {
    let busy = 0;
    let most = 0;
    const { url, connections } = await httpServer(async (request, response) => {
      most = Math.max(most, ++busy);
      await readAll(request);
      setTimeout(() => {
        busy--;
        response.end();
      }, 10);
    });
    const fetch = fetchForTest({ maxSockets: 2 });
    const controller = new AbortController();
    const sent = Array.from({ length: 10 }, () => fetch(url, put("x")));
    const aborted = rejection(fetch(url, put("x", { signal: controller.signal })));
    controller.abort();
    expect(await aborted).toBe(controller.signal.reason);
    await Promise.all(sent);
    expect(most).toBe(2);
    expect(connections.length).toBeLessThanOrEqual(2);
    // Failed requests release their slot, too.
    await rejection(fetch("http://127.0.0.1:1/"));
    await rejection(fetch("http://127.0.0.1:1/"));
    expect((await fetch(url)).status).toBe(200);
  });
});

describe("a kept connection that the server closed when a request was sent", () => {
  /** Responds to the first request of every connection and resets it at the second. */
  const resetting = () => {
    const heads: string[] = [];
    return tcpServer((socket) => {
      let count = 0;
      socket.on("data", (data) => {
        heads.push(String(data).split("\r\n")[0] ?? "");
        if (++count === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        else socket.resetAndDestroy();
      });
    }).then((server) => ({ ...server, heads }));
  };

  it.each(["GET", "HEAD"])("%s is retried once on a new one", async (method) => {
    const { url, connections, heads } = await resetting();
    const fetch = fetchForTest();
    await fetch(url);
    expect((await fetch(url, { method })).status).toBe(200);
    expect(connections).toHaveLength(2);
    expect(heads).toHaveLength(3);
  });

  it("a GET is not retried on another idle connection", async () => {
    const { url, connections, heads } = await resetting();
    const fetch = fetchForTest();
    await Promise.all([fetch(url), fetch(url)]);
    expect(connections).toHaveLength(2);
    expect((await fetch(url)).status).toBe(200);
    expect(connections).toHaveLength(3);
    expect(heads).toHaveLength(4);
  });

  it.each<[string, RequestInit]>([
    ["PUT with a body", put("x")],
    ["PUT without one", { method: "PUT" }],
    ["DELETE", { method: "DELETE" }],
    ["POST", { method: "POST" }],
  ])("%s is not retried", async (_, init) => {
    const { url, heads } = await resetting();
    const fetch = fetchForTest();
    await fetch(url);
    expect(await causeOf(fetch(url, init))).toMatchObject({ code: "ECONNRESET" });
    expect(heads).toHaveLength(2);
  });

  it("a GET on a new connection that is reset is not retried", async () => {
    const { url, connections } = await tcpServer((socket) => {
      socket.on("data", () => socket.resetAndDestroy());
    });
    expect(await causeOf(fetchForTest()(url))).toMatchObject({ code: "ECONNRESET" });
    expect(connections).toHaveLength(1);
  });

  it("a GET on a new connection, or with a partial response, is not retried", async () => {
    let count = 0;
    const { url } = await tcpServer((socket) => {
      socket.on("data", () => {
        count++;
        if (count === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        else socket.write("HTTP/1.1 20", () => socket.destroy());
      });
    });
    const fetch = fetchForTest();
    await fetch(url);
    expect(await causeOf(fetch(url))).toMatchObject({ code: "ECONNRESET" });
    expect(count).toBe(2);
    expect(await causeOf(fetch(url))).toMatchObject({ code: "ECONNRESET" });
    expect(count).toBe(3);
  });
});

describe("the memory of a body after the promise settles", () => {
  /** The buffers that a socket still has to send. Empty after it is destroyed. */
  const isOver = (connections: readonly Socket[]) =>
    until(() => connections.every(({ destroyed }) => destroyed));

  it("a response before the body is sent closes the connection and is complete", async () => {
    const text = "x".repeat(10_000);
    const { url, connections } = await tcpServer((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.write(`HTTP/1.1 403 No\r\nContent-Length: ${text.length}\r\n\r\n`);
        setTimeout(() => socket.write(text), 20);
      });
    });
    const fetch = fetchForTest();
    const response = await fetch(url, put(Buffer.alloc(large)));
    expect(response.status).toBe(403);
    expect(await response.text()).toBe(text);
    for (const socket of connections) socket.resume();
    await isOver(connections);
    expect(connections).toHaveLength(1);
  });

  it("a long response of that kind is cut off with an error", async () => {
    const { url } = await tcpServer((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 403 No\r\nContent-Length: 1000000\r\n\r\n");
        socket.write(Buffer.alloc(1_000_000));
      });
    });
    const response = await fetchForTest()(url, put(Buffer.alloc(large)));
    expect(response.status).toBe(403);
    expect(await rejection(response.text())).toMatchObject({ cause: { code: "ERR_ANSWER_CUT_OFF" } });
  });

  it("may be overwritten after an early response or an abort, and the server never receives the new bytes", async () => {
    const received: Buffer[] = [];
    const sockets: Socket[] = [];
    const { url } = await tcpServer((socket) => {
      sockets.push(socket);
      socket.once("data", (first) => {
        received.push(first);
        socket.pause();
        socket.on("data", (data) => received.push(data));
        if (String(first).includes(" /early ")) socket.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
        socket.pause();
      });
    });
    const fetch = fetchForTest();
    const body = Buffer.alloc(large, 1);
    expect((await fetch(`${url}/early`, put(body))).status).toBe(500);
    body.fill(2);
    for (const socket of sockets) socket.resume();
    await isOver(sockets);
    body.fill(1);
    const controller = new AbortController();
    const aborted = rejection(fetch(url, put(body, { signal: controller.signal })));
    await until(() => sockets.length === 2);
    setTimeout(() => controller.abort(), 50);
    await aborted;
    body.fill(2);
    for (const socket of sockets) socket.resume();
    await isOver(sockets);
    expect(received.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(100_000);
    expect(received.some((data) => data.includes(2))).toBe(false);
  });

  it("a response after the whole body keeps the connection", async () => {
    const { url, connections } = await httpServer(echo);
    const fetch = fetchForTest();
    for (let i = 0; i < 3; i++) {
      expect(await (await fetch(url, put(Buffer.alloc(large)))).json()).toMatchObject({ length: large });
    }
    expect(connections).toHaveLength(1);
  });
});

describe("abort", () => {
  it.each(["before", "while connecting", "mid-body", "while waiting for the answer"])(
    "%s rejects with the signal's reason",
    async (when) => {
      const { url, connections } = await tcpServer((socket) => {
        if (when === "mid-body") socket.pause();
        else socket.resume();
      });
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new RangeError("enough");
      if (when === "before") controller.abort(reason);
      const body = when === "mid-body" ? Buffer.alloc(large) : "x";
      const failed = rejection(fetchForTest()(url, put(body, { signal })));
      if (when === "while connecting") controller.abort(reason);
      setTimeout(() => controller.abort(reason), 50);
      expect(await failed).toBe(reason);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
      for (const socket of connections) socket.resume();
      await until(() => connections.every(({ destroyed }) => destroyed));
    },
  );

  it("by a timeout rejects with its TimeoutError", async () => {
    const { url } = await tcpServer((socket) => void socket.resume());
    const error = await rejection(fetchForTest()(url, { signal: AbortSignal.timeout(20) }));
    expect(error).toMatchObject({ name: "TimeoutError" });
  });

  it("leaves no listener on a shared signal and causes no warning", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const { url, connections } = await httpServer(echo);
    const fetch = fetchForTest();
    const { signal } = new AbortController();
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 20 }, () => fetch(url, put("x", { signal }))));
    }
    await rejection(fetch("http://127.0.0.1:1/", { signal }));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(warnings).toEqual([]);
    expect(connections.length).toBeLessThanOrEqual(40);
  });
});

describe("idle time", () => {
  it("is exceeded while a server reads nothing", async () => {
    const { url } = await tcpServer((socket) => void socket.pause());
    expect(await causeOf(fetchForTest({ idleTimeoutMs: 200 })(url, put(Buffer.alloc(large))))).toMatchObject({
      name: "TransportError",
      code: "ETIMEDOUT",
      message: expect.stringContaining("while sending"),
    });
  });

  it.each([100, 100_000])("is exceeded during a response after %d bytes", async (bytes) => {
    const { url } = await httpServer((_, response) => {
      response.writeHead(200, { "content-length": 1_000_000 });
      response.write(Buffer.alloc(bytes));
    });
    const fetch = fetchForTest({ idleTimeoutMs: 200 });
    const error = await causeOf(fetch(url).then((response) => response.text()));
    expect(error).toMatchObject({ code: "ETIMEDOUT", message: expect.stringContaining("receiving") });
  });

  it("does not count while the server works or while bytes move slowly", async () => {
    const { url } = await httpServer(async (request, response) => {
      await readSlowly(request, { pauses: 40, each: large / 40 });
      setTimeout(() => {
        response.writeHead(200, { "content-length": 10 });
        let sent = 0;
        const timer = setInterval(() => {
          response.write("x");
          if (++sent === 10) {
            clearInterval(timer);
            response.end();
          }
        }, 150);
      }, 1200);
    });
    const response = await fetchForTest({ idleTimeoutMs: 1000 })(url, put(Buffer.alloc(large)));
    expect(await response.text()).toBe("xxxxxxxxxx");
  });

  it("of one request does not affect the next one on the same connection", async () => {
    const { url, connections } = await httpServer((request, response) => {
      request.resume();
      setTimeout(() => response.end(), request.url === "/slow" ? 400 : 0);
    });
    const fetch = fetchForTest({ idleTimeoutMs: 150 });
    for (const path of ["/", "/slow", "/", "/slow"]) expect((await fetch(url + path)).status).toBe(200);
    expect(connections).toHaveLength(1);
  });
});

describe("half-closed sockets", () => {
  it("a server that closes its side without a response causes an error", async () => {
    const { url } = await tcpServer((socket) => void socket.on("data", () => socket.end()));
    expect(await causeOf(fetchForTest()(url, put("x")))).toMatchObject({ code: "ECONNRESET" });
  });

  it("a server that responds and closes its side is supported", async () => {
    const { url } = await tcpServer((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.end("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
      });
    });
    const response = await fetchForTest()(url, put(Buffer.alloc(large)));
    expect([response.status, await response.text()]).toEqual([413, "big"]);
  });
});
