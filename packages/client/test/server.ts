import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createImageStoreClient, type ImageStoreClient } from "../src/index.js";

export interface AnsweringServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly client: ImageStoreClient;
  /** The requests received so far. */
  readonly requests: readonly { method: string; url: string; headers: IncomingMessage["headers"] }[];
}

/** A real HTTP server that sends the same response to every request. */
export async function answering(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<AnsweringServer> {
  const requests: AnsweringServer["requests"][number][] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers });
    request.resume();
    answer(response, request);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const endpoint = `http://127.0.0.1:${address.port}`;
  return {
    endpoint,
    // Tests of retries create their own client.
    client: createImageStoreClient({ endpoint, retryOptions: { maxRetries: 0 } }),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export function answeringJson(status: number, body: unknown): Promise<AnsweringServer> {
  return answering((response) => {
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
}

/** The error that a call rejected with. */
export async function rejection(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => {
      throw new Error("expected the call to reject");
    },
    (error: unknown) => error,
  );
}
