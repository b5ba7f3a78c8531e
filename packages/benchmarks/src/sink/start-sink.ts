import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Service } from "../children/serve-parent.js";
import { SinkStore } from "./sink-store.js";

export interface SinkOptions {
  /** How long to think about every request once it has arrived, in milliseconds. */
  readonly delayMs?: number;
  /** How many files its folder `Full` has. @default 0 */
  readonly entries?: number;
  /** For https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/**
 * A gateway that forgets: speaks as much of the protocol as uploads need, counts the bytes, and keeps none. It answers
 * 500 for a chunk that is not as long as it says, and refuses to commit what is incomplete: an upload that a benchmark
 * believes in has taken place.
 */
export async function startSink({ delayMs = 0, entries = 0, tls }: SinkOptions): Promise<Service> {
  const store = new SinkStore(entries);
  let requests = 0;
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    requests += 1;
    let bytes = 0;
    request.on("data", (data: Buffer) => {
      bytes += data.length;
    });
    request.on("end", () => {
      const answer = () => {
        const { status, body } = store.handle(request, bytes);
        response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length });
        response.end(body);
      };
      if (delayMs === 0) answer();
      else setTimeout(answer, delayMs);
    });
  };
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer(tls, onRequest);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the sink has no port");
  return {
    ready: { port: address.port },
    /** Tells how many requests came since it was last asked. */
    async run() {
      const counted = requests;
      requests = 0;
      return { requests: counted };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
