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
import { judgeServer, type Presented, type ServerTrust } from "./server-trust.js";

/** What the maker of a connection needs to know of the request that it is for. */
export interface ConnectionRequest extends RequestOptions {
  /** Stops the connecting; a connection that is made belongs to the pool and no longer to the request. */
  readonly connectSignal?: AbortSignal;
  /** What leads to the server, over TLS. Over plain HTTP the request itself is addressed to the proxy. */
  readonly tunnelBy?: ProxyServer;
}

export interface ConnectionSettings {
  readonly secureContext: SecureContext;
  readonly trust: ServerTrust;
  readonly keepAlive: boolean;
  readonly connectTimeoutMs: number;
}

/** The connections of one fetch. */
export interface Connections {
  agentFor(protocol: string): Agent;
  /** Ends the idle ones. */
  endIdle(): Promise<void>;
  /** Ends the idle ones, and keeps none from now on. */
  retire(): Promise<void>;
}

export function createConnections(settings: ConnectionSettings): Connections {
  const options: AgentOptions = {
    keepAlive: settings.keepAlive,
    keepAliveMsecs: keepAliveProbeMs,
    // The connection used last is the least likely to have been closed by the server meanwhile, and the others can go.
    scheduling: "lifo",
    // The idle time after which a connection is given up: less than the two minutes of HTTP.sys, so that it is this side
    // that closes. A server's own Keep-Alive header can shorten it.
    timeout: 90_000,
  };
  const plain = new Agent(options);
  const secure = new VerifyingAgent(options, settings);
  const endIdle = async () => {
    await Promise.all([plain, secure].flatMap(idleSockets).map(end));
  };
  return {
    agentFor: (protocol) => (protocol === "https:" ? secure : plain),
    endIdle,
    async retire() {
      for (const agent of [plain, secure]) agent.keepSocketAlive = () => false;
      await endIdle();
    },
  };
}

/** Whether a request is waiting for bytes on a connection, and what to do about others. */
export interface Expectation {
  isDue(): boolean;
  refuse(): void;
}

const nothing: Expectation = { isDue: () => false, refuse: () => {} };
const expectations = new WeakMap<Socket, Expectation>();

/**
 * Closes a connection when bytes come that no request is waiting for, be it idle or not: they would be taken for the answer
 * to the next request. Returns what ends the expectation; the connection stays watched.
 */
export function expectAnswer(socket: Socket, expectation: Expectation): () => void {
  if (!expectations.has(socket)) {
    // Ahead of the parser's listener, which a request brings along.
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

/** Gives out connections to servers that have been accepted, and no others. */
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
      // The type wants a socket in every case; nobody looks at this one.
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
 * Destroys a request while nothing moves. Counts from the connecting until all is sent, and again from the answer's head
 * until its end. (A socket's own timer also sees the progress inside one large write.)
 */
export function limitIdleTime(request: ClientRequest, { connectTimeoutMs, idleTimeoutMs }: IdleLimits): void {
  request.once("socket", (socket: Socket) => {
    let doing = "sending the request";
    const onTimeout = () => {
      const what = socket.connecting
        ? `there was no connection after ${connectTimeoutMs} ms`
        : `nothing moved for ${idleTimeoutMs} ms while ${doing}`;
      request.destroy(new TransportError("ETIMEDOUT", what));
    };
    const pause = () => socket.setTimeout(0);
    // Over TLS, the socket comes when it is connected, within a limit of its own.
    socket.on("timeout", onTimeout).setTimeout(socket.connecting ? connectTimeoutMs : idleTimeoutMs);
    if (socket.connecting) socket.once("connect", () => socket.setTimeout(idleTimeoutMs));
    request.once("finish", pause);
    request.once("response", () => {
      doing = "receiving the answer";
      request.off("finish", pause);
      socket.setTimeout(idleTimeoutMs);
    });
    request.once("close", () => socket.off("timeout", onTimeout));
  });
}

export interface SecureConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** What carries the connection, if not one of its own. */
  readonly tunnel: Socket | undefined;
  readonly secureContext: SecureContext;
  readonly trust: ServerTrust;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A connection to a server that has been accepted: nobody can write to it before that. OpenSSL is told to let every
 * server pass, as the thumbprint of one that it would refuse may be pinned; so the verdict falls here, for every handshake,
 * a renegotiated one too. There is no cache of TLS sessions: a resumed session shows no certificate to judge.
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
      const message = `${host}:${port} did not complete a connection: nothing moved for ${connectTimeoutMs} ms`;
      socket.destroy(new TransportError("ETIMEDOUT", message));
    };
    const onClose = () => reject(new Error(`${host}:${port} closed the connection during the TLS handshake`));
    socket.on("secureConnect", () => {
      const refusal = judgeServer(trust, present(socket, host));
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
  // Not by getPeerX509Certificate: after that call, this one gives nothing.
  const details = socket.getPeerCertificate(true);
  const CN = details.subject?.CN;
  return {
    host,
    certificate: readRaw(details),
    issuer: readRaw(details.issuerCertificate),
    chainError: socket.authorized ? undefined : String(socket.authorizationError),
    hostError: details.raw === undefined ? undefined : checkServerIdentity(host, details)?.message,
    // Of several names nobody knows which one was meant.
    commonName: typeof CN === "string" ? CN : undefined,
  };
}

/** Where there is no certificate, Node gives an object without properties, whatever its type says. */
function readRaw(details: Partial<PeerCertificate> | undefined): X509Certificate | undefined {
  return details?.raw === undefined ? undefined : new X509Certificate(details.raw);
}
