// For AsyncDisposable, which older TypeScript libraries and Node.js types do not declare.
/// <reference lib="esnext.disposable" preserve="true" />
import { setMaxListeners } from "node:events";
import { Limiter } from "../../async/concurrency.js";
import { InvalidInputError } from "../../errors/errors.js";
import { readSecureContext } from "./certificates.js";
import { type Connection, Connections, type Target } from "./connections.js";
import { Exchange } from "./exchange.js";
import { fetchFailed, type NodeFetchOptions, requireNodeFetchOptions, TransportError } from "./options.js";
import { chooseProxy, type ProxyChoice, type Route, routeTo } from "./proxy.js";
import { type Outgoing, readOutgoing } from "./request.js";
import type { Outcome } from "./response.js";
import { continueLimits, type ExchangeSettings } from "./send-request.js";
import { readServerTrust } from "./server-trust.js";

/** A `fetch` with its own connection pool. */
export type NodeFetch = typeof globalThis.fetch &
  AsyncDisposable & {
    /** Closes idle connections now and the others when their requests end. Later requests do not reuse connections. */
    close(): Promise<void>;
  };

/**
 * Creates a `fetch` over node:net and node:tls with features that the platform's fetch does not have: it presents client
 * certificates, accepts servers by thumbprint or common name, uses proxies, and waits for `100 Continue` before it sends large
 * bodies.
 *
 * It rejects like the platform's fetch: with the signal's reason after an abort, otherwise with `TypeError: fetch failed`, whose
 * `cause` has a `code` (a ServerCertificateError, a TransportError, or a system error).
 *
 * It does not copy a Uint8Array body, and does not read it after the promise settles, so you can reuse its memory. If a
 * response or failure arrives before the body is sent, it closes the connection first.
 *
 * It reuses a connection only after a complete response to a complete request, and only if no other bytes arrived on it. If a
 * kept connection turns out to be closed before any of the request is sent, it uses another one. It sends a GET or HEAD once
 * more if the server closed a kept connection, and never repeats other requests. It follows redirects only for GET and HEAD. It
 * does not support compression.
 *
 * @throws InvalidInputError for invalid options, such as an expired certificate, a wrong passphrase, or a thumbprint that no
 *   certificate can match.
 */
export function createNodeFetch(options: NodeFetchOptions = {}): NodeFetch {
  requireNodeFetchOptions(options);
  const idleTimeoutMs = requireMilliseconds("idleTimeoutMs", options.idleTimeoutMs ?? 120_000);
  const connectTimeoutMs = requireMilliseconds(
    "connectTimeoutMs",
    options.connectTimeoutMs ?? Math.min(15_000, idleTimeoutMs),
  );
  const expectContinue = readExpectContinue(options.expectContinue);
  const trust = readServerTrust(options);
  const secureContext = readSecureContext(options);
  const proxyFor = chooseProxy(options.proxy);
  const limiter = readLimiter(options.maxSockets);
  const keepAlive = options.keepAlive ?? true;
  const connections = new Connections({ secureContext, trust, keepAlive, connectTimeoutMs });
  if (trust.kind === "anyone") {
    process.emitWarning(
      "insecure: server certificates are not checked. Any server can read and change everything that is sent, including tokens.",
      { type: "SecurityWarning", code: "SF_IMAGE_STORE_INSECURE" },
    );
  }
  const send = sender(
    { connections, expectContinue, keepAlive, connectTimeoutMs, idleTimeoutMs },
    proxyFor,
    limiter,
  );
  const close = () => connections.retire();
  const nodeFetch: typeof globalThis.fetch = async (input, init) => {
    const outgoing = readOutgoing(input, init);
    return followRedirects(outgoing instanceof Promise ? await outgoing : outgoing, send);
  };
  return Object.assign(nodeFetch, { close, [Symbol.asyncDispose]: close });
}

function sender(settings: ExchangeSettings, proxyFor: ProxyChoice, limiter: Limiter | undefined) {
  const sendOnce = async (outgoing: Outgoing, own: ExchangeSettings = settings): Promise<Outcome> => {
    const { signal } = outgoing;
    signal?.throwIfAborted();
    // Avoids the leak warning: many requests may share a signal, and each removes its listeners at the end.
    if (signal !== undefined) setMaxListeners(0, signal);
    const route = routeTo(outgoing.url, proxyFor(outgoing.url));
    const release = limiter === undefined ? () => {} : await acquire(limiter, signal);
    return exchange(outgoing, route, own, release);
  };
  return async (outgoing: Outgoing): Promise<Response> => {
    let outcome = await sendOnce(outgoing);
    // Ends because each attempt removes one idle connection.
    while ("error" in outcome && outcome.fault === "unsent") outcome = await sendOnce(outgoing);
    if ("error" in outcome && outcome.fault === "stale" && isRepeatable(outgoing)) {
      // The other idle connections are probably closed, too.
      await settings.connections.closeIdle();
      outcome = await sendOnce(outgoing);
    }
    if (
      "response" in outcome &&
      outcome.response.status === 417 &&
      canRetryWithoutExpect(outgoing, settings)
    ) {
      outcome = await sendOnce(outgoing, { ...settings, expectContinue: undefined });
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.response;
  };
}

/** Waits for a free slot. Resolves with the function that releases it. */
function acquire(limiter: Limiter, signal = new AbortController().signal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    limiter.run("small", signal, () => new Promise<void>((release) => resolve(release))).catch(reject);
  });
}

