import { type Operation, type OperationId, operations, type paths } from "@sf-image-store/types";
import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import { rememberContext } from "./answer.js";
import { answerError, transportError } from "./error-mapping.js";
import { ProtocolError, type RequestContext } from "./errors.js";
import { baseUrl, type ClientOptions, requireHeaders } from "./options.js";
import { validateParameters } from "./parameters.js";
import { decodeServerText, repairServerJson } from "./server-json.js";
import { encodeStorePath } from "./store-path.js";

export type Transport = Client<paths>;

/** Names the request in the cluster's traces; servers do not send it back (protocol §1.6). */
const requestIdHeader = "X-ServiceFabricRequestId";

/**
 * openapi-fetch, made strict: input is checked before anything is sent, and whatever is not a documented success rejects
 * with one of our errors. A call that returns has a status that the specification lists.
 */
export function createTransport({ endpoint, fetch, headers, gatewayPlatform }: ClientOptions): Transport {
  const transport = createFetchClient<paths>({
    baseUrl: baseUrl(endpoint),
    ...(fetch === undefined ? {} : { fetch }),
    ...(headers === undefined ? {} : { headers: requireHeaders(headers) }),
    // Whoever redirects is not a gateway, and must not be sent the body again.
    redirect: "manual",
    pathSerializer: (template, values) =>
      template.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
        encodeStorePath(values[name], gatewayPlatform),
      ),
    querySerializer: serializeQuery,
  });
  transport.use(strict);
  return transport;
}

/**
 * Servers send the token escaped for a URL and take it back byte for byte (protocol §1.3). (A URL's own rules still turn a
 * bare `'` into `%27`, which servers decode.)
 */
const sentAsItCame = "ContinuationToken";

function serializeQuery(query: Readonly<Record<string, unknown>>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${name === sentAsItCame ? value : encodeURIComponent(String(value))}`)
    .join("&");
}

const strict: Middleware = {
  onRequest({ request, schemaPath, params }) {
    validateParameters(operations[operationIdOf(request, schemaPath)], params);
    request.headers.set(requestIdHeader, randomId());
    return undefined;
  },

  async onResponse({ request, schemaPath, response }) {
    const context = contextOf(request, schemaPath);
    if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
      const message = `${context.request} was redirected, which a gateway never does: check the endpoint.`;
      throw new ProtocolError(message, context);
    }
    const text = await readText(context, response, request.signal);
    if (!response.ok) throw answerError(context, response.status, text);
    const operation: Operation = operations[context.operationId];
    if (!operation.success.includes(response.status)) {
      const expected = operation.success.join(" or ");
      throw new ProtocolError(
        `${context.request} was answered with ${response.status}, expected ${expected}.`,
        context,
      );
    }
    const answer = new Response(text === "" ? null : requireJson(context, text), {
      status: response.status,
      headers: response.headers,
    });
    return rememberContext(answer, context);
  },

  onError({ request, schemaPath, error }) {
    return transportError(contextOf(request, schemaPath), error, request.signal);
  },
};

/** Reading here, not later, gives a connection that breaks within the answer the same error as any other. */
async function readText(context: RequestContext, response: Response, signal: AbortSignal): Promise<string> {
  try {
    return decodeServerText(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    throw transportError(context, error, signal);
  }
}

/** The text of a success as JSON that openapi-fetch can parse. */
function requireJson(context: RequestContext, text: string): string {
  try {
    const json = repairServerJson(text);
    JSON.parse(json);
    return json;
  } catch (cause) {
    throw new ProtocolError(`${context.request} succeeded, but its answer is not JSON.`, context, { cause });
  }
}

const operationIds: ReadonlyMap<string, OperationId> = new Map(
  Object.keys(operations)
    .filter((id) => isOperationId(id))
    .map((id) => [`${operations[id].method} ${operations[id].path}`, id]),
);

function isOperationId(id: string): id is OperationId {
  return Object.hasOwn(operations, id);
}

function operationIdOf(request: Request, template: string): OperationId {
  const id = operationIds.get(`${request.method} ${template}`);
  if (id === undefined) throw new Error(`${request.method} ${template} is not in the operation table`);
  return id;
}

function contextOf(request: Request, template: string): RequestContext {
  return {
    operationId: operationIdOf(request, template),
    request: `${request.method} ${request.url}`,
    requestId: request.headers.get(requestIdHeader) ?? "",
  };
}

/** A version 4 UUID. `crypto.randomUUID` is missing on plain-http pages, where this must work too. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
