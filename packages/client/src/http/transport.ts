import { type Clock, systemClock } from "../async/clock.js";
import {
  type EndpointFailure,
  EndpointsFailed,
  InvalidInputError,
  isInvalidInputError,
  isTimeoutError,
} from "../errors/errors.js";
import { type Send, type Sendable, serializePath } from "../wire/request.js";
import { encodeStorePath, readGatewayPlatform } from "../wire/store-path.js";
import type { Exchange } from "./answers.js";
import { authorize, type Identity, readTokens, Secrets } from "./authentication.js";
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
  const tokens = readTokens(options, endpoints, identity.secrets);
  const sendWithFailover = failOver(endpoints, sendOnce);
  return tokens === undefined ? sendWithFailover : authorize(tokens, sendWithFailover);
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
        `has a name or value that cannot be sent, for ${JSON.stringify(name)}`,
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

/** Usually a GUID, but any text is allowed. Servers ignore an empty id (protocol §1.6). */
function requireClusterId(clusterId: string): string {
  if (typeof clusterId === "string" && /^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(clusterId)) return clusterId;
  throw new InvalidInputError("clusterId", "must be printable ASCII without leading or trailing spaces");
}

export type Endpoint = string | URL;

/** The endpoints without duplicates or trailing slashes. Throws InvalidInputError. */
function readEndpoints(option: Endpoint | readonly Endpoint[]): readonly [string, ...string[]] {
  const given = typeof option === "string" || option instanceof URL ? [option] : option;
  if (!Array.isArray(given)) throw new InvalidInputError("endpoint", "must be a URL or a list of URLs");
  const [first, ...more] = new Set(given.map(baseUrl));
  if (first === undefined) throw new InvalidInputError("endpoint", "must contain at least one URL");
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
  if (url.username !== "" || url.password !== "") {
    throw new InvalidInputError("endpoint", "must not contain a user name or password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new InvalidInputError("endpoint", "must not have a query or a fragment");
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

/**
 * Sends requests to the endpoint that responded last, and fails over to the next endpoint if the request was not sent. A
 * request that may have reached a server is sent again only if it is a GET. After other failures the caller has to read the
 * state, and the next endpoint gets that request.
 *
 * @param endpoints Request URLs start with the first one.
 */
function failOver(endpoints: readonly [string, ...string[]], send: Send): Send {
  if (endpoints.length === 1) return send;
  let preferred = 0;
  const after = (index: number) => (index + 1) % endpoints.length;
  return async (request) => {
    const path = request.url.slice(endpoints[0].length);
    const failures: EndpointFailure[] = [];
    for (let index = preferred; ; index = after(index)) {
      const endpoint = endpoints[index] ?? endpoints[0];
      const url = `${endpoint}${path}`;
      try {
        const received = await send({ ...request, url });
        preferred = index;
        return received;
      } catch (error) {
        // Invalid input fails at every endpoint.
        if (isInvalidInputError(error)) throw error;
        failures.push({ endpoint, url, error });
        // Another request may have switched to a working endpoint in the meantime.
        if (preferred === index && !isStoppedByCaller(request)) preferred = after(index);
        if (failures.length === endpoints.length || !mayBeSentAgain(request, error)) {
          throw new EndpointsFailed(failures);
        }
      }
    }
  };
}

function mayBeSentAgain({ init: { method, signal } }: Sendable, error: unknown): boolean {
  return signal?.aborted !== true && (method === "GET" || wasNeverSent(error));
}

/** A timeout does not count, because it means that the endpoint does not respond. */
function isStoppedByCaller({ init: { signal } }: Sendable): boolean {
  return signal?.aborted === true && !isTimeoutError(signal.reason);
}

/** Error codes of platforms when they could not connect or did not accept the server. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|ERR_SERVER_CERTIFICATE|ERR_PROXY_REFUSED|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.+|SELF_SIGNED_.+|DEPTH_ZERO_.+|UNABLE_TO_(GET|VERIFY)_.+)$/;

/**
 * Whether a request certainly failed before any of it was sent, so that any request may be sent to another endpoint. A
 * `fetch` can set `neverSent: true` on its error.
 */
function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("neverSent" in error && error.neverSent === true) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasNeverSent);
  if ("syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo")) return true;
  if ("code" in error && typeof error.code === "string" && beforeSending.test(error.code)) return true;
  return wasNeverSent(error.cause);
}
