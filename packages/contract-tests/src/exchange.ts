import { checkExample } from "./check-example.js";
import type { Contract, OperationContract } from "./contract.js";
import type { Violation } from "./violation.js";

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
  const found = findOperation(contract, method, pathname);
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
      ...typed(operation, [...pathParameters, ...queryParameters(search), ...headers]),
      ...bodyParameter(operation, exchange.request.body),
    },
    responses: { [exchange.response.status]: responseOf(exchange.response) },
  };
  return [...contentTypeViolations(operation, exchange), ...checkExample(contract, example)];
}

/** `fetch`, which also hands every exchange to `onExchange`. */
export function recordingFetch(
  fetch: (request: Request) => Promise<Response>,
  onExchange: (exchange: Exchange) => void,
): (request: Request) => Promise<Response> {
  return async (request) => {
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
function findOperation(contract: Contract, method: string, pathname: string): Found | undefined {
  const candidates = [...contract.values()].flatMap((operation): Found[] => {
    const names = [...operation.path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
    const pattern = operation.path
      .split(/\{[^}]+\}/)
      .map(literally)
      .join("(.+)");
    const match = operation.method === method ? new RegExp(`^${pattern}$`).exec(pathname) : null;
    if (match === null) return [];
    return [
      { operation, pathParameters: names.map((name, index) => [name, decode(match[index + 1] ?? "")]) },
    ];
  });
  const literal = (found: Found) => found.operation.path.replaceAll(/\{[^}]+\}/g, "").length;
  return candidates.sort((a, b) => literal(b) - literal(a))[0];
}

function literally(text: string): string {
  return text.replaceAll(/[$.*+?^()|[\]\\{}]/g, "\\$&");
}

function queryParameters(search: string): [string, string][] {
  return search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", value = ""] = pair.split("=", 2);
      return [decode(name), decode(value)];
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

/** URLs hold text only; numbers are numbers again where the contract says so and the text is one. */
function typed(operation: OperationContract, values: readonly [string, string][]): Record<string, unknown> {
  return Object.fromEntries(
    values.map(([name, text]) => {
      const type = operation.parameters.find((parameter) => parameter.name === name)?.type;
      const isNumber =
        (type === "integer" || type === "number") && text.trim() !== "" && Number.isFinite(Number(text));
      return [name, isNumber ? Number(text) : text];
    }),
  );
}

function bodyParameter({ body }: OperationContract, bytes: Uint8Array | undefined): Record<string, unknown> {
  if (bytes === undefined) return {};
  if (body === undefined) return bytes.byteLength === 0 ? {} : { "(body)": bytes };
  return { [body.name]: body.contentType.includes("json") ? parsed(new TextDecoder().decode(bytes)) : bytes };
}

function responseOf({ body }: Exchange["response"]): { body?: unknown } {
  return body === "" ? {} : { body: parsed(body) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
