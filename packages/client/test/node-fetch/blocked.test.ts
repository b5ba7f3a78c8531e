import { once } from "node:events";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { certify } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { IdleTimer } from "../../src/node/fetch/idle-timer.js";
import { fetchForTest } from "./servers.js";

const authority = certify("Test authority", undefined, { isAuthority: true });
const server = certify("cluster", authority);

/** A server on its own thread, which works on while this thread is blocked. */
async function serverThread(): Promise<{ readonly port: number; readonly securePort: number }> {
  const program = `
    const { parentPort, workerData } = require("node:worker_threads");
    const onRequest = async (request, response) => {
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      // Reads slowly, then responds slowly.
      for await (const _ of request) await wait(1);
      response.writeHead(200, { "content-length": 200_000 });
      for (let i = 0; i < 100; i++) {
        response.write(Buffer.alloc(2000));
        await wait(10);
      }
      response.end();
    };
    const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
    Promise.all([
      listen(require("node:http").createServer(onRequest)),
      listen(require("node:https").createServer(workerData, onRequest)),
    ]).then((ports) => parentPort.postMessage(ports));`;
  const worker = new Worker(program, { eval: true, workerData: server });
  onTestFinished(() => void worker.terminate());
  const [[port, securePort]] = await once(worker, "message");
  return { port, securePort };
}

/** Blocks the event loop, so that timers fire before sockets are read. */
function blockRepeatedly(ms: number): void {
  let isOver = false;
  const block = () => {
    if (isOver) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    // Several turns in between, in which bytes move.
    setTimeout(() => setImmediate(block), 5);
  };
  setImmediate(block);
  onTestFinished(() => {
    isOver = true;
  });
}

it.each(["http", "https"])("a blocked event loop does not count as idle time, over %s", async (scheme) => {
  const { port, securePort } = await serverThread();
  const fetch = fetchForTest({ ca: authority.cert, serverCommonNames: ["cluster"], idleTimeoutMs: 100 });
  blockRepeatedly(250);
  const url = `${scheme}://127.0.0.1:${scheme === "http" ? port : securePort}/`;
  const response = await fetch(url, { method: "PUT", body: Buffer.alloc(16 * 1024 * 1024) });
  expect((await response.arrayBuffer()).byteLength).toBe(200_000);
});

describe("an idle timer", () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** The results of timeout events at these times, with the bytes read before each. */
  async function elapsed(ms: number, events: readonly (readonly [at: number, bytesRead: number])[]) {
    const socket = new Socket();
    onTestFinished(() => void socket.destroy());
    const now = vi.spyOn(performance, "now");
    const read = vi.spyOn(socket, "bytesRead", "get");
    onTestFinished(() => now.mockRestore());
    const timer = new IdleTimer(socket);
    timer.start(ms);
    const results: boolean[] = [];
    for (const [at, bytesRead] of events) {
      now.mockReturnValue(at);
      read.mockReturnValue(bytesRead);
      socket.setTimeout(0);
      results.push(timer.hasElapsed());
      await turn();
      // It measures the second half.
      if (!results.at(-1)) expect(socket.timeout).toBe(ms / 2);
    }
    return results;
  }

  it("needs two halves without bytes", async () => {
    expect(
      await elapsed(1000, [
        [500, 0],
        [1000, 0],
      ]),
    ).toEqual([false, true]);
    expect(
      await elapsed(1000, [
        [500, 0],
        [1000, 1],
        [1500, 1],
      ]),
    ).toEqual([false, false, true]);
  });

  it("starts over if the second event is late", async () => {
    expect(
      await elapsed(1000, [
        [500, 0],
        [2000, 0],
        [2500, 0],
      ]),
    ).toEqual([false, false, true]);
  });

  it("that was stopped does not measure a second half", async () => {
    const socket = new Socket();
    const timer = new IdleTimer(socket);
    timer.start(1000);
    expect(timer.hasElapsed()).toBe(false);
    timer.stop();
    await turn();
    expect(socket.timeout).toBe(0);
  });
});
