import { Agent, type AgentOptions, type ClientRequest, request } from "node:http";
import { type RequestOptions, Agent as SecureAgent } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import { TransportError } from "./options.js";
import type { ProxyServer } from "./proxy.js";
import { connectSecurely, keepAliveProbeMs } from "./secure-connection.js";
import type { ServerTrust } from "./server-trust.js";

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

export interface TunnelOptions {
  /** Where the tunnel shall lead, as `host:port`. */
  readonly target: string;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A connection through a proxy. (The proxy agents of npm pass a proxy's refusal off as the server's answer, and leave no
 * room between the handshake and the first byte of the request.)
 */
function openTunnel(
  proxy: ProxyServer,
  { target, connectTimeoutMs, signal }: TunnelOptions,
): Promise<Socket> {
  const { host, port, name, authorization } = proxy;
  return new Promise((resolve, reject) => {
    const connecting = request({
      host,
      port,
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        ...(authorization === undefined ? {} : { "proxy-authorization": authorization }),
      },
      agent: new Agent(),
      timeout: connectTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    connecting.on("timeout", () => {
      const message = `the proxy ${name} made no tunnel to ${target}: nothing moved for ${connectTimeoutMs} ms`;
      connecting.destroy(new TransportError("ETIMEDOUT", message));
    });
    connecting.on("error", (error) => {
      // The code is the system's; its message names an address that the caller may never have heard of.
      if (!(error instanceof TransportError)) error.message = `the proxy ${name} failed: ${error.message}`;
      reject(error);
    });
    const refuse = (status: string) => {
      const message = `the proxy ${name} made no tunnel to ${target}, but answered ${status}`;
      connecting.destroy();
      reject(new TransportError("ERR_PROXY_REFUSED", message));
    };
    connecting.on("response", ({ statusCode, statusMessage }) => refuse(`${statusCode} ${statusMessage}`));
    connecting.on("connect", ({ statusCode = 0, statusMessage }, socket: Socket, head: Buffer) => {
      if (statusCode < 200 || statusCode >= 300) return refuse(`${statusCode} ${statusMessage}`);
      // A server waits for the client to begin; bytes ahead of that are none of its.
      if (head.length > 0) return refuse("with bytes of its own");
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveProbeMs);
      resolve(socket);
    });
    connecting.end();
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
