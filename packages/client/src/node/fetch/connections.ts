import { Agent, type AgentOptions } from "node:http";
import { type RequestOptions, Agent as SecureAgent } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import type { ProxyServer } from "./proxy.js";
import { connectSecurely } from "./secure-connection.js";
import type { ServerTrust } from "./server-trust.js";
import { keepAliveProbeMs } from "./socket-options.js";
import { openTunnel } from "./tunnel.js";

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
