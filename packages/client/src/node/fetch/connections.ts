import { X509Certificate } from "node:crypto";
import { Agent, type AgentOptions, type ClientRequest } from "node:http";
import { type RequestOptions, Agent as SecureAgent } from "node:https";
import { isIP, Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { keepAliveProbeMs, ServerCertificateError, socketOptions, TransportError } from "./options.js";
import { openTunnel, type ProxyServer } from "./proxy.js";
import { type Presented, type ServerTrust, verifyServerCertificate } from "./server-trust.js";

/** The options of a request that creating its connection needs. */
export interface ConnectionRequest extends RequestOptions {
  /** Aborts connecting. An established connection belongs to the pool. */
  readonly connectSignal?: AbortSignal;
  /** The proxy for TLS. Over plain HTTP, the request itself is addressed to the proxy. */
  readonly tunnelBy?: ProxyServer;
}

export interface ConnectionSettings {
  readonly secureContext: SecureContext;
  readonly trust: ServerTrust;
  readonly keepAlive: boolean;
  readonly connectTimeoutMs: number;
}

/** The connection pools of one fetch. */
export interface Connections {
  agentFor(protocol: string): Agent;
  /** Closes idle connections. */
  closeIdle(): Promise<void>;
  /** Closes idle connections and stops reusing connections. */
  retire(): Promise<void>;
}

export function createConnections(settings: ConnectionSettings): Connections {
  const options: AgentOptions = {
    keepAlive: settings.keepAlive,
    keepAliveMsecs: keepAliveProbeMs,
    // The connection used last is the least likely to have been closed by the server.
    scheduling: "lifo",
    // Close idle connections before HTTP.sys does, after two minutes. The server's Keep-Alive header can shorten this.
    timeout: 90_000,
  };
  const plain = new Agent(options);
  const secure = new VerifyingAgent(options, settings);
  const closeIdle = async () => {
    await Promise.all([plain, secure].flatMap(idleSockets).map(end));
  };
  return {
    agentFor: (protocol) => (protocol === "https:" ? secure : plain),
    closeIdle,
    async retire() {
      for (const agent of [plain, secure]) agent.keepSocketAlive = () => false;
      await closeIdle();
    },
  };
}

/** Whether a request is waiting for bytes on a connection, and what to do with unexpected bytes. */
export interface Expectation {
  isDue(): boolean;
  refuse(): void;
}

const nothing: Expectation = { isDue: () => false, refuse: () => {} };
const expectations = new WeakMap<Socket, Expectation>();

/**
 * Closes a connection, idle or not, when it receives bytes that no request is waiting for: they would be read as the response
 * to the next request. Returns a function that ends the expectation; the connection remains watched.
 */
export function expectAnswer(socket: Socket, expectation: Expectation): () => void {
  if (!expectations.has(socket)) {
    // Before the listener of the HTTP parser, which each request adds.
    socket.prependListener("data", () => {
      const { isDue, refuse } = expectations.get(socket) ?? nothing;
      if (isDue()) return;
      refuse();
      socket.destroy();
    });
  }
  expectations.set(socket, expectation);
  return () => {
    if (expectations.get(socket) === expectation) expectations.set(socket, nothing);
  };
}

/** An agent that only creates connections to verified servers. */
class VerifyingAgent extends SecureAgent {
  readonly #settings: ConnectionSettings;

  constructor(options: AgentOptions, settings: ConnectionSettings) {
    super(options);
    this.#settings = settings;
  }

  override createConnection(
    options: ConnectionRequest,
    callback: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect(options).then(
      (socket) => callback(null, socket),
      // The type requires a socket, which is ignored after an error.
      (error: Error) => callback(error, new Socket()),
    );
  }

  async #connect({ host, port, connectSignal: signal, tunnelBy }: ConnectionRequest): Promise<Socket> {
    const { secureContext, trust, connectTimeoutMs } = this.#settings;
    const to = { host: host ?? "localhost", port: Number(port ?? 443) };
    const target = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
    const tunnel =
      tunnelBy === undefined ? undefined : await openTunnel(tunnelBy, { target, connectTimeoutMs, signal });
    return connectSecurely({ ...to, tunnel, secureContext, trust, connectTimeoutMs, signal });
  }
}

