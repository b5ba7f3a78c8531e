import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { createImageStoreClient } from "../../src/node/index.js";
import { packageOf, quick } from "./store.js";

/** A server that accepts every file, and counts the requests that it has at the same time. */
async function countingServer(delayMs: number, statusOf: (request: number) => number = () => 200) {
  const atOnce: number[] = [];
  let now = 0;
  const server = createServer((request, response) => {
    request.resume();
    now += 1;
    const status = request.method === "PUT" ? statusOf(atOnce.push(now)) : 404;
    const answer = () => {
      now -= 1;
      response.writeHead(status).end();
    };
    request.on("end", () => setTimeout(answer, delayMs));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const client = createImageStoreClient({
    endpoint: `http://127.0.0.1:${address.port}`,
    gatewayPlatform: "windows",
  });
  return {
    /** For each PUT, how many requests the server had then. */
    atOnce,
    upload: (files: number, concurrency?: number | "auto") => {
      const sizes = Object.fromEntries(Array.from({ length: files }, (_, index) => [`f${index}`, 10]));
      const options = { destination: "App", verify: false, retryOptions: quick };
      return client.uploadPackage(packageOf(sizes), {
        ...options,
        ...(concurrency === undefined ? {} : { concurrency }),
      });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe("Without the option `concurrency`", () => {
  it("a package begins with 8 requests and uses more while the server keeps up", async () => {
    await using server = await countingServer(40);
    await server.upload(600);
    expect(Math.max(...server.atOnce.slice(0, 16))).toBe(8);
    expect(Math.max(...server.atOnce)).toBeGreaterThan(16);
    expect(Math.max(...server.atOnce)).toBeLessThanOrEqual(64);
  });

  it.each([429, 503, 504])("it uses fewer after a %d", async (status) => {
    const failed = 17;
    await using server = await countingServer(40, (request) => (request <= failed ? status : 200));
    await server.upload(60);
    expect(Math.max(...server.atOnce.slice(0, failed))).toBe(8);
    // The requests after a failed one come from a level that was halved several times.
    expect(Math.max(...server.atOnce.slice(failed, failed + 6))).toBeLessThanOrEqual(4);
  });
});

describe("With a number", () => {
  it("there are never more requests, and as many after a failure", async () => {
    await using server = await countingServer(40, (request) => (request % 50 === 0 ? 503 : 200));
    await server.upload(300, 6);
    expect(Math.max(...server.atOnce)).toBe(6);
    expect(Math.max(...server.atOnce.slice(-30))).toBe(6);
  });
});
