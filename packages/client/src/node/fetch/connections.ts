import { X509Certificate } from "node:crypto";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { IdleTimer } from "./idle-timer.js";
import { ServerCertificateError, socketOptions, TransportError } from "./options.js";
import { openTunnel, type ProxyServer } from "./proxy.js";
import { type Presented, type ServerTrust, verifyServerCertificate } from "./server-trust.js";

/** Where to connect to. */
export interface Target {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** The proxy for TLS. Over plain HTTP, the request itself is addressed to the proxy. */
  readonly tunnelBy: ProxyServer | undefined;
}

export interface ConnectionSettings {
  readonly secureContext: () => SecureContext;
  readonly trust: ServerTrust;
  readonly keepAlive: boolean;
  readonly connectTimeoutMs: number;
}

/** How much to write at once if the caller wants to know how much was sent: for several calls per second. */
class Pace {
  /** Small, in case the caller wants the rest to wait. */
  static readonly #first = 16 * 1024;
  static readonly #least = 128 * 1024;
  static readonly #most = 1024 * 1024;
  bytes = Pace.#first;

  /** Called between two pieces. */
  next(isPaused: boolean): void {
    this.bytes = isPaused ? Pace.#first : Math.max(this.bytes, Pace.#least);
  }

  adapt(bytes: number, ms: number): void {
    if (bytes < this.bytes || bytes < Pace.#least) return;
    if (ms < 20) this.bytes = Math.min(this.bytes * 2, Pace.#most);
    else if (ms > 100) this.bytes = Math.max(this.bytes / 2, Pace.#least);
  }
}

/** What uses a connection: one request at a time. */
export interface ConnectionUser {
  onConnect(): void;
  onData(data: Buffer): void;
  /** The server closed its side. */
  onEnd(): void;
  onTimeout(): void;
  onError(error: Error): void;
  onClose(): void;
}

/**
 * A connection to a server. Closes itself when it receives bytes that no request is waiting for: they would be read as the
 * response to the next request.
 */
export class Connection {
  readonly socket: Socket;
  readonly isSecure: boolean;
  /** Whether it has carried a request before. */
  isReused = false;
  /** Whether the server let a request with `Expect: 100-continue` wait in vain. */
  ignoresExpect = false;
  readonly pace = new Pace();
  readonly #timer: IdleTimer;
  #user: ConnectionUser | undefined;
  #idle: Connection[] | undefined;

  constructor(socket: Socket, isSecure: boolean) {
    this.socket = socket;
    this.isSecure = isSecure;
    this.#timer = new IdleTimer(socket);
    const leave = () => {
      const idle = this.#idle;
      this.#idle = undefined;
      if (idle !== undefined) idle.splice(idle.indexOf(this), 1);
      socket.destroy();
    };
    if (socket.connecting) socket.once("connect", () => this.#user?.onConnect());
    socket.on("data", (data) => (this.#user === undefined ? leave() : this.#user.onData(data)));
    socket.on("end", () => (this.#user === undefined ? leave() : this.#user.onEnd()));
    socket.on("timeout", () => {
      if (this.#user === undefined) leave();
      else if (this.#timer.hasElapsed()) this.#user.onTimeout();
    });
    socket.on("error", (error) => this.#user?.onError(error));
    socket.on("close", () => {
      const user = this.#user;
      leave();
      user?.onClose();
    });
  }

  /** Gives the connection to a request. */
  use(user: ConnectionUser): void {
    this.#user = user;
  }

  /** Calls `onTimeout` when no bytes move for `ms`. */
  limitIdle(ms: number): void {
    this.#timer.start(ms);
  }

  /** Ends the use. The connection stays watched. */
  release(): void {
    this.#user = undefined;
    this.isReused = true;
  }

  /** Waits among the idle connections for at most `ms`. Does not keep the process alive meanwhile. */
  park(idle: Connection[], ms: number): void {
    this.#idle = idle;
    idle.push(this);
    // The socket has one timer.
    this.#timer.replace(ms);
    this.socket.unref();
  }

  unpark(): void {
    this.#idle = undefined;
    this.socket.ref();
  }
}

/** Close idle connections before HTTP.sys does, after two minutes. */
const maxIdleMs = 90_000;

/** More idle connections than this to one server are closed. */
const maxIdleConnections = 256;

/** The connections of one fetch. */
export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #idle = new Map<string, Connection[]>();
  #isRetired = false;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** Takes the idle connection used last, because it is the least likely to have been closed by the server. */
  takeIdle(target: Target): Connection | undefined {
    const connection = this.#idle.get(keyOf(target))?.pop();
    connection?.unpark();
    return connection;
  }

  /** Opens a connection. Over plain HTTP, it may still be connecting; over TLS, the server is verified. */
  open(target: Target, signal: AbortSignal | undefined): Connection | Promise<Connection> {
    const { isSecure, host, port } = target;
    if (isSecure) return this.#openSecure(target, signal);
    return new Connection(connectPlain({ host, port, ...socketOptions }), false);
  }

  /**
   * Takes back a connection after a complete response to a complete request.
   * @param keepAliveSeconds How long the server keeps it.
   */
  park(connection: Connection, target: Target, keepAliveSeconds = Number.POSITIVE_INFINITY): void {
    // One second less than the server allows, so that a request does not cross its closing.
    const ms = Math.min(maxIdleMs, keepAliveSeconds * 1000 - 1000);
    const key = keyOf(target);
    const idle = this.#idle.get(key) ?? [];
    const isKept = this.#settings.keepAlive && !this.#isRetired && idle.length < maxIdleConnections;
    if (!isKept || ms <= 0) return void connection.socket.destroy();
    this.#idle.set(key, idle);
    connection.park(idle, ms);
  }

  /** Closes idle connections. */
  async closeIdle(): Promise<void> {
    const sockets = [...this.#idle.values()].flat().map(({ socket }) => socket);
    await Promise.all(sockets.map(end));
  }

  /** Closes idle connections and stops reusing connections. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.closeIdle();
  }

  async #openSecure(target: Target, signal: AbortSignal | undefined): Promise<Connection> {
    const { host, port, tunnelBy } = target;
    const { secureContext, trust, connectTimeoutMs } = this.#settings;
    const name = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const tunnel =
      tunnelBy === undefined
        ? undefined
        : await openTunnel(tunnelBy, { target: name, connectTimeoutMs, signal });
    const options = { host, port, tunnel, secureContext: secureContext(), trust, connectTimeoutMs, signal };
    return new Connection(await connectSecurely(options), true);
  }
}

function keyOf({ isSecure, host, port }: Target): string {
  return `${isSecure ? "https" : "http"} ${host} ${port}`;
}

function end(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.destroy();
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
    const timer = new IdleTimer(socket);
    const onTimeout = () => {
      if (!timer.hasElapsed()) return;
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
      socket.off("timeout", onTimeout).off("error", reject).off("close", onClose);
      timer.stop();
      how();
    };
    socket.on("error", reject).on("close", onClose).on("timeout", onTimeout);
    timer.start(connectTimeoutMs);
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
    isForHost: details.raw !== undefined && checkServerIdentity(host, details) === undefined,
    // With several common names, it is unclear which one counts.
    commonName: typeof CN === "string" ? CN : undefined,
  };
}

/** Without a certificate, Node returns an empty object, despite its type. */
function readRaw(details: Partial<PeerCertificate> | undefined): X509Certificate | undefined {
  return details?.raw === undefined ? undefined : new X509Certificate(details.raw);
}