/** Sends one request. Calls `onClosed` when it no longer needs its connection. */
async function exchange(
  outgoing: Outgoing,
  route: Route,
  settings: ExchangeSettings,
  onClosed: () => void,
): Promise<Outcome> {
  const { signal, url } = outgoing;
  const { host, port, tunnelBy } = route;
  const target: Target = { isSecure: url.protocol === "https:", host, port, tunnelBy };
  let connection: Connection;
  try {
    connection = settings.connections.takeIdle(target) ?? (await settings.connections.open(target, signal));
  } catch (error) {
    onClosed();
    const reason = signal?.aborted ? signal.reason : fetchFailed(error, { neverSent: true });
    return { error: reason, fault: undefined };
  }
  return new Promise((resolve) => {
    new Exchange({ outgoing, route, settings, target, connection, resolve, onClosed }).begin();
  });
}

/** A proxy may not support `Expect` (RFC 9110 §10.1.1). A stream that was already read cannot be sent again. */
function canRetryWithoutExpect(outgoing: Outgoing, settings: ExchangeSettings): boolean {
  const { body } = outgoing;
  if (continueLimits(outgoing, settings.expectContinue) === undefined || body === undefined) return false;
  return "bytes" in body || !body.stream.locked;
}

function isRepeatable({ method, body }: Outgoing): boolean {
  return (method === "GET" || method === "HEAD") && body === undefined;
}

function readExpectContinue(option: NodeFetchOptions["expectContinue"]): ExchangeSettings["expectContinue"] {
  if (option === false) return undefined;
  const { minBytes = 16 * 1024, timeoutMs = 2000 } = option ?? {};
  if (!Number.isSafeInteger(minBytes) || minBytes < 0) {
    throw new InvalidInputError("expectContinue.minBytes", "must be a whole number, 0 or more");
  }
  return { minBytes, timeoutMs: requireMilliseconds("expectContinue.timeoutMs", timeoutMs) };
}

function readLimiter(maxSockets = Number.POSITIVE_INFINITY): Limiter | undefined {
  if (maxSockets === Number.POSITIVE_INFINITY) return undefined;
  if (!Number.isSafeInteger(maxSockets) || maxSockets < 1) {
    throw new InvalidInputError("maxSockets", "must be a whole number above 0, or Infinity");
  }
  return new Limiter(maxSockets);
}

/** JavaScript timers are limited to 31 bits; longer delays become 1 ms. */
function requireMilliseconds(option: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= 2 ** 31 - 1) return ms;
  throw new InvalidInputError(option, "must be a whole number of milliseconds from 1 to 2147483647");
}

/** The same limit as in the platform's fetch. */
const maxRedirects = 20;
const redirecting = new Set([301, 302, 303, 307, 308]);

/** Headers that may be sent to another origin. Other headers may contain secrets. */
const crossesOrigins = new Set([
  "accept",
  "accept-language",
  "content-language",
  "content-type",
  "range",
  "user-agent",
]);

/** Sends a request and follows redirects as the option `redirect` allows. */
async function followRedirects(
  first: Outgoing,
  send: (outgoing: Outgoing) => Promise<Response>,
): Promise<Response> {
  let outgoing = first;
  for (let count = 0; ; count++) {
    const response = await send(outgoing);
    const location = redirecting.has(response.status) ? response.headers.get("location") : null;
    if (location === null || first.redirect === "manual") return response;
    await response.body?.cancel();
    const refusal = count === maxRedirects ? `more than ${maxRedirects} times` : refuse(outgoing, location);
    if (refusal !== undefined) {
      throw fetchFailed(new TransportError("ERR_REDIRECTED", `the request was redirected ${refusal}`));
    }
    outgoing = redirected(outgoing, new URL(location, outgoing.url));
  }
}

function refuse({ redirect, method, url }: Outgoing, location: string): string | undefined {
  if (redirect === "error") return "although redirect is error";
  if (method !== "GET" && method !== "HEAD") return `elsewhere, which is not followed for ${method}`;
  if (!URL.canParse(location, url.href)) return "to an invalid URL";
  const { protocol } = new URL(location, url);
  if (protocol !== url.protocol && protocol !== "https:") return `from ${url.protocol} to ${protocol}`;
  return undefined;
}

function redirected(outgoing: Outgoing, url: URL): Outgoing {
  url.username = "";
  url.password = "";
  if (url.origin === outgoing.url.origin) return { ...outgoing, url, isRedirected: true };
  const headers = outgoing.headers.filter(([name]) => crossesOrigins.has(name));
  return { ...outgoing, url, headers, isRedirected: true };
}
