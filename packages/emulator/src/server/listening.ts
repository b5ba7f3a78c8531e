import { constants } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import { isIPv6 } from "node:net";
import { handshakeVerifier } from "../security/client-certificates.js";
import type { TlsOptions } from "../security/options.js";

/** HTTP.sys closes idle connections after two minutes. The 5 seconds of Node.js would break clients that pool connections. */
const keepAliveTimeoutMs = 120_000;

/** Where and how to listen. */
export interface ListeningOptions {
  readonly port: number;
  readonly host: string;
  readonly tls: TlsOptions | undefined;
}

/** A server that accepts connections. */
export interface ListeningServer {
  /** The URL of the server on this machine. */
  readonly endpoint: string;
  /** Stops listening and closes all connections. */
  stop(): Promise<void>;
}

export async function startListening(
  listener: RequestListener,
  { port, host, tls }: ListeningOptions,
): Promise<ListeningServer> {
  const server = tls === undefined ? createServer(listener) : secureServer(tls, listener);
  // The listener sends 100 Continue itself, after authentication.
  server.on("checkContinue", listener);
  server.requestTimeout = 0; // A large chunk on a slow network has no time limit.
  server.keepAliveTimeout = keepAliveTimeoutMs;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const scheme = tls === undefined ? "http" : "https";
  return { endpoint: `${scheme}://${reachableHost(host)}:${boundPort(server)}`, stop: () => stop(server) };
}

/** TLS 1.3 has no renegotiation. A renegotiation that resumes the session would not ask for a certificate. */
const renegotiable = {
  maxVersion: "TLSv1.2",
  secureOptions: constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION,
} as const;

function secureServer(tls: TlsOptions, listener: RequestListener): Server {
  const server = createSecureServer(secureOptions(tls), listener);
  const { clientCa, clientCertificate, clientEku } = tls;
  if (clientCa !== undefined && clientCertificate !== "late" && clientEku === "any") {
    // OpenSSL cannot accept client certificates that were issued only for servers, so verify them here, before HTTP.
    const isTrusted = handshakeVerifier({ ca: clientCa, eku: clientEku });
    server.prependListener("secureConnection", (socket) => {
      if (!isTrusted(socket)) socket.destroy();
    });
  }
  return server;
}

function secureOptions(tls: TlsOptions): ServerOptions {
  const { cert, key, pfx, passphrase, clientCa, clientCertificate, clientEku } = tls;
  if ((pfx === undefined) === (cert === undefined || key === undefined)) {
    throw new TypeError("HTTPS needs either cert and key, or pfx.");
  }
  const own = pfx === undefined ? { cert: asBuffer(cert), key: asBuffer(key) } : { pfx: asBuffer(pfx) };
  const options = { ...own, ...(passphrase === undefined ? {} : { passphrase }) };
  if (clientCa === undefined) return options;
  const ca = asBuffer(clientCa);
  if (clientCertificate === "late") return { ...options, ...renegotiable, ca };
  return { ...options, ca, requestCert: true, rejectUnauthorized: clientEku !== "any" };
}

function asBuffer(data: string | Uint8Array | undefined): Buffer {
  return typeof data === "string" ? Buffer.from(data) : Buffer.from(data ?? []);
}

/** A client cannot connect to a wildcard address. */
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
