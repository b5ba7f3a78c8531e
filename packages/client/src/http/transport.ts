import { operations, type paths } from "@sf-image-store/types";
import type { Client, Middleware } from "openapi-fetch";
import createFetchClient from "openapi-fetch";
import { type Clock, systemClock } from "../async/clock.js";
import {
  type EndpointFailure,
  InvalidInputError,
  isInvalidInputError,
  isTimeoutError,
  Unanswered,
} from "../errors/errors.js";
import { type Send, type Sendable, sendableOf, serializePath, serializeQuery } from "../wire/request.js";
import { encodeStorePath, readGatewayPlatform } from "../wire/store-path.js";
import { requireSignal, validateParameters } from "../wire/validation.js";
import { checkedAnswer, type Exchange } from "./answers.js";
import { authorize, type Identity, readTokens, Secrets } from "./authentication.js";
import type { ClientOptions, Fetch } from "./options.js";
import { contextOf, limitsOf, randomRequestId, requestIdHeader, withinLimits } from "./request.js";

/** openapi-fetch for whatever is JSON or nothing, and what `putBytes` needs for file content. */
export interface Transport extends Client<paths> {
  readonly exchange: ByteExchange;
}

/** How a request is made without openapi-fetch. */
export interface ByteExchange extends Exchange {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: "manual";
  readonly pathSerializer: (template: string, values: Readonly<Record<string, unknown>>) => string;
}

/**
 * openapi-fetch, made strict: input is checked before anything is sent, and whatever is not a documented success rejects
 * with one of our errors. A call that returns has a status that the specification lists.
 */
export function createTransport(options: ClientOptions, clock: Clock = systemClock): Transport {
  const { clusterId } = options;
  const gatewayPlatform = readGatewayPlatform(options.gatewayPlatform);
  const endpoints = readEndpoints(options.endpoint);
  const identity = { clusterId, secrets: new Secrets(), hasAnswered: false };
  const settings = {
    baseUrl: endpoints[0],
    headers: readHeaders(options),
    // Whoever redirects is not a gateway, and must not be sent the body again.
    redirect: "manual",
  } as const;
  identity.secrets.addFrom(settings.headers);
  const pathSerializer = (template: string, values: Readonly<Record<string, unknown>>) =>
    serializePath(template, values, (storePath) => encodeStorePath(storePath, gatewayPlatform));
  const exchange = { identity, send: createSender(options, endpoints, identity, clock) };
  const transport = createFetchClient<paths>({
    ...settings,
    pathSerializer,
    querySerializer: serializeQuery,
  });
  transport.use(strict(exchange));
  return { ...transport, exchange: { ...settings, ...exchange, pathSerializer } };
}

/** Answers in the place of openapi-fetch's own `fetch`, which would leave the caller's signal with a listener for good. */
function strict(exchange: Exchange): Middleware {
  return {
    async onRequest({ request, schemaPath, params }) {
      const { operationId } = contextOf(request, schemaPath);
      validateParameters(operations[operationId], params);
      const signal = requireSignal("abortSignal" in request ? request.abortSignal : undefined);
      request.headers.set(requestIdHeader, randomRequestId());
      const sendable = await sendableOf(request, signal, limitsOf(operationId, params.query, 0));
      return checkedAnswer(exchange, contextOf(request, schemaPath), sendable);
    },
  };
}

