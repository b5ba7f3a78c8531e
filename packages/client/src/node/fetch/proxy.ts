import { Agent, request } from "node:http";
import type { Socket } from "node:net";
import { isLoopback } from "@sf-image-store/types";
import { getProxyForUrl } from "proxy-from-env";
import { InvalidInputError } from "../../errors/errors.js";
import { keepAliveProbeMs, type NodeFetchOptions, TransportError } from "./options.js";

/** An HTTP proxy. Its credentials are kept apart, so that `name` can stand in a message. */
export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly name: string;
  /** The `Proxy-Authorization` header's value. */
  readonly authorization: string | undefined;
}

/** Which proxy leads to a URL, if any. Throws InvalidInputError for an unusable one. */
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
      // What is for this machine stays on it: a proxy would get it in the clear, and could not bring it back.
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
  // Without a scheme, what is found has that of the server; a proxy is spoken to by HTTP, whatever it leads to.
  return readProxy("proxy", given.includes("://") ? given : `http://${given}`, variable);
}

/** Neither the text nor a parser's message is repeated: they may hold a password. */
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

/** The host as sockets want it: an IPv6 address without its brackets. */
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

/** Where a request is sent, and what it has to say there beyond what the caller wants said. */
export interface Route {
  readonly host: string;
  readonly port: number;
  /** What the first line of the request names. */
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
  /** Where the tunnel shall lead, as `host:port`. */
  readonly target: string;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A connection through a proxy. (The proxy agents of npm pass a proxy's refusal off as the server's answer, and leave no
 * room between the handshake and the first byte of the request.)
 */
export function openTunnel(
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
