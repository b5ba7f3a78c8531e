import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";
import {
  type Contract,
  compileContract,
  type Exchange,
  loadContract,
  recordingFetch,
} from "openapi-contract";
import { rules } from "../src/rules.js";

export const specs = resolve(import.meta.dirname, "../../../specs");

/** The contract of the image store, or of another document of this project, from its sources. */
export async function ownContract(name = "image-store"): Promise<Contract> {
  const spec = resolve(specs, `${name}.swagger.yaml`);
  const overlay = resolve(specs, `${name}.overlay.yaml`);
  return compileContract(await loadContract({ spec, overlay, strict: true }), rules);
}

/** A copy of an example that a test may change. */
export function example(name: string, folder = "examples"): { [name: string]: unknown } {
  return JSON.parse(readFileSync(resolve(specs, folder, `${name}.json`), "utf8"));
}

/** Lets a client make a call against a real server with one response. Returns the requests and the outcome of the call. */
export async function exchangeOf(
  status: number,
  body: unknown,
  call: (options: {
    readonly endpoint: string;
    readonly fetch: ReturnType<typeof recordingFetch>;
    readonly retryOptions: { readonly maxRetries: number };
  }) => Promise<unknown>,
) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const exchanges: Exchange[] = [];
  try {
    const recording = recordingFetch(fetch, (exchange) => exchanges.push(exchange));
    // One request for each example, with any response.
    const options = { endpoint, fetch: recording, retryOptions: { maxRetries: 0 } };
    const outcome = await call(options).catch((error: unknown) => error);
    return { exchanges, outcome };
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}
