import type { Socket } from "node:net";
import { isLoopback } from "@sf-image-store/types";
import { getProxyForUrl } from "proxy-from-env";
import { InvalidInputError } from "../../errors/errors.js";
import { keepAliveProbeMs, type NodeFetchOptions, TransportError } from "./options.js";

/** An HTTP proxy. `name` does not contain credentials, so it can be used in messages. */
export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly name: string;
  /** The value of the `Proxy-Authorization` header. */
  readonly authorization: string | undefined;
}

/** Returns the proxy for a URL, if any. Throws InvalidInputError for an invalid one. */
export type ProxyChoice = (url: URL) => ProxyServer | undefined;

export function chooseProxy(option: NodeFetchOptions["proxy"]): ProxyChoice {
  if (option === false) return () => undefined;
  if (option !== undefined) {
    const proxy = readProxy("proxy", option);
    return () => proxy;
  }
  const known = new Map<string, ProxyServer | undefined>();
  return (url) => {
    const { origin, hostname } = url;
    if (!known.has(origin)) {
      // A proxy cannot reach this machine by its loopback address and would see the request unencrypted.
      known.set(origin, isLoopback(hostname) ? undefined : proxyOfEnvironment(origin));
    }
    return known.get(origin);
  };
}

function proxyOfEnvironment(origin: string): ProxyServer | undefined {
  const found = getProxyForUrl(origin);
  if (found === "") return undefined;
  const scheme = new URL(origin).protocol.slice(0, -1);
  const names = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`, "all_proxy", "ALL_PROXY"];
  const variable = names.find((name) => process.env[name]) ?? "the proxy in the environment";
  const given = process.env[variable] ?? found;
  // Without a scheme, the library adds that of the target, but the connection to the proxy itself is always HTTP.
  return readProxy("proxy", given.includes("://") ? given : `http://${given}`, variable);
}

/** Errors contain neither the text nor the parser's message, because they may contain a password. */
function readProxy(parameter: string, given: string | URL, variable?: string): ProxyServer {
  const text = String(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" || url.hostname === "") {
    const where = variable === undefined ? "" : `from the environment variable ${variable} `;
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
    const found = scheme === undefined || scheme === "http" ? "" : `, not with ${scheme}://`;
    throw new InvalidInputError(
      parameter,
      `${where}must be the URL of an HTTP proxy, such as http://proxy.example:3128${found}. Other kinds, such as SOCKS or proxies reached over TLS, are not supported.`,
    );
  }
  const { username, password, port } = url;
  const host = bareHost(url);
  const isAnonymous = username === "" && password === "";
  return {
    host,
    port: port === "" ? 80 : Number(port),
    name: `${url.hostname}:${port === "" ? 80 : port}`,
    authorization: isAnonymous ? undefined : basic(decode(username), decode(password)),
  };
}

/** The host for sockets: an IPv6 address without brackets. */
function bareHost({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where to send a request, and which headers to add. */
export interface Route {
  readonly host: string;
  readonly port: number;
  /** The request target in the first line. */
  readonly path: string;
  readonly headers: readonly string[];
  readonly tunnelBy: ProxyServer | undefined;
}

export function routeTo(url: URL, proxy: ProxyServer | undefined): Route {
  const path = `${url.pathname}${url.search}`;
  const isSecure = url.protocol === "https:";
  if (proxy === undefined || isSecure) {
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
    return { host: bareHost(url), port, path, headers: [], tunnelBy: proxy };
  }
  const { host, port, authorization } = proxy;
  const headers = authorization === undefined ? [] : ["proxy-authorization", authorization];
  return { host, port, path: `http://${url.host}${path}`, headers, tunnelBy: undefined };
}

export interface TunnelOptions {
  /** The target of the tunnel, as `host:port`. */
  readonly target: string;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens a connection through a proxy. (Proxy agents on npm report the refusal of a proxy as the server's response, and allow no
 * verification between the handshake and the first byte of the request.)
 */
export async function openTunnel(
  proxy: ProxyServer,
  { target, connectTimeoutMs, signal }: TunnelOptions,
): Promise<Socket> {
  const { host, port, name, authorization } = proxy;
  // Only tunnels need it.
  const { Agent, request } = await import("node:http");
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
      const message = `the proxy ${name} did not open a tunnel to ${target}: no bytes moved for ${connectTimeoutMs} ms`;
      connecting.destroy(new TransportError("ETIMEDOUT", message));
    });
    connecting.on("error", (error) => {
      // The system's message names only an address, which the caller may not know.
      if (!(error instanceof TransportError)) error.message = `the proxy ${name} failed: ${error.message}`;
      reject(error);
    });
    const refuse = (status: string) => {
      const message = `the proxy ${name} did not open a tunnel to ${target}: it responded ${status}`;
      connecting.destroy();
      reject(new TransportError("ERR_PROXY_REFUSED", message));
    };
    connecting.on("response", ({ statusCode, statusMessage }) => refuse(`${statusCode} ${statusMessage}`));
    connecting.on("connect", ({ statusCode = 0, statusMessage }, socket: Socket, head: Buffer) => {
      if (statusCode < 200 || statusCode >= 300) return refuse(`${statusCode} ${statusMessage}`);
      // A TLS server waits for the client, so these bytes are not from the server.
      if (head.length > 0) return refuse("with unexpected bytes");
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveProbeMs);
      resolve(socket);
    });
    connecting.end();
  });
}