function idleSockets(agent: Agent): Socket[] {
  return Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
}

function end(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.destroy();
  });
}

export interface IdleLimits {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * Destroys a request when no bytes move: from connecting until the request is sent, and from the head of the response until its
 * end. (The timer of a socket also sees progress within one large write.)
 */
export function limitIdleTime(request: ClientRequest, { connectTimeoutMs, idleTimeoutMs }: IdleLimits): void {
  request.once("socket", (socket: Socket) => {
    let doing = "sending the request";
    const onTimeout = () => {
      const what = socket.connecting
        ? `no connection within ${connectTimeoutMs} ms`
        : `no bytes moved for ${idleTimeoutMs} ms while ${doing}`;
      request.destroy(new TransportError("ETIMEDOUT", what));
    };
    const pause = () => socket.setTimeout(0);
    // Over TLS, the socket is already connected, with its own time limit.
    socket.on("timeout", onTimeout).setTimeout(socket.connecting ? connectTimeoutMs : idleTimeoutMs);
    if (socket.connecting) socket.once("connect", () => socket.setTimeout(idleTimeoutMs));
    request.once("finish", pause);
    request.once("response", () => {
      doing = "receiving the response";
      request.off("finish", pause);
      socket.setTimeout(idleTimeoutMs);
    });
    request.once("close", () => socket.off("timeout", onTimeout));
  });
}

export interface SecureConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** The tunnel through a proxy, if any. */
  readonly tunnel: Socket | undefined;
  readonly secureContext: SecureContext;
  readonly trust: ServerTrust;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Connects to a server and verifies it before anything can be written. OpenSSL accepts every server, because the thumbprint of
 * a certificate that it would reject may be pinned. Verification happens here after every handshake, including renegotiation.
 * TLS sessions are not cached, because a resumed session has no certificate to verify.
 */
function connectSecurely(options: SecureConnectionOptions): Promise<TLSSocket> {
  const { host, port, tunnel, secureContext, trust, connectTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(tunnel === undefined ? { host, port, ...socketOptions } : { socket: tunnel }),
      servername: isIP(host) === 0 ? host : "",
      ALPNProtocols: ["http/1.1"],
      secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const onAbort = () => socket.destroy(signal?.reason);
    const onTimeout = () => {
      const message = `${host}:${port} did not complete the TLS handshake: no bytes moved for ${connectTimeoutMs} ms`;
      socket.destroy(new TransportError("ETIMEDOUT", message));
    };
    const onClose = () => reject(new Error(`${host}:${port} closed the connection during the TLS handshake`));
    socket.on("secureConnect", () => {
      const refusal = verifyServerCertificate(trust, present(socket, host));
      if (refusal === undefined) settle(() => resolve(socket));
      else socket.destroy(new ServerCertificateError(`${host}:${port}`, refusal));
    });
    const settle = (how: () => void) => {
      signal?.removeEventListener("abort", onAbort);
      socket.off("timeout", onTimeout).off("error", reject).off("close", onClose).setTimeout(0);
      how();
    };
    socket.on("error", reject).on("close", onClose).on("timeout", onTimeout);
    socket.setTimeout(connectTimeoutMs);
    signal?.addEventListener("abort", onAbort);
    socket.once("close", () => signal?.removeEventListener("abort", onAbort));
    if (signal?.aborted) onAbort();
  });
}

function present(socket: TLSSocket, host: string): Presented {
  // Do not call getPeerX509Certificate: after that, this call returns nothing.
  const details = socket.getPeerCertificate(true);
  const CN = details.subject?.CN;
  return {
    host,
    certificate: readRaw(details),
    issuer: readRaw(details.issuerCertificate),
    chainError: socket.authorized ? undefined : String(socket.authorizationError),
    hostError: details.raw === undefined ? undefined : checkServerIdentity(host, details)?.message,
    // With several common names, it is unclear which one counts.
    commonName: typeof CN === "string" ? CN : undefined,
  };
}

/** Without a certificate, Node returns an empty object, despite its type. */
function readRaw(details: Partial<PeerCertificate> | undefined): X509Certificate | undefined {
  return details?.raw === undefined ? undefined : new X509Certificate(details.raw);
}
