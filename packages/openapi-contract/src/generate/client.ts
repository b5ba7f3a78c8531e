import { operationParameters, operationsOf } from "../document/document.js";
import { arrayAt, isObject, type JsonObject, objectAt } from "../document/json.js";

/** What a client needs to know of a document beyond its types. */
interface Api {
  readonly title: string;
  /** The absolute URL of the first server; undefined when only the user knows it. */
  readonly baseUrl: string | undefined;
  /** The version for operations that take an `api-version` and name none; undefined when no operation takes one. */
  readonly apiVersion: string | undefined;
}

export function apiOf(document: JsonObject): Api {
  const info = objectAt(document, "info");
  const isVersioned = operationsOf(document).some(({ operation, pathItem }) =>
    operationParameters(document, pathItem, operation).some(
      (parameter) => parameter["name"] === "api-version" && parameter["in"] === "query",
    ),
  );
  return {
    title: String(info["title"] ?? "the API"),
    baseUrl: baseUrlOf(document),
    apiVersion: isVersioned ? String(info["version"]) : undefined,
  };
}

function baseUrlOf(document: JsonObject): string | undefined {
  const [server] = arrayAt(document, "servers");
  if (!isObject(server)) return undefined;
  const variables = objectAt(server, "variables");
  const url = String(server["url"]).replaceAll(/\{([^}]*)\}/g, (whole, name: string) => {
    const fallback = objectAt(variables, name)["default"];
    return typeof fallback === "string" && fallback !== "" && fallback !== "none" ? fallback : whole;
  });
  return /^https?:\/\/[^{}]+$/.test(url) ? url.replace(/\/+$/, "") : undefined;
}

