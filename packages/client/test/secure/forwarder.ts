import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy to a server that can be cut. */
export interface Forwarder extends AsyncDisposable {
  readonly endpoint: string;
  /** The number of bytes forwarded to the server. */
  readonly forwardedBytes: () => number;
  /** Breaks its connections and accepts no more. */
  cut(): void;
}

export async function forwardTo(endpoint: string): Promise<Forwarder> {
  const { hostname, port, protocol, pathname } = new URL(endpoint);
  const sockets = new Set<Socket>();
  let forwardedBytes = 0;
  const server = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    }
    incoming.on("data", (data) => {
      forwardedBytes += data.length;
    });
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the forwarder has no port");
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    endpoint: `${protocol}//127.0.0.1:${address.port}${pathname}`,
    forwardedBytes: () => forwardedBytes,
    cut,
    [Symbol.asyncDispose]: async () => cut(),
  };
}

/** An endpoint where no server listens. */
export async function deadEndpoint(protocol = "http"): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `${protocol}://127.0.0.1:${address.port}`;
}
