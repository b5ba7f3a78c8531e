import type { JsonObject } from "../src/document/json.js";
import { checkExample, checkExchange, compileContract } from "../src/index.js";

export const text: JsonObject = { type: "string" };
export const number: JsonObject = { type: "integer" };
const ok: JsonObject = { "200": { description: "ok" } };
export const lines = (found: readonly { pointer: string; message: string }[]) =>
  found.map(({ pointer, message }) => `${pointer}: ${message}`);

export function contractOf(operation: JsonObject, schemas: JsonObject = {}) {
  const paths = { "/x": { post: { operationId: "Op", responses: ok, ...operation } } };
  return compileContract({ openapi: "3.1.0", paths, components: { schemas } });
}

/** What is wrong with an example of an operation. */
export function example(
  operation: JsonObject,
  parameters: object,
  responses: object = { 200: { headers: {} } },
) {
  return lines(checkExample(contractOf(operation), { operationId: "Op", parameters, responses }));
}

export interface Traffic {
  readonly query?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** What is wrong with real traffic of an operation. */
export function traffic(operation: JsonObject, { query = "", body, headers = {} }: Traffic) {
  return lines(
    checkExchange(contractOf(operation), {
      request: {
        method: "POST",
        url: `http://localhost/x${query}`,
        headers: new Headers(
          body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" },
        ),
        body: body === undefined ? undefined : new TextEncoder().encode(body),
      },
      response: { status: 200, headers: new Headers(headers), body: "" },
    }),
  );
}
