import { describe, expect, it } from "vitest";
import type { JsonObject } from "../src/document/json.js";
import { checkExample } from "../src/index.js";
import { contractOf, example, lines, number, text, traffic } from "./any-contract.js";

const jsonBody = (schema: JsonObject): JsonObject => ({
  requestBody: { "x-body-name": "model", required: true, content: { "application/json": { schema } } },
});
const jsonAnswer = (schema: JsonObject): JsonObject => ({
  responses: { "200": { description: "ok", content: { "application/json": { schema } } } },
});

describe("a form", () => {
  const schema: JsonObject = {
    type: "object",
    required: ["name"],
    properties: { name: text, age: number, tags: { type: "array", items: number } },
  };
  const media = { schema, encoding: { tags: { style: "form", explode: false } } };
  const form: JsonObject = {
    requestBody: { required: true, content: { "application/x-www-form-urlencoded": media } },
  };

  it.each<[string, object, string[]]>([
    ["with its fields among the parameters", { name: "a", age: 1, tags: [1] }, []],
    ["as one body", { body: { name: "a" } }, []],
    ["with a wrong field", { name: "a", age: "1" }, ['#/parameters/age: expected integer, got "1"']],
    ["without a field", { age: 1 }, ['#/parameters: expected the property "name", which is missing']],
    ["without any field", {}, ['#/parameters: expected the property "name", which is missing']],
    [
      "with an unknown field",
      { name: "a", size: 1 },
      ["#/parameters/size: expected nothing of this name: Op has body, name, age, tags"],
    ],
    [
      "with a wrong field in one body",
      { body: { name: 1 } },
      ["#/parameters/body/name: expected string, got 1"],
    ],
  ])("%s", (_, parameters, expected) => {
    expect(example(form, parameters)).toEqual(expected);
  });

  it("is held to its schema in real traffic", () => {
    expect(traffic(form, { body: "name=a+b&age=5&tags=1,2" })).toEqual([]);
    expect(traffic(form, { body: "age=five&tags=1,b" })).toEqual([
      '#/parameters/body: expected the property "name", which is missing',
      '#/parameters/body/age: expected integer, got "five"',
      '#/parameters/body/tags/1: expected integer, got "b"',
    ]);
  });
});

describe("a property that only one direction has", () => {
  const id: JsonObject = { allOf: [text], readOnly: true };
  const secret: JsonObject = { ...text, writeOnly: true };
  const model: JsonObject = {
    allOf: [{ type: "object", properties: { id } }],
    type: "object",
    required: ["id", "secret", "name"],
    properties: { secret, name: text },
  };

  it.each<[string, object, string[]]>([
    ["without what only answers have", { secret: "s", name: "n" }, []],
    [
      "sent back as it was received",
      { secret: "s", name: "n", id: "i" },
      ["#/parameters/model/id: expected no readOnly property in a request"],
    ],
    [
      "without what requests have",
      { name: "n" },
      ['#/parameters/model: expected the property "secret", which is missing'],
    ],
  ])("a request %s", (_, value, expected) => {
    expect(example(jsonBody(model), { model: value })).toEqual(expected);
  });

  it.each<[string, object, string[]]>([
    ["without what only requests have", { id: "i", name: "n" }, []],
    ["with it", { id: "i", name: "n", secret: "s" }, ["#/responses/200/body/secret: expected nothing here"]],
    [
      "without what answers have",
      { name: "n" },
      ['#/responses/200/body: expected the property "id", which is missing'],
    ],
  ])("an answer %s", (_, body, expected) => {
    expect(example(jsonAnswer(model), {}, { 200: { headers: {}, body } })).toEqual(expected);
  });
});

describe("an operation that documents nothing but a default answer", () => {
  const responses = { default: { description: "any" } };

  it("may answer with success", () => {
    expect(example({ responses }, {}, { 200: { headers: {} } })).toEqual([]);
  });

  it("unless it documents a success too", () => {
    expect(example({ responses: { ...responses, "201": { description: "ok" } } }, {})).toEqual([
      "#/responses/200: expected a documented status (201, default), got 200",
    ]);
  });
});

describe("names that every object has", () => {
  it("are names of operations and parameters like others", () => {
    const parameters = [{ name: "toString", in: "query", required: true, schema: text }];
    const contract = contractOf({ operationId: "constructor", parameters });
    const given = { operationId: "constructor", parameters: {}, responses: { 200: { headers: {} } } };
    expect(lines(checkExample(contract, given))).toEqual([
      '#/parameters: expected the parameter "toString", which is missing',
    ]);
    expect(lines(checkExample(contract, { ...given, parameters: { toString: "a" } }))).toEqual([]);
  });
});
