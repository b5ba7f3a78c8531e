import type { Contract, OperationContract } from "./contract.js";
import { checkExample, responseFor } from "./examples.js";
import {
  bodyLength,
  parsed,
  readTexts,
  type TextForm,
  UnreadBody,
  type Violation,
  violation,
} from "./values.js";

/** One request and its response, as they were sent. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Headers;
    /** An `UnreadBody` stands for bytes that were not kept: their length is checked, their content is not. */
    readonly body: Uint8Array | UnreadBody | undefined;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Headers;
    readonly body: string | UnreadBody;
  };
}

/** Checks real traffic against the contract: turns it into an example and checks that. */
export function checkExchange(contract: Contract, exchange: Exchange): Violation[] {
  const shown = exampleOf(contract, exchange);
  if (shown === undefined) {
    const { method, url } = exchange.request;
    const actual = `${method} ${new URL(url).pathname}`;
    const expected = "a request of the contract";
    const message = `expected ${expected}, got ${actual}`;
    return [violation({ code: "OPERATION_UNKNOWN", pointer: "#/operationId", expected, message, actual })];
  }
  const { operation, example, rivals } = shown;
  return [
    ...rivals.map((rival) => ambiguous(operation, rival)),
    ...contentTypeViolations(operation, exchange),
    ...checkExample(contract, example, { isReal: true }),
  ];
}

/** An exchange in the form of an example. */
interface ExchangeExample {
  readonly operation: OperationContract;
  readonly example: {
    operationId: string;
    parameters: Record<string, unknown>;
    responses: Record<string, unknown>;
  };
  /** Other operations that method and URL fit as well. */
  readonly rivals: readonly OperationContract[];
}

/** Undefined: no operation of the contract fits method and URL. */
export function exampleOf(contract: Contract, { request, response }: Exchange): ExchangeExample | undefined {
  const { pathname, search } = new URL(request.url);
  const query = pairsOf(search.slice(1));
  const [found, ...others] = findOperations(contract, request.method, pathname, query);
  if (found === undefined) return undefined;
  const { operation, pathParameters } = found;
  const headers = operation.parameters.flatMap((parameter): [string, string][] => {
    const value = parameter.in === "header" ? request.headers.get(parameter.name) : null;
    return value === null ? [] : [[parameter.name, value]];
  });
  const parameters = {
    ...typed(operation, [...pathParameters, ...queryParameters(operation, query), ...headers]),
    ...bodyParameter(operation, request),
  };
  const responses = { [response.status]: responseOf(operation, request.method, response) };
  return {
    operation,
    example: { operationId: operation.id, parameters, responses },
    rivals: others
      .filter((other) => weightOf(other.operation) === weightOf(operation))
      .map((other) => other.operation),
  };
}

function ambiguous(operation: OperationContract, rival: OperationContract): Violation {
  return violation({
    code: "OPERATION_AMBIGUOUS",
    pointer: "#/operationId",
    expected: `a request that only ${operation.id} fits`,
    message: `method and URL fit ${rival.id} as well; checked as ${operation.id}`,
  });
}

/** `fetch`, which also hands every exchange to `onExchange`. */
export function recordingFetch(
  fetch: (request: Request) => Promise<Response>,
  onExchange: (exchange: Exchange) => void,
): (input: Request | string, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const request = new Request(input, init);
    const { method, url, headers } = request;
    const body = request.body === null ? undefined : new Uint8Array(await request.clone().arrayBuffer());
    const response = await fetch(request);
    const text = await response.clone().text();
    const answer = { status: response.status, headers: response.headers, body: text };
    onExchange({ request: { method, url, headers, body }, response: answer });
    return response;
  };
}

interface Found {
  readonly operation: OperationContract;
  readonly pathParameters: [string, string][];
}

type Pairs = readonly (readonly [string, string])[];

/** Templates without parameters win: `$/GetUploadSession` is not the file of that name. */
function findOperations(contract: Contract, method: string, pathname: string, query: Pairs): Found[] {
  const candidates = [...contract.values()].flatMap((operation): Found[] => {
    if (operation.method !== method || !hasFixedQuery(operation, query)) return [];
    const [path = ""] = operation.path.split("?");
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
    const pattern = path
      .split(/\{[^}]+\}/)
      .map(literally)
      .join("(.+)");
    const prefixes = operation.basePaths.map((base) =>
      base
        .split(/\{[^}]+\}/)
        .map(literally)
        .join("[^/]+"),
    );
    const match = new RegExp(`^(?:${prefixes.join("|")})?${pattern}$`).exec(pathname);
    if (match === null) return [];
    return [
      { operation, pathParameters: names.map((name, index) => [name, decode(match[index + 1] ?? "")]) },
    ];
  });
  return candidates.sort((a, b) => weightOf(b.operation) - weightOf(a.operation));
}

/** How many characters of a template are fixed. */
function weightOf({ path }: OperationContract): number {
  return path.replaceAll(/\{[^}]+\}/g, "").length;
}

/** `x-ms-paths` tell operations apart by a query that is part of the path. */
function hasFixedQuery({ path }: OperationContract, query: Pairs): boolean {
  return fixedQuery(path).every(([name, value]) =>
    query.some((pair) => pair[0] === name && pair[1] === value),
  );
}

