import type { Contract, OperationContract } from "./contract.js";
import { checkExample } from "./examples.js";
import type { Violation } from "./values.js";
import { parsed, readTexts, type TextForm } from "./values.js";

/** One request and its answer as they went over the wire. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Headers;
    readonly body: Uint8Array | undefined;
  };
  readonly response: { readonly status: number; readonly headers: Headers; readonly body: string };
}

/** Holds real traffic to the contract, by turning it into an example and checking that. */
export function checkExchange(contract: Contract, exchange: Exchange): Violation[] {
  const { method, url } = exchange.request;
  const { pathname, search } = new URL(url);
  const found = findOperation(contract, method, pathname, search);
  if (found === undefined) {
    return [
      { pointer: "#/operationId", message: `expected a request of the contract, got ${method} ${pathname}` },
    ];
  }
  const { operation, pathParameters } = found;
  const headers = operation.parameters.flatMap((parameter): [string, string][] => {
    const value = parameter.in === "header" ? exchange.request.headers.get(parameter.name) : null;
    return value === null ? [] : [[parameter.name, value]];
  });
  const example = {
    operationId: operation.id,
    parameters: {
      ...typed(operation, [...pathParameters, ...queryParameters(operation, search), ...headers]),
      ...bodyParameter(operation, exchange.request),
    },
    responses: { [exchange.response.status]: responseOf(exchange.response) },
  };
  return [
    ...contentTypeViolations(operation, exchange),
    ...checkExample(contract, example, { isReal: true }),
  ];
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

/** Templates without parameters win: `$/GetUploadSession` is not the file of that name. */
function findOperation(
  contract: Contract,
  method: string,
  pathname: string,
  search: string,
): Found | undefined {
  const candidates = [...contract.values()].flatMap((operation): Found[] => {
    const [path = ""] = operation.path.split("?");
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
    const pattern = path
      .split(/\{[^}]+\}/)
      .map(literally)
      .join("(.+)");
    const match = operation.method === method ? new RegExp(`^${pattern}$`).exec(pathname) : null;
    if (match === null || !hasFixedQuery(operation, search)) return [];
    return [
      { operation, pathParameters: names.map((name, index) => [name, decode(match[index + 1] ?? "")]) },
    ];
  });
  const literal = (found: Found) => found.operation.path.replaceAll(/\{[^}]+\}/g, "").length;
  return candidates.sort((a, b) => literal(b) - literal(a))[0];
}

/** `x-ms-paths` tells operations apart by a query that is a part of their path. */
function fixedQuery({ path }: OperationContract): string[] {
  return pairsOf(path.split("?")[1] ?? "").map(([name, value]) => `${name}=${value}`);
}

function hasFixedQuery(operation: OperationContract, search: string): boolean {
  const sent = new Set(pairsOf(search.slice(1)).map(([name, value]) => `${name}=${value}`));
  return fixedQuery(operation).every((pair) => sent.has(pair));
}

function literally(text: string): string {
  return text.replaceAll(/[$.*+?^()|[\]\\{}]/g, "\\$&");
}

function queryParameters(operation: OperationContract, search: string): [string, string][] {
  const raw = new Set(operation.parameters.flatMap(({ name, isRaw }) => (isRaw ? [name] : [])));
  const isDeclared = (name: string) => operation.parameters.some((each) => each.name === name);
  const fixed = new Set(fixedQuery(operation));
  const own = pairsOf(search.slice(1)).filter(
    ([name, value]) => isDeclared(name) || !fixed.has(`${name}=${value}`),
  );
  return own.map(([name, value]) => [decode(name), raw.has(decode(name)) ? value : decode(value)]);
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
  const text = () => new TextDecoder().decode(bytes);
  if (body.contentType.includes("json")) return { [body.name]: parsed(text()) };
  const isForm = body.fields !== undefined && body.contentType.endsWith("urlencoded");
  return { [body.name]: isForm ? valuesOf(body.fields, [...new URLSearchParams(text())]) : bytes };
}

function responseOf({ body, headers }: Exchange["response"]): { headers: object; body?: unknown } {
  return { headers: Object.fromEntries(headers), ...(body === "" ? {} : { body: parsed(body) }) };
}

function contentTypeViolations(operation: OperationContract, { request, response }: Exchange): Violation[] {
  const violations: Violation[] = [];
  const check = (headers: Headers, expected: string | undefined, pointer: string) => {
    const got = headers.get("content-type") ?? "none";
    if (expected === undefined || got.split(";")[0]?.trim() === expected) return;
    violations.push({ pointer, message: `expected ${expected}, got ${got}` });
  };
  if (request.body !== undefined)
    check(request.headers, operation.body?.contentType, "#/parameters/content-type");
  if (response.body !== "") check(response.headers, "application/json", "#/responses/headers/content-type");
  return violations;
}
