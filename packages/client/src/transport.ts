import { operations, type paths } from "@sf-image-store/types";
import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import { checkedAnswer } from "./checked-answer.js";
import { readEndpoints } from "./endpoints.js";
import { transportError } from "./error-mapping.js";
import type { Identity } from "./identity.js";
import type { ClientOptions } from "./options.js";
import { validateParameters } from "./parameters.js";
import { contextOf, operationIdOf, randomRequestId, requestIdHeader } from "./request-context.js";
import { readHeaders } from "./request-headers.js";
import { Secrets } from "./secrets.js";
import { type PutBytes, putBytes } from "./send-bytes.js";
import { createSender } from "./sender.js";
import { encodeStorePath, readGatewayPlatform } from "./store-path.js";
import { serializePath, serializeQuery } from "./url.js";

/** openapi-fetch for whatever is JSON or nothing, and `putBytes` for file content. */
export interface Transport extends Client<paths> {
  readonly putBytes: PutBytes;
}

/**
 * openapi-fetch, made strict: input is checked before anything is sent, and whatever is not a documented success rejects
 * with one of our errors. A call that returns has a status that the specification lists.
 */
export function createTransport(options: ClientOptions): Transport {
  const { clusterId } = options;
  const gatewayPlatform = readGatewayPlatform(options.gatewayPlatform);
  const endpoints = readEndpoints(options.endpoint);
  const identity: Identity = { clusterId, secrets: new Secrets() };
  const settings = {
    baseUrl: endpoints[0],
    headers: readHeaders(options),
    // Whoever redirects is not a gateway, and must not be sent the body again.
    redirect: "manual",
  } as const;
  identity.secrets.addFrom(settings.headers);
  const pathSerializer = (template: string, values: Readonly<Record<string, unknown>>) =>
    serializePath(template, values, (storePath) => encodeStorePath(storePath, gatewayPlatform));
  const { sendRequest, send } = createSender(options, endpoints, identity.secrets);
  const transport = createFetchClient<paths>({
    ...settings,
    fetch: sendRequest,
    pathSerializer,
    querySerializer: serializeQuery,
  });
  transport.use(strict(identity));
  return { ...transport, putBytes: putBytes({ ...settings, pathSerializer, send, identity }) };
}

function strict(identity: Identity): Middleware {
  return {
    onRequest({ request, schemaPath, params }) {
      validateParameters(operations[operationIdOf(request, schemaPath)], params);
      request.headers.set(requestIdHeader, randomRequestId());
      return undefined;
    },

    onResponse({ request, schemaPath, response }) {
      return checkedAnswer(contextOf(request, schemaPath), response, request.signal, identity);
    },

    onError({ request, schemaPath, error }) {
      return transportError(contextOf(request, schemaPath), error, request.signal, identity);
    },
  };
}