/** A client over openapi-fetch: a module of its own, which people read and copy from. */
export function emitClient(document: JsonObject): string {
  const { baseUrl, apiVersion } = apiOf(document);
  const isVersioned = apiVersion !== undefined;
  const versioned = (text: string) => (isVersioned ? text : "");
  return `import createFetchClient, {
  type Client as FetchClient,
  type ClientOptions as FetchClientOptions,
  type FetchOptions,
  type ParseAs,
  type ParseAsResponse,
} from "openapi-fetch";
import { type Operation, operations } from "./operations.js";
import type { paths } from "./schema.js";

/** The settings of openapi-fetch, such as \`headers\` and \`fetch\`, and those of this API. */
export interface ClientOptions extends Omit<FetchClientOptions, "baseUrl"> {
  /** ${baseUrl === undefined ? "Where the API is: scheme, host and base path." : `Where the API is. Default: ${JSON.stringify(baseUrl)}.`} */
  readonly baseUrl${baseUrl === undefined ? "" : "?"}: string;
${versioned(`  /** The \`api-version\` of calls that give none. Default: the one of the operation, else ${JSON.stringify(apiVersion)}. */
  readonly apiVersion?: string;
`)}}

/** Makes a client. Its methods return \`{ data, error, response }\`; \`unwrap\` returns the data or throws an \`ApiError\`. */
export function createClient(${isVersioned ? "{ apiVersion, ...options }" : "options"}: ClientOptions${baseUrl === undefined ? "" : " = {}"}): Client {
  const client = createFetchClient<paths>(${baseUrl === undefined ? "options" : `{ baseUrl: ${JSON.stringify(baseUrl)}, ...options }`});
  client.use({
    onRequest({ request, schemaPath }) {
      const type = table.get(\`\${request.method} \${schemaPath}\`)?.body?.contentType;
      // To openapi-fetch every body is JSON, unless it is a form, which names its own boundary.
      const isOther = type !== undefined && !type.startsWith("multipart/");
      if (isOther && request.headers.get("Content-Type") === "application/json") request.headers.set("Content-Type", type);
    },
  });
  // Client has the types of requests and responses. The types of openapi-fetch rebuild it member by member, which loses tuples.
  const send = client.request as (method: string, path: string, init: object) => Promise<Received>;
  const call = (method: Method) => async (path: string, init: Sent = {}) => {
    const result = await send(method.toLowerCase(), path, prepared(table.get(\`\${method} \${path}\`), init${versioned(", apiVersion")}));
    const isUnread = init.parseAs === undefined && result.data !== undefined;
    return isUnread ? { ...result, data: await read(result.response) } : result;
  };
  const calls = Object.fromEntries(methods.map((method) => [method, call(method)]));
  return { ...calls, use: client.use, eject: client.eject } as Client;
}

/** The server responded with a status that is not a success. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** The body of the response: JSON as a value, otherwise text; undefined if it is empty. */
  readonly body: unknown;
  readonly response: Response;

  constructor(response: Response, body: unknown) {
    const text = typeof body === "object" ? JSON.stringify(body) : String(body ?? "");
    super(\`\${response.url} responded with \${response.status} \${response.statusText}\${text === "" ? "" : \`: \${text.slice(0, 500)}\`}\`);
    this.status = response.status;
    this.body = body;
    this.response = response;
  }
}

/** The data of a response. Throws ApiError for a status that is not a success, even if the response has no body. */
export async function unwrap<Data>(call: Promise<CallResult<Data, unknown>>): Promise<Data> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(response, error);
  return data as Data;
}

const table = new Map<string, Operation>(
  Object.values<Operation>(operations).map((operation) => [\`\${operation.method} \${operation.path}\`, operation]),
);

/** What a call sends, whatever its operation is. */
interface Sent {
  readonly body?: unknown;
  readonly parseAs?: ParseAs;
  readonly params?: { readonly query?: Readonly<Record<string, unknown>> };
}

interface Received {
  readonly data?: unknown;
  readonly response: Response;
}

/** The body in the form that its content type names: JSON as a value, text as text, everything else as a Blob. */
async function read(response: Response): Promise<unknown> {
  const type = response.headers.get("Content-Type") ?? "application/json";
  if (!/json|^text\\/|xml/.test(type)) return response.blob();
  const text = await response.text();
  if (text === "") return undefined;
  return type.includes("json") ? JSON.parse(text) : text;
}

/** Adds what the operation table knows: how the body is written${versioned(", and the api-version")}. */
function prepared(operation: Operation | undefined, init: Sent${versioned(", apiVersion?: string")}): object {
  const type = operation?.body?.contentType ?? "application/json";
${versioned(`  const version = apiVersion ?? operation?.apiVersion ?? ${JSON.stringify(apiVersion)};
  const query = { "api-version": version, ...init.params?.query };
  const isVersioned = operation?.parameters["api-version"] !== undefined;
`)}  return {
    bodySerializer: (body: unknown) => written(body, type),
    parseAs: "stream",
    ...init,
${versioned(`    ...(isVersioned ? { params: { ...init.params, query } } : {}),
`)}  };
}

/** Bytes, streams and forms are sent as they are, everything else in the form of its content type. */
function written(body: unknown, type: string): unknown {
  const isReady = [Blob, ArrayBuffer, ReadableStream, FormData, URLSearchParams].some((kind) => body instanceof kind);
  if (isReady || ArrayBuffer.isView(body)) return body;
  if (typeof body === "string" && !type.includes("json")) return body;
  if (type.startsWith("multipart/")) return form(body, new FormData());
  if (type.endsWith("urlencoded")) return form(body, new URLSearchParams());
  return JSON.stringify(body);
}

function form<Form extends FormData | URLSearchParams>(body: unknown, target: Form): Form {
  for (const [name, value] of Object.entries(body ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === undefined || item === null) continue;
      if (target instanceof FormData && item instanceof Blob) target.append(name, item);
      else if (target instanceof FormData && ArrayBuffer.isView(item)) target.append(name, new Blob([item as BlobPart]));
      else target.append(name, typeof item === "object" ? JSON.stringify(item) : String(item));
    }
  }
  return target;
}

const methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"] as const;
type Method = (typeof methods)[number];

/** One method for each of HTTP: \`client.GET(path, init)\`. */
export type Client = { readonly [M in Method]: Call<M> } & Pick<FetchClient<paths>, "use" | "eject">;

type Call<M extends Method> = <P extends PathOf<M>, As extends ParseAs = "json">(
  path: P,
  ...init: {} extends Init<OperationOf<M, P>, As>
    ? [init?: Init<OperationOf<M, P>, As>]
    : [init: Init<OperationOf<M, P>, As>]
) => Promise<CallResult<DataOf<OperationOf<M, P>, As>, FailureOf<OperationOf<M, P>>>>;

/** The response of the server. \`error\` is undefined if a failed response has no body, so check \`response.ok\`. */
export type CallResult<Data, Failure> =
  | { readonly data: Data; readonly error?: never; readonly response: Response }
  | { readonly data?: never; readonly error: Failure; readonly response: Response };

type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<Lowercase<M>, object> ? P : never;
}[keyof paths];
type OperationOf<M extends Method, P extends keyof paths> =
  paths[P] extends Record<Lowercase<M>, infer O> ? O : never;

type Init<O, As> = Omit<FetchOptions<unknown>, "body" | "params" | "parseAs" | "bodySerializer"> &
  ParamsOf<O> &
  BodyOf<O> & { parseAs?: As; bodySerializer?: (body: never) => unknown };

type ParamsOf<O> = O extends { parameters: infer P }
  ? {} extends ${isVersioned ? "Versioned<P>" : "P"}
    ? { params?: ${isVersioned ? "Versioned<P>" : "P"} }
    : { params: ${isVersioned ? "Versioned<P>" : "P"} }
  : { params?: never };
${versioned(`
/** Parameters whose \`api-version\` may be left to the client. */
type Versioned<P> = P extends { query: infer Q extends { "api-version": unknown } }
  ? Omit<P, "query"> & Query<Omit<Q, "api-version"> & { "api-version"?: string }>
  : P;
type Query<Q> = {} extends Q ? { query?: Q } : { query: Q };
`)}
type BodyOf<O> = O extends { requestBody: { content: infer C } }
  ? { body: C[keyof C] }
  : O extends { requestBody?: never }
    ? { body?: never }
    : O extends { requestBody?: { content: infer C } }
      ? { body?: C[keyof C] }
      : { body?: never };

/** What only \`default\` documents stands for every status. */
type DataOf<O, As> = O extends { responses: infer R }
  ? As extends "json"
    ? Read<ContentOf<R, [SuccessOf<R>] extends [never] ? keyof R : SuccessOf<R>>>
    : ParseAsResponse<unknown, { parseAs: As }>
  : unknown;
/** Bytes arrive as a Blob. */
type Read<T> = [T] extends [never] ? T : [T] extends [Blob | Uint8Array] ? Blob : T;
type FailureOf<O> = O extends { responses: infer R } ? ContentOf<R, Exclude<keyof R, SuccessOf<R>>> : unknown;
type SuccessOf<R> = { [S in keyof R]: S extends string | number ? (\`\${S}\` extends \`2\${string}\` ? S : never) : never }[keyof R];
type ContentOf<R, S extends keyof R> = { [K in S]: R[K] extends { content: infer C } ? C[keyof C] : undefined }[S];
`;
}