/**
 * How requests leave: by the caller's `fetch`, with a token, to the endpoint that answers. Every attempt has its limits.
 *
 * @param endpoints those of the options; requests are made for the first of them.
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
    const received = await withinLimits(clock, init.signal ?? undefined, limits, (signal) =>
      callFetch(url, { ...init, signal, ...(body === undefined ? {} : { body: body() }) }),
    );
    identity.hasAnswered = true;
    return received;
  };
  const tokens = readTokens(options, endpoints, identity.secrets);
  const sendSomewhere = failOver(endpoints, sendOnce);
  return tokens === undefined ? sendSomewhere : authorize(tokens, sendSomewhere);
}

/** Headers that every request has, all of which can be sent. Throws InvalidInputError without repeating a value. */
function readHeaders({
  headers = {},
  clusterId,
  credential,
}: ClientOptions): Readonly<Record<string, string>> {
  // Entries of a Headers object or a Map are no properties, and would be left out without a word.
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
  if (credential !== undefined) refuseBeside("credential", "Authorization", headers);
  if (clusterId === undefined) return headers;
  refuseBeside("clusterId", "ClusterId", headers);
  return { ...headers, ClusterId: requireClusterId(clusterId) };
}

function canBeSent(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

/** Two of a kind would be joined to one that is neither. */
function refuseBeside(option: string, name: string, headers: Readonly<Record<string, string>>): void {
  if (Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw new InvalidInputError("headers", `must not have ${name} beside the option ${option}`);
  }
}

/** Mostly a GUID, but a cluster may be called anything. An empty one would not be compared (protocol §1.6). */
function requireClusterId(clusterId: string): string {
  if (typeof clusterId === "string" && /^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(clusterId)) return clusterId;
  throw new InvalidInputError(
    "clusterId",
    "must be text of printable ASCII characters, without blanks at its ends",
  );
}

export type Endpoint = string | URL;

/** The endpoints in the form that URL templates are appended to, each once. Throws InvalidInputError. */
function readEndpoints(option: Endpoint | readonly Endpoint[]): readonly [string, ...string[]] {
  const given = typeof option === "string" || option instanceof URL ? [option] : option;
  if (!Array.isArray(given)) throw new InvalidInputError("endpoint", "must be a URL or a list of URLs");
  const [first, ...more] = new Set(given.map(baseUrl));
  if (first === undefined) throw new InvalidInputError("endpoint", "must hold at least one URL");
  // A list that falls back from https to http would send in the clear what was meant to be secret.
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
    // The text may hold a password, so neither it nor the parser's error, which repeats it, is passed on.
    throw new InvalidInputError("endpoint", "must be a URL such as http://localhost:19080");
  }
}

/**
 * Sends requests to the endpoint that answered last, and to the next when nothing was sent there. What may have reached a
 * server is sent again only if that cannot do harm; otherwise the caller has to ask, and the next endpoint gets the question.
 *
 * @param endpoints URLs of requests begin with the first of them.
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
        // No other endpoint can help with that.
        if (isInvalidInputError(error)) throw error;
        failures.push({ endpoint, url, error });
        // Others may have moved on meanwhile, and with success.
        if (preferred === index && !isStoppedByCaller(request)) preferred = after(index);
        if (failures.length === endpoints.length || !mayBeSentAgain(request, error)) {
          throw new Unanswered(failures);
        }
      }
    }
  };
}

function mayBeSentAgain({ init: { method, signal } }: Sendable, error: unknown): boolean {
  return signal?.aborted !== true && (method === "GET" || wasNeverSent(error));
}

/** Unlike a limit of time, which tells that the endpoint does not answer. */
function isStoppedByCaller({ init: { signal } }: Sendable): boolean {
  return signal?.aborted === true && !isTimeoutError(signal.reason);
}

/** What platforms say when there was no connection, or none that they would send over. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|ERR_SERVER_CERTIFICATE|ERR_PROXY_REFUSED|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.+|SELF_SIGNED_.+|DEPTH_ZERO_.+|UNABLE_TO_(GET|VERIFY)_.+)$/;

/**
 * Whether a request certainly failed before a byte of it was sent: then it may be sent elsewhere, whatever it does. A
 * `fetch` can say so by a property `neverSent` of its error.
 */
function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("neverSent" in error && error.neverSent === true) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasNeverSent);
  if ("syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo")) return true;
  if ("code" in error && typeof error.code === "string" && beforeSending.test(error.code)) return true;
  return wasNeverSent(error.cause);
}
