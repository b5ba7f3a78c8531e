import { operations, type paths } from "@sf-image-store/types";
import type { Client, Middleware } from "openapi-fetch";
import createFetchClient from "openapi-fetch";
import { type Clock, systemClock } from "../async/clock.js";
import { InvalidInputError } from "../errors/errors.js";
import { type Send, sendableOf, serializePath, serializeQuery } from "../wire/request.js";
import { encodeStorePath, readGatewayPlatform } from "../wire/store-path.js";
import { requireSignal, validateParameters } from "../wire/validation.js";
import { checkedAnswer, type Exchange } from "./answers.js";
import { authorize, type Identity, readTokens, Secrets } from "./authentication.js";
import { failOver, readEndpoints } from "./endpoints.js";
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
    throw new InvalidInputError("fetch", "must be a function such as the platform's fetch");
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
    throw new InvalidInputError("headers", "must be an object with a text for each name");
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
