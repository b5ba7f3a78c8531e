import { operations, type paths } from "@sf-image-store/types";
import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import { type Clock, systemClock } from "../async/clock.js";
import { Secrets } from "../errors/secrets.js";
import { requireSignal } from "../wire/known-options.js";
import { validateParameters } from "../wire/parameters.js";
import { sendableOf } from "../wire/sendable.js";
import { encodeStorePath, readGatewayPlatform } from "../wire/store-path.js";
import { serializePath, serializeQuery } from "../wire/url.js";
import { checkedAnswer, type Exchange } from "./checked-answer.js";
import { readEndpoints } from "./endpoints.js";
import type { ClientOptions } from "./options.js";
import { contextOf, randomRequestId, requestIdHeader } from "./request-context.js";
import { readHeaders } from "./request-headers.js";
import { limitsOf } from "./request-limits.js";
import { createSender } from "./sender.js";

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
