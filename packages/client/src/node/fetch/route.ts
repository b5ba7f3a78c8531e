import { bareHost, type ProxyServer } from "./proxy.js";

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
