import { type Clock, onDemand, systemClock, untilAborted } from "../async/clock.js";
import { InvalidInputError } from "../errors/errors.js";
import { type Send, type Sendable, serializePath } from "../wire/request.js";
import { encodeStorePath, readGatewayPlatform } from "../wire/store-path.js";
import type { Exchange } from "./answers.js";
import { type Identity, readCredential, Secrets, type TokenSource } from "./authentication.js";
import type { ClientOptions, Fetch } from "./options.js";
import { withLimits } from "./request.js";

/** What `call` needs to send requests. */
export interface Transport extends Exchange {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pathSerializer: (template: string, values: Readonly<Record<string, unknown>>) => string;
}

/** Reads the options. Throws InvalidInputError. */
export function createTransport(options: ClientOptions, clock: Clock = systemClock): Transport {
  const { clusterId } = options;
  const gatewayPlatform = readGatewayPlatform(options.gatewayPlatform);
  const endpoints = readEndpoints(options.endpoint);
  const headers = readHeaders(options);
  const identity = { clusterId, secrets: new Secrets(), hasAnswered: false };
  identity.secrets.addFrom(headers);
  return {
    baseUrl: endpoints[0],
    headers,
    pathSerializer: (template, values) =>
      serializePath(template, values, (storePath) => encodeStorePath(storePath, gatewayPlatform)),
    identity,
    send: createSender(options, endpoints, identity, clock),
  };
}

/**
 * Sends requests with the caller's `fetch`, a token, failover between endpoints, and limits for every attempt.
 *
 * @param endpoints The endpoints of the options. Request URLs start with the first one.
 */
function createSender(
  options: ClientOptions,
  endpoints: readonly [string, ...string[]],
  identity: Identity,
  clock: Clock,
): Send {
  if (options.fetch !== undefined && typeof options.fetch !== "function") {
    throw new InvalidInputError("fetch", "must be a function");
  }
  const callFetch: Fetch = (url, init) => (options.fetch ?? fetch)(url, init);
  const sendOnce: Send = async ({ url, init, body, limits }) => {
    const received = await withLimits(clock, init.signal ?? undefined, limits, (signal) =>
      callFetch(url, { ...init, signal, ...(body === undefined ? {} : { body: body() }) }),
    );
    identity.hasAnswered = true;
    return received;
  };
  const authentication = readCredential(options, endpoints);
  const sendWithFailover =
    endpoints.length === 1
      ? sendOnce
      : loadedSend(async () => (await import("./failover.js")).failOver(endpoints, sendOnce));
  if (authentication === undefined) return sendWithFailover;
  return loadedSend(async () => {
    const { Tokens } = await import("./tokens.js");
    return authorize(new Tokens(authentication, identity.secrets), sendWithFailover);
  });
}

/** Loads what few clients need with the first request. */
function loadedSend(load: () => Promise<Send>): Send {
  const loaded = onDemand(load);
  return async (request) => (await loaded())(request);
}

/**
 * Sends requests with a token. If the server rejects the token, gets a new one and retries once. It does not retry with the
 * same token, because a missing permission would fail again.
 */
function authorize(tokens: TokenSource, send: Send): Send {
  return async (request) => {
    const { signal } = request.init;
    // An abort ends only this wait, because other requests may wait for the same token.
    const get = () => (signal == null ? tokens.get() : untilAborted(signal, tokens.get()));
    const token = await get();
    const received = await send(withToken(request, token));
    const { status } = received.response;
    if (status !== 401 && status !== 403) return received;
    tokens.refuse(token);
    // If there is no new token, report the server's response. The next request reports why.
    const other = await get().catch(() => token);
    if (other === token) return received;
    return send(withToken(request, other));
  };
}

/** Does not use the platform's `Headers`, which takes Node 20 ms to load. */
function withToken(request: Sendable, token: string): Sendable {
  const { init } = request;
  return { ...request, init: { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } } };
}

/** The headers of every request. Throws InvalidInputError for invalid headers; the message contains no header values. */
function readHeaders({
  headers = {},
  clusterId,
  credential,
}: ClientOptions): Readonly<Record<string, string>> {
  // The entries of a Headers object or a Map are not properties and would be silently ignored.
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    throw new InvalidInputError("headers", "must be an object of strings");
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!canBeSent(name, value)) {
      throw new InvalidInputError(
        "headers",
        `has a name or value that cannot be sent: ${JSON.stringify(name)}`,
      );
    }
  }
  if (credential !== undefined) rejectDuplicateHeader("credential", "Authorization", headers);
  // Every request has its own values, and `fetch` would join two headers whose names differ in case.
  const own = Object.entries(headers).filter(([name]) => !setPerRequest.test(name));
  if (clusterId === undefined) return Object.fromEntries(own);
  rejectDuplicateHeader("clusterId", "ClusterId", headers);
  return { ...Object.fromEntries(own), ClusterId: requireClusterId(clusterId) };
}

const setPerRequest = /^(content-type|x-servicefabricrequestid)$/i;

function canBeSent(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

/** `fetch` would join two headers with the same name into one wrong value. */
function rejectDuplicateHeader(
  option: string,
  name: string,
  headers: Readonly<Record<string, string>>,
): void {
  if (Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw new InvalidInputError("headers", `must not contain ${name} if ${option} is set`);
  }
}

/** Usually a GUID, but any text is allowed. Servers ignore an empty ID (protocol §1.6). */
function requireClusterId(clusterId: string): string {
  if (typeof clusterId === "string" && /^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(clusterId)) return clusterId;
  throw new InvalidInputError("clusterId", "must be printable ASCII without spaces around it");
}

export type Endpoint = string | URL;

/** The endpoints without duplicates or trailing slashes. Throws InvalidInputError. */
function readEndpoints(option: Endpoint | readonly Endpoint[]): readonly [string, ...string[]] {
  const given = typeof option === "string" || option instanceof URL ? [option] : option;
  if (!Array.isArray(given)) throw new InvalidInputError("endpoint", "must be a URL or a list of URLs");
  const [first, ...more] = new Set(given.map(baseUrl));
  if (first === undefined) throw new InvalidInputError("endpoint", "must not be empty");
  // A failover from https to http would send secrets unencrypted.
  if (more.some((other) => new URL(other).protocol !== new URL(first).protocol)) {
    throw new InvalidInputError("endpoint", "must not mix http:// and https://");
  }
  return [first, ...more];
}

function baseUrl(endpoint: Endpoint): string {
  const url = parse(endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidInputError("endpoint", `must start with http:// or https://, not with ${url.protocol}`);
  }
  if (url.username + url.password !== "") {
    throw new InvalidInputError("endpoint", "must not contain a user name or password");
  }
  if (url.search + url.hash !== "") {
    throw new InvalidInputError("endpoint", "must not contain a query or fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function parse(endpoint: Endpoint): URL {
  try {
    return new URL(endpoint);
  } catch {
    // No cause: the parser's error repeats the text, which may contain a password.
    throw new InvalidInputError("endpoint", "must be a URL such as http://localhost:19080");
  }
}
