import { createServer, type RequestListener, type Server } from "node:http";
import { isIPv6 } from "node:net";

/** HTTP.sys keeps idle connections for two minutes; Node's 5 seconds would surprise clients that pool them. */
const keepAliveTimeoutMs = 120_000;

/** An HTTP server that accepts connections. */
export interface ListeningServer {
  /** A URL that reaches it from this machine. */
  readonly endpoint: string;
  /** Accepts nothing new and drops what is open. */
  stop(): Promise<void>;
}

export async function startListening(
  listener: RequestListener,
  port: number,
  host: string,
): Promise<ListeningServer> {
  const server = createServer(listener);
  server.requestTimeout = 0; // A large chunk on a slow network takes as long as it takes.
  server.keepAliveTimeout = keepAliveTimeoutMs;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return { endpoint: `http://${reachableHost(host)}:${boundPort(server)}`, stop: () => stop(server) };
}

/** Whether only this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}

/** "Every address" is no address to connect to. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return isIPv6(host) ? `[${host}]` : host;
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("The server is not bound to a TCP port.");
  return address.port;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
