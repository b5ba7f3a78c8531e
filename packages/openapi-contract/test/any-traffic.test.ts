import { describe, expect, it } from "vitest";
import type { JsonObject } from "../src/document/json.js";
import { checkExchange, compileContract } from "../src/index.js";
import { example, lines, number, text, traffic } from "./any-contract.js";

describe("headers of an answer", () => {
  const headers: JsonObject = {
    "Retry-After": { required: true, schema: number },
    ETag: { schema: { ...text, pattern: '^".*"$' } },
  };
  const operation: JsonObject = { responses: { "200": { description: "ok", headers } } };

  it.each<[string, object, string[]]>([
    ["as numbers", { "Retry-After": 5 }, []],
    ["as texts, in any case", { "retry-after": "5", etag: '"a"', "Content-Type": "text/plain" }, []],
    [
      "of the wrong form",
      { "Retry-After": "0x10", ETag: "a" },
      [
        '#/responses/200/headers/Retry-After: expected integer, got "0x10"',
        '#/responses/200/headers/ETag: expected a text that matches ^".*"$, got "a"',
      ],
    ],
    [
      "that are missing",
      {},
      ['#/responses/200/headers: expected the header "Retry-After", which is missing'],
    ],
    [
      "nobody declares",
      { "Retry-After": 5, ETags: "" },
      ["#/responses/200/headers/ETags: expected nothing of this name: the answer declares Retry-After, ETag"],
    ],
  ])("%s", (_, given, expected) => {
    expect(example(operation, {}, { 200: { headers: given } })).toEqual(expected);
  });

  it("of real traffic may hold others, and are held to what is declared", () => {
    expect(traffic(operation, { headers: { "retry-after": "5", date: "today" } })).toEqual([]);
    expect(traffic(operation, { headers: { "retry-after": "soon" } })).toEqual([
      '#/responses/200/headers/retry-after: expected integer, got "soon"',
    ]);
  });
});

describe("a URL", () => {
  const query = (name: string, schema: JsonObject, more: JsonObject = {}): JsonObject => ({
    parameters: [{ name, in: "query", schema, ...more }],
  });

  it.each<[string, JsonObject, string, string[]]>([
    ["the first of several values counts", query("n", number), "?n=1&n=x", []],
    ["and no other", query("n", number), "?n=x&n=1", ['#/parameters/n: expected integer, got "x"']],
    ...["0x10", "1e3", "+1", "", "%201"].map((value): [string, JsonObject, string, string[]] => [
      `no number is written ${JSON.stringify(value)}`,
      query("n", number),
      `?n=${value}`,
      [`#/parameters/n: expected integer, got ${JSON.stringify(decodeURIComponent(value))}`],
    ]),
    ["a number may be negative", query("n", number), "?n=-12", []],
    ["a fraction is a number", query("n", { type: "number" }), "?n=1.50", []],
    ["true is a truth value", query("b", { type: "boolean" }), "?b=true", []],
    ["a list is repeated", query("l", { type: "array", items: number }), "?l=1&l=2", []],
    [
      "or separated",
      query("l", { type: "array", items: number }, { explode: false }),
      "?l=1,x",
      ['#/parameters/l/1: expected integer, got "x"'],
    ],
    [
      "JSON in it is JSON",
      { parameters: [{ name: "j", in: "query", content: { "application/json": { schema: number } } }] },
      "?j=%225%22",
      ['#/parameters/j: expected integer, got "5"'],
    ],
    ["text is decoded", query("t", { const: "a b=c" }), "?t=a%20b=c", []],
    [
      "but where it is sent as it is",
      query("t", { const: "a%20b" }, { allowReserved: true }),
      "?t=a%20b",
      [],
    ],
  ])("%s", (_, operation, search, expected) => {
    expect(traffic(operation, { query: search })).toEqual(expected);
  });
});

describe("operations told apart by a query in their path", () => {
  const named = (operationId: string, limit: JsonObject) => ({
    get: {
      operationId,
      parameters: [{ name: "limit", in: "query", schema: limit }],
      responses: { "200": { description: "ok" } },
    },
  });
  const paths = { "/c": named("Get", text), "/c?comp=list": named("List", number) };
  const contract = compileContract({ openapi: "3.1.0", paths });

  it.each([
    ["/c?limit=x", []],
    ["/c?comp=list&limit=5", []],
    ["/c?limit=x&comp=list", ['#/parameters/limit: expected integer, got "x"']],
    ["/c?comp=acl", ["#/parameters/comp: expected nothing of this name: Get has limit"]],
  ])("%s", (url, expected) => {
    const request = { method: "GET", url: `http://localhost${url}`, headers: new Headers(), body: undefined };
    const response = { status: 200, headers: new Headers(), body: "" };
    expect(lines(checkExchange(contract, { request, response }))).toEqual(expected);
  });
});
