import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import {
  createServer as createSecureServer,
  type Server as SecureServer,
  type ServerOptions,
} from "node:https";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from "node:net";
import { onTestFinished } from "vitest";
import { createNodeFetch, type NodeFetch, type NodeFetchOptions } from "../../src/node/index.js";

export interface TestServer<S extends TcpServer = Server | SecureServer> {
  readonly url: string;
  readonly port: number;
  readonly server: S;
  /** All accepted connections. */
  readonly connections: readonly Socket[];
}

/** An HTTP server that closes at the end of the test. */
export async function httpServer(listener: RequestListener): Promise<TestServer> {
  return started(createServer({ keepAliveTimeout: 60_000 }, listener), "http");
}

export async function httpsServer(options: ServerOptions, listener: RequestListener): Promise<TestServer> {
  return started(createSecureServer({ keepAliveTimeout: 60_000, ...options }, listener), "https");
}

/** A raw TCP or TLS server. */
export async function tcpServer(onConnection: (socket: Socket) => void): Promise<TestServer<TcpServer>> {
  return started(createTcpServer(onConnection), "http");
}

async function started<S extends TcpServer>(server: S, scheme: string): Promise<TestServer<S>> {
  const connections: Socket[] = [];
  server.on("connection", (socket: Socket) => {
    connections.push(socket);
    // Clients break connections on purpose.
    socket.on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    for (const socket of connections) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  const { port } = addressOf(server);
  return { url: `${scheme}://127.0.0.1:${port}`, port, server, connections };
}

function addressOf(server: TcpServer): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address;
}

/** A fetch that closes with the test and ignores proxies in the environment. */
export function fetchForTest(options: NodeFetchOptions = {}): NodeFetch {
  const fetch = createNodeFetch({ proxy: false, ...options });
  onTestFinished(() => fetch.close());
  return fetch;
}

export async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return Buffer.concat(pieces);
}

/**
 * Reads a request with pauses of 40 ms. A client sees the progress in steps of a few MiB, as the kernel frees its buffers. Few long
 * pauses take about as long on a busy machine; many short ones would not.
 */
export async function readSlowly(
  incoming: IncomingMessage,
  { pauses, each }: { readonly pauses: number; readonly each: number },
): Promise<void> {
  let length = 0;
  let paused = 0;
  for await (const piece of incoming) {
    length += piece.length;
    if (paused >= pauses || length < (paused + 1) * each) continue;
    paused++;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Responds with a description of the request. */
export const echo: RequestListener = async (request, response) => {
  const body = await readAll(request).catch(() => undefined);
  if (body === undefined) return;
  const { method, url, headers } = request;
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify({
      method,
      url,
      headers,
      length: body.length,
      text: body.toString("latin1").slice(0, 100),
    }),
  );
};

export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly length: number;
  readonly text: string;
}

/** The response of `echo`. */
export async function readEcho(answer: Promise<Response>): Promise<Echo> {
  return JSON.parse(await (await answer).text());
}

/** The error of a promise. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("expected a rejection");
    },
    (error: unknown) => error,
  );
}

/** The cause of fetch's error. */
export async function causeOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  const error = await rejection(promise);
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) throw error;
  return error.cause;
}

/** Resolves when `holds` is true; the test's time limit applies. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