function fixedQuery(path: string): Pairs {
  return pairsOf(path.split("?")[1] ?? "");
}

function literally(text: string): string {
  return text.replaceAll(/[$.*+?^()|[\]\\{}]/g, "\\$&");
}

function queryParameters(operation: OperationContract, query: Pairs): [string, string][] {
  const raw = new Set(operation.parameters.flatMap(({ name, isRaw }) => (isRaw ? [name] : [])));
  const fixed = new Set(fixedQuery(operation.path).map(([name]) => name));
  const declared = new Set(operation.parameters.map(({ name }) => name));
  return query
    .filter(([name]) => !fixed.has(name) || declared.has(name))
    .map(([name, value]) => [decode(name), raw.has(decode(name)) ? value : decode(value)]);
}

function pairsOf(text: string): [string, string][] {
  const pairs = text.split("&").filter((pair) => pair !== "");
  return pairs.map((pair) => {
    const end = pair.indexOf("=");
    return end < 0 ? [pair, ""] : [pair.slice(0, end), pair.slice(end + 1)];
  });
}

/** Plain percent-decoding, as gateways do it: `+` stays `+` (protocol §5.3). */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** URLs and headers hold text only; what the contract says is something else becomes that again. */
function typed(operation: OperationContract, texts: readonly [string, string][]): Record<string, unknown> {
  const forms = new Map(operation.parameters.map(({ name, form }) => [name, form]));
  return valuesOf(forms, texts);
}

function valuesOf(
  forms: ReadonlyMap<string, TextForm>,
  texts: readonly [string, string][],
): Record<string, unknown> {
  const byName = new Map<string, string[]>();
  for (const [name, text] of texts) byName.set(name, [...(byName.get(name) ?? []), text]);
  return Object.fromEntries(
    [...byName].map(([name, all]) => {
      const form = forms.get(name);
      return [name, form === undefined ? all[0] : readTexts(form, all)];
    }),
  );
}

function bodyParameter({ body }: OperationContract, request: Exchange["request"]): Record<string, unknown> {
  const { body: bytes } = request;
  if (bytes === undefined) return {};
  if (body === undefined) return bytes.byteLength === 0 ? {} : { "(body)": bytes };
  const isOther = isOtherMedia(body, request.headers);
  if (isOther || bytes instanceof UnreadBody) return { [body.name]: new UnreadBody(bytes.byteLength) };
  const text = () => new TextDecoder().decode(bytes);
  // JSON has no empty text.
  if (bytes.byteLength === 0 && body.contentType.includes("json")) return {};
  if (body.contentType.includes("json")) return { [body.name]: parsed(text()) };
  const isForm = body.fields !== undefined && body.contentType.endsWith("urlencoded");
  return { [body.name]: isForm ? valuesOf(body.fields, [...new URLSearchParams(text())]) : bytes };
}

function responseOf(operation: OperationContract, method: string, response: Exchange["response"]): object {
  const { body, headers, status } = response;
  const found = { headers: Object.fromEntries(headers) };
  const expected = responseFor(operation, String(status));
  // A response to HEAD has the headers of a body that it does not send.
  if (body === "")
    return method === "HEAD" && expected?.contentType !== undefined
      ? { ...found, body: new UnreadBody(0) }
      : found;
  const isOther = expected !== undefined && isOtherMedia(expected, headers);
  if (body instanceof UnreadBody || isOther) return { ...found, body: new UnreadBody(bodyLength(body) ?? 0) };
  return { ...found, body: parsed(body) };
}

interface Media {
  readonly contentType: string | undefined;
  readonly contentTypes: readonly string[];
}

/** A body may come in several forms, of which the one in JSON is checked: the schema says little about others. */
function isOtherMedia({ contentType, contentTypes }: Media, headers: Headers): boolean {
  const got = mediaType(headers);
  if (got === undefined || contentType === undefined || isMedia(contentType, got)) return false;
  return contentTypes.some((each) => isMedia(each, got));
}

function mediaType(headers: Headers): string | undefined {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

/** Documents may name a whole group, such as `text/*`, and parameters such as a character set. */
function isMedia(declared: string, got: string): boolean {
  const wanted = declared.split(";")[0]?.trim().toLowerCase() ?? "";
  return wanted === got || wanted === "*/*" || (wanted.endsWith("/*") && got.startsWith(wanted.slice(0, -1)));
}

function contentTypeViolations(operation: OperationContract, { request, response }: Exchange): Violation[] {
  const check = (headers: Headers, media: Media | undefined, pointer: string): Violation[] => {
    const got = mediaType(headers);
    const { contentTypes = [] } = media ?? {};
    if (contentTypes.length === 0 || contentTypes.some((each) => got !== undefined && isMedia(each, got)))
      return [];
    const expected = contentTypes.join(" or ");
    const actual = headers.get("content-type") ?? "none";
    const message = `expected ${expected}, got ${actual}`;
    return [violation({ code: "CONTENT_TYPE_INVALID", pointer, expected, message, actual })];
  };
  const answer = response.body === "" ? undefined : responseFor(operation, String(response.status));
  return [
    ...(request.body === undefined || request.body.byteLength === 0
      ? []
      : check(request.headers, operation.body, "#/parameters/content-type")),
    ...check(response.headers, answer, `#/responses/${response.status}/headers/content-type`),
  ];
}
