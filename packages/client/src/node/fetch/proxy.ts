import { getProxyForUrl } from "proxy-from-env";
import { isLoopback } from "../../endpoints.js";
import { InvalidInputError } from "../../errors.js";
import type { NodeFetchOptions } from "./options.js";

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
    const { origin } = url;
    if (!known.has(origin)) {
      // What is for this machine stays on it: a proxy would get it in the clear, and could not bring it back.
      const found = isLoopback(origin) ? "" : getProxyForUrl(origin);
      known.set(origin, found === "" ? undefined : readProxy("proxy", found, " in the environment"));
    }
    return known.get(origin);
  };
}

/** Neither the text nor a parser's message is repeated: they may hold a password. */
function readProxy(parameter: string, given: string | URL, where = ""): ProxyServer {
  const text = String(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" || url.hostname === "") {
    throw new InvalidInputError(
      parameter,
      `${where === "" ? "" : `${where.trim()} `}must be a URL such as http://proxy.example:3128`,
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
export function bareHost({ hostname }: URL): string {
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
