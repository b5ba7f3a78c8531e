// For AsyncDisposable below, where neither the caller's libraries nor the types of Node.js have it.
/// <reference lib="esnext.disposable" preserve="true" />
import { setMaxListeners } from "node:events";
import { Limiter } from "../../async/concurrency.js";
import { InvalidInputError } from "../../errors/errors.js";
import { readSecureContext } from "./certificates.js";
import { createConnections } from "./connections.js";
import { continueLimits, type ExchangeSettings, exchange, type Outcome } from "./exchange.js";
import { fetchFailed, type NodeFetchOptions, requireNodeFetchOptions, TransportError } from "./options.js";
import { chooseProxy, type ProxyChoice, routeTo } from "./proxy.js";
import { type Outgoing, readOutgoing } from "./request.js";
import { readServerTrust } from "./server-trust.js";

/** A `fetch` with connections of its own. */
export type NodeFetch = typeof globalThis.fetch &
  AsyncDisposable & {
    /** Ends idle connections now, and those in use when their requests are done. Later requests keep none. */
    close(): Promise<void>;
  };

/**
 * Makes a `fetch` over node:http and node:https for clusters that the platform's fetch does not reach: it shows a client
 * certificate, knows servers by thumbprint or common name, and waits with large bodies until the server wants them.
 *
 * It rejects as the platform's does: with the signal's reason after an abort, else with `TypeError: fetch failed`, whose
 * `cause` has a `code` (a ServerCertificateError, a TransportError, or an error of the system).
 *
 * Of a body given as Uint8Array no copy is made. Once the promise is settled nothing reads it any more, so that its memory
 * may be used again: where an answer or a failure comes before everything was handed over, the connection is closed first.
 *
 * A connection is used again only after a complete answer to a complete request, and only as long as nothing else comes on it.
 * A request that finds a kept connection closed or with bytes on it, before any of it is sent, goes out on another one. A GET
 * or HEAD is also sent once more when the server had just closed a kept connection; nothing else is ever repeated. Redirects are followed for GET and HEAD only. Content is not decompressed, and none is asked for compressed.
 *
 * @throws InvalidInputError for options that cannot work: a certificate that has expired, a wrong passphrase, pins that no
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
  const connections = createConnections({ secureContext, trust, keepAlive, connectTimeoutMs });
  if (trust.kind === "anyone") {
    process.emitWarning(
      "insecure: servers are not checked. Whoever answers can read and change everything that is sent, tokens included.",
      { type: "SecurityWarning", code: "SF_IMAGE_STORE_INSECURE" },
    );
  }
  const send = sender({ connections, expectContinue, connectTimeoutMs, idleTimeoutMs }, proxyFor, limiter);
  const close = () => connections.retire();
  const nodeFetch: typeof globalThis.fetch = async (input, init) =>
    followRedirects(await readOutgoing(input, init), send);
  return Object.assign(nodeFetch, { close, [Symbol.asyncDispose]: close });
}

function sender(settings: ExchangeSettings, proxyFor: ProxyChoice, limiter: Limiter | undefined) {
  const sendOnce = async (outgoing: Outgoing, own: ExchangeSettings = settings): Promise<Outcome> => {
    const { signal } = outgoing;
    signal?.throwIfAborted();
    // One signal may stop many requests; each takes its listeners away again.
    if (signal !== undefined) setMaxListeners(0, signal);
    const route = routeTo(outgoing.url, proxyFor(outgoing.url));
    const release = limiter === undefined ? () => {} : await limiter.acquire("small", signal);
    try {
      return await exchange(outgoing, route, own, release);
    } catch (error) {
      // node:http refused to begin.
      release();
      throw fetchFailed(error);
    }
  };
  return async (outgoing: Outgoing): Promise<Response> => {
    let outcome = await sendOnce(outgoing);
    // Each time, one idle connection less is left.
    while ("error" in outcome && outcome.fault === "unsent") outcome = await sendOnce(outgoing);
    if ("error" in outcome && outcome.fault === "stale" && isRepeatable(outgoing)) {
      // Idle as long as that one, the others may be no better.
      await settings.connections.endIdle();
      outcome = await sendOnce(outgoing);
    }
    if ("response" in outcome && outcome.response.status === 417 && mayDoWithoutWait(outgoing, settings)) {
      outcome = await sendOnce(outgoing, { ...settings, expectContinue: undefined });
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.response;
  };
}

/** Something in between may be unable to wait (RFC 9110 §10.1.1). A stream that was begun meanwhile cannot be sent again. */
function mayDoWithoutWait(outgoing: Outgoing, settings: ExchangeSettings): boolean {
  const { body } = outgoing;
  if (continueLimits(outgoing, settings) === undefined || body === undefined) return false;
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

/** Timers of JavaScript hold no more than 31 bits: more would be taken for 1. */
function requireMilliseconds(option: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= 2 ** 31 - 1) return ms;
  throw new InvalidInputError(option, "must be a whole number of milliseconds from 1 to 2147483647");
}

/** As many as the platform's fetch follows. */
const mostRedirects = 20;
const redirecting = new Set([301, 302, 303, 307, 308]);

/** Names that say nothing of who asks. Any other header may hold a secret that one server knows and another must not. */
const crossesOrigins = new Set([
  "accept",
  "accept-language",
  "content-language",
  "content-type",
  "range",
  "user-agent",
]);

/** Sends a request, and follows where its answers point as far as `redirect` lets it. */
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
    const refusal = count === mostRedirects ? `more than ${mostRedirects} times` : refuse(outgoing, location);
    if (refusal !== undefined) {
      throw fetchFailed(new TransportError("ERR_REDIRECTED", `the request was redirected ${refusal}`));
    }
    outgoing = redirected(outgoing, new URL(location, outgoing.url));
  }
}

function refuse({ redirect, method, url }: Outgoing, location: string): string | undefined {
  if (redirect === "error") return "although redirect is error";
  if (method !== "GET" && method !== "HEAD") return `elsewhere, which is not followed for ${method}`;
  if (!URL.canParse(location, url.href)) return "to what is no URL";
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
