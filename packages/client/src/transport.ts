import { operations, type paths } from "@sf-image-store/types";
import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import { checkedAnswer } from "./checked-answer.js";
import { transportError } from "./error-mapping.js";
import { baseUrl, type ClientOptions, requireHeaders } from "./options.js";
import { validateParameters } from "./parameters.js";
import { contextOf, operationIdOf, randomRequestId, requestIdHeader } from "./request-context.js";
import { type PutBytes, putBytes } from "./send-bytes.js";
import { encodeStorePath } from "./store-path.js";
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
  const { fetch, gatewayPlatform } = options;
  const settings = {
    baseUrl: baseUrl(options.endpoint),
    headers: requireHeaders(options.headers ?? {}),
    // Whoever redirects is not a gateway, and must not be sent the body again.
    redirect: "manual",
  } as const;
  const pathSerializer = (template: string, values: Readonly<Record<string, unknown>>) =>
    serializePath(template, values, (storePath) => encodeStorePath(storePath, gatewayPlatform));
  const transport = createFetchClient<paths>({
    ...settings,
    // openapi-fetch passes a second argument that is not a RequestInit.
    ...(fetch === undefined ? {} : { fetch: (request) => fetch(request) }),
    pathSerializer,
    querySerializer: serializeQuery,
  });
  transport.use(strict);
  return { ...transport, putBytes: putBytes({ ...settings, pathSerializer, fetch }) };
}

const strict: Middleware = {
  onRequest({ request, schemaPath, params }) {
    validateParameters(operations[operationIdOf(request, schemaPath)], params);
    request.headers.set(requestIdHeader, randomRequestId());
    return undefined;
  },

  onResponse({ request, schemaPath, response }) {
    return checkedAnswer(contextOf(request, schemaPath), response, request.signal);
  },

  onError({ request, schemaPath, error }) {
    return transportError(contextOf(request, schemaPath), error, request.signal);
  },
};
