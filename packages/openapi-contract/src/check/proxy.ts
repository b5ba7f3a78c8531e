import {
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { pipeline } from "node:stream";
import { BodyTap } from "./body-tap.js";
import type { Exchange } from "./exchange.js";
import type { Timing } from "./har.js";
import type { UnreadBody } from "./values.js";

export interface ProxyOptions {
  /** Where requests go. A path in it is put in front of theirs. */
  readonly to: URL;
  /** Default 0: any port that is free. */
  readonly port?: number;
  /** For a target with TLS: certificate, key and authorities. */
  readonly tls?: {
    readonly cert?: string;
    readonly key?: string;
    readonly ca?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** Bodies of text above this size are not kept for checking. Default 1 MiB. */
  readonly keptBytes?: number;
  /** Called after every complete exchange. */
  readonly onExchange: (exchange: Exchange, timing: Timing) => void;
  /** Called after every exchange that failed. */
  readonly onFailure?: (request: string, reason: Error) => void;
}

export interface ContractProxy {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Lets open exchanges end for so many milliseconds, then breaks them. */
  close(graceMs?: number): Promise<void>;
}

const defaultKeptBytes = 1024 * 1024;
/** What belongs to one connection, not to the message (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Starts a reverse proxy on this machine. It forwards requests and responses unchanged, streams bodies of any size, and
 * passes each exchange to `onExchange`: text bodies up to a limit, and only the size of all other bodies.
 */
export async function startProxy(options: ProxyOptions): Promise<ContractProxy> {
  const { to, tls = {} } = options;
  const agent =
    to.protocol === "https:"
      ? new HttpsAgent({ keepAlive: true, ...tls })
      : new HttpAgent({ keepAlive: true });
  const open = new Set<Promise<void>>();
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const passed = passOn(request, response, options, agent).catch((error: unknown) => {
      options.onFailure?.(
        `${request.method} ${pathOf(request)}`,
        error instanceof Error ? error : new Error(String(error)),
      );
    });
    open.add(passed);
    void passed.then(() => open.delete(passed));
  };
  const server = createServer(handle);
  // The target decides whether it wants a body that was announced by Expect: 100-continue.
  server.on("checkContinue", handle);
  // An upload may take hours.
  server.requestTimeout = 0;
  await listening(server, options.port ?? 0);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close(graceMs = 0) {
      const closed = new Promise((done) => server.close(done));
      server.closeIdleConnections();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const expired = new Promise<void>((done) => {
        timer = setTimeout(done, graceMs);
      });
      await Promise.race([Promise.all(open), expired]);
      clearTimeout(timer);
      server.closeAllConnections();
      await closed;
      await Promise.all(open);
      agent.destroy();
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, "127.0.0.1", done);
  });
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?")[0] ?? url;
}

/** Resolves when the exchange is over and reported. Rejects when it broke. */
async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  { to, onExchange, keptBytes = defaultKeptBytes }: ProxyOptions,
  agent: HttpAgent,
): Promise<void> {
  const startedAt = new Date();
  const begin = performance.now();
  const sent = new BodyTap(request, keptBytes);
  const path = to.pathname.replace(/\/$/, "") + (request.url ?? "/");
  const target: RequestOptions = {
    protocol: to.protocol,
    hostname: to.hostname.replace(/^\[|\]$/g, ""),
    port: to.port,
    ...(to.username === ""
      ? {}
      : { auth: `${decodeURIComponent(to.username)}:${decodeURIComponent(to.password)}` }),
    agent,
    method: request.method ?? "GET",
    path,
    headers: forwarded(request, to),
  };
  const upstream = (to.protocol === "https:" ? httpsRequest : httpRequest)(target);
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    upstream.once("response", done);
    // Errors after the response are those of its body, or of a request that the target did not read to its end.
    upstream.on("error", fail);
    response.once("close", () => {
      // The caller is gone before the end: nothing that the target still does can reach it.
      if (!response.writableFinished) upstream.destroy(new Error("the caller closed the connection"));
    });
    sendBody(request, sent, response, upstream);
  }).catch((error: unknown) => {
    refuse(request, response, upstream.reusedSocket, error);
    throw error;
  });
  const answered = performance.now();
  const got = new BodyTap(answer, keptBytes);
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, pairsOf(answer));
  await new Promise<void>((done, fail) => {
    // A broken response must not look like a complete one: pipeline breaks the connection of the caller.
    pipeline(answer, got, response, (error) => (error ? fail(error) : done()));
  });
  // A response may arrive before the body has been read. The rest of the body is read and dropped.
  if (!request.complete) request.unpipe().resume();
  const url = `${to.origin}${path}`;
  const ended = performance.now();
  const timing = { startedAt, send: 0, wait: answered - begin, receive: ended - answered };
  onExchange(
    {
      request: {
        method: request.method ?? "GET",
        url,
        headers: headersOf(request),
        body: await bodyOf(request, sent),
      },
      response: { status: answer.statusCode ?? 0, headers: headersOf(answer), body: await got.text() },
    },
    timing,
  );
}

function sendBody(
  request: IncomingMessage,
  tap: BodyTap,
  response: ServerResponse,
  upstream: ReturnType<typeof httpRequest>,
): void {
  if (!hasBody(request)) {
    upstream.end();
    return;
  }
  const send = () => request.pipe(tap).pipe(upstream);
  request.once("error", (error) => upstream.destroy(error));
  if (/100-continue/i.test(request.headers.expect ?? "")) {
    upstream.flushHeaders();
    upstream.once("continue", () => {
      response.writeContinue();
      send();
    });
  } else send();
}

/** `Content-Length: 0` announces a body without bytes, such as an empty file. That is not the same as none. */
async function bodyOf(request: IncomingMessage, tap: BodyTap): Promise<Uint8Array | UnreadBody | undefined> {
  if (hasBody(request)) return tap.body();
  return request.headers["content-length"] === "0" ? new Uint8Array() : undefined;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** On a connection that was used before, callers know how to deal with its end; a target that cannot be reached is told. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  wasReused: boolean,
  error: unknown,
): void {
  if (wasReused || response.headersSent || response.destroyed) {
    request.socket.destroy();
    return;
  }
  const reason = error instanceof Error ? error.message : String(error);
  response.writeHead(502, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`openapi-contract proxy: the target cannot be reached (${reason})\n`);
}

function forwarded(request: IncomingMessage, to: URL): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of headerPairs(request)) {
    const key = Object.keys(headers).find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
    headers[key] = headers[key] === undefined ? value : [headers[key], value].flat();
  }
  const host = Object.keys(headers).find((each) => each.toLowerCase() === "host") ?? "Host";
  headers[host] = to.host;
  if (request.headers["transfer-encoding"] !== undefined) headers["Transfer-Encoding"] = "chunked";
  return headers;
}

function pairsOf(message: IncomingMessage): string[] {
  return headerPairs(message).flat();
}

/** The headers as they were written, without those of the connection. */
function headerPairs({ rawHeaders, headers }: IncomingMessage): [string, string][] {
  const named = new Set(
    String(headers.connection ?? "")
      .toLowerCase()
      .split(/\s*,\s*/),
  );
  return Array.from({ length: rawHeaders.length / 2 }, (_, index): [string, string] => [
    rawHeaders[index * 2] ?? "",
    rawHeaders[index * 2 + 1] ?? "",
  ]).filter(([name]) => !hopByHop.has(name.toLowerCase()) && !named.has(name.toLowerCase()));
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of headerPairs(message)) headers.append(name, value);
  return headers;
}
