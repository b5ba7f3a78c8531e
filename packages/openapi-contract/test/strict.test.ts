import { describe, expect, it } from "vitest";
import type { JsonObject } from "../src/document/json.js";
import { checkExample, compileContract } from "../src/index.js";

const to = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const text = { type: "string" };
const components: JsonObject = {
  schemas: {
    Cat: {
      type: "object",
      required: ["kind"],
      properties: { kind: { const: "cat" }, claws: { type: "integer" } },
    },
    Dog: {
      ...extending("PetCommon"),
      properties: { kind: { const: "dog" }, tail: text },
      required: ["kind"],
    },
    PetCommon: { type: "object", properties: { kind: text, friend: to("Pet") } },
    Puppy: {
      ...extending("PetCommon"),
      properties: { kind: { const: "dog" }, age: text },
      required: ["kind"],
    },
    Pet: {
      oneOf: [to("Cat"), to("Dog")],
      discriminator: {
        propertyName: "kind",
        mapping: { cat: "#/components/schemas/Cat", dog: "#/components/schemas/Dog" },
      },
    },
    Tree: { type: "object", properties: { children: { type: "array", items: to("Tree") }, note: text } },
    Branch: { ...extending("Tree"), properties: { length: { type: "integer" } } },
    First: { type: "object", properties: { a: text } },
    Second: { type: "object", properties: { b: text } },
  },
};

function extending(base: string): JsonObject {
  return { type: "object", allOf: [to(base)] };
}

/** What is wrong with `value` as an answer of the form `schema`: pointers below the body, and expectations. */
function violations(schema: JsonObject, value: unknown): string[] {
  const responses = { "200": { description: "ok", content: { "application/json": { schema } } } };
  const paths = { "/x": { get: { operationId: "Op", responses } } };
  const contract = compileContract({ openapi: "3.1.0", paths, components });
  const example = { operationId: "Op", parameters: {}, responses: { "200": { body: value } } };
  return checkExample(contract, example).map(
    ({ pointer, message }) => `${pointer.replace("#/responses/200/body", "")}: ${message}`,
  );
}

const unknown = "expected no property of this name";
const free = { type: "object" };
const withCondition: JsonObject = {
  type: "object",
  properties: { a: text },
  if: { properties: { a: { const: "more" } }, required: ["a"] },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: { properties: { b: text } },
};

describe("a value", () => {
  it.each<[string, JsonObject, unknown]>([
    ["of a subtype", to("Pet"), { kind: "dog", tail: "long", friend: { kind: "cat", claws: 18 } }],
    ["of a subtype or null", { anyOf: [to("Pet"), { type: "null" }] }, null],
    [
      "of a subtype in a list of lists",
      { type: "array", items: { type: "array", items: to("Pet") } },
      [[{ kind: "cat" }]],
    ],
    [
      "of a subtype that a description is added to",
      { description: "d", allOf: [to("Pet")] },
      { kind: "dog", tail: "" },
    ],
    [
      "of a subtype with more properties beside",
      { allOf: [to("Pet")], properties: { more: text } },
      { kind: "dog", tail: "", more: "" },
    ],
    ["that refers to its own type", to("Tree"), { children: [{ children: [], note: "n" }] }],
    ["that extends such a type", to("Branch"), { length: 1, children: [{ note: "n" }] }],
    [
      "of one of two types of one constant",
      { anyOf: [to("Cat"), to("Dog"), to("Puppy")] },
      { kind: "dog", age: "1" },
    ],
    ["of one alternative", { oneOf: [to("First"), to("Second")] }, { b: "b" }],
    ["that several alternatives fit", { oneOf: [to("First"), to("Second")] }, {}],
    [
      "of several alternatives at once, where that is said",
      { anyOf: [to("First"), to("Second")] },
      { a: "a", b: "b" },
    ],
    ["without any description", free, { anything: [{ goes: 1 }] }],
    ["of a map", { type: "object", additionalProperties: to("First") }, { x: { a: "a" } }],
    [
      "of a model with a map of others",
      { type: "object", properties: { a: text }, additionalProperties: { type: "integer" } },
      { a: "a", b: 1 },
    ],
    ["that may be null by type", { type: ["object", "null"], properties: { a: text } }, null],
    ["whose condition allows more", withCondition, { a: "more", b: "b" }],
    [
      "with names by pattern",
      { type: "object", properties: { a: text }, patternProperties: { "^x-": text } },
      { a: "", "x-b": "" },
    ],
    ["of a time span with a fraction", { ...text, format: "duration" }, "P0DT0H0M0.5S"],
    ["of a fraction in a text", { ...text, format: "double" }, "-1.5E3"],
    ["of a format that nobody knows", { ...text, format: "arm-id" }, "/x"],
    [
      "of a schema deep inside the document",
      { $ref: "#/components/schemas/Tree/properties/children" },
      [{ note: "n" }],
    ],
    ["that a restriction leaves open", { allOf: [to("First")], not: { required: ["z"] } }, { a: "a" }],
  ])("%s keeps the contract", (_, schema, value) => {
    expect(violations(schema, value)).toEqual([]);
  });

  it.each<[string, JsonObject, unknown, string[]]>([
    [
      "of a subtype, with a property of another",
      to("Pet"),
      { kind: "dog", claws: 1 },
      [`/claws: ${unknown}`],
    ],
    [
      "of a subtype, with a value of the wrong type",
      to("Pet"),
      { kind: "cat", claws: "18" },
      ['/claws: expected integer, got "18"'],
    ],
    ["of no subtype", to("Pet"), { kind: "cow" }, ['/kind: expected one of "cat", "dog", got "cow"']],
    [
      "that does not say its subtype",
      to("Pet"),
      { claws: 1 },
      [': expected the property "kind", which is missing'],
    ],
    [
      "of a subtype inside another",
      to("Pet"),
      { kind: "dog", friend: { kind: "cat", tail: "" } },
      [`/friend/tail: ${unknown}`],
    ],
    [
      "of a subtype or null, which is neither",
      { anyOf: [to("Pet"), { type: "null" }] },
      { kind: "dog", claws: 1 },
      [`/claws: ${unknown}`],
    ],
    [
      "that is of no type asked for",
      { anyOf: [to("First"), { type: "null" }] },
      5,
      [": expected object or null, got 5"],
    ],
    [
      "with a wrong value in what it extends, and nothing else wrong",
      to("Branch"),
      { length: 1, note: 5 },
      ["/note: expected string, got 5"],
    ],
    [
      "deep in its own type",
      to("Tree"),
      { children: [{ children: [{ note: "n", no: 1 }] }] },
      [`/children/0/children/0/no: ${unknown}`],
    ],
    [
      "with properties of two alternatives",
      { oneOf: [to("First"), to("Second")] },
      { a: "a", b: "b" },
      [`/b: ${unknown}`, `/a: ${unknown}`],
    ],
    ["of neither alternative", { anyOf: [to("First"), to("Second")] }, { a: "a", c: 1 }, [`/c: ${unknown}`]],
    ["whose condition does not allow more", withCondition, { a: "a", b: "b" }, [`/b: ${unknown}`]],
    [
      "in a map",
      { type: "object", additionalProperties: to("First") },
      { x: { b: "b" } },
      [`/x/b: ${unknown}`],
    ],
    [
      "in a list of lists",
      { type: "array", items: { type: "array", items: to("First") } },
      [[{ b: 1 }]],
      [`/0/0/b: ${unknown}`],
    ],
    [
      "of a number in a text that may be null",
      { type: ["string", "null"], format: "int64" },
      "1.5",
      [': expected the digits of a 64-bit integer, got "1.5"'],
    ],
    [
      "of a fraction in a text",
      { ...text, format: "double" },
      "one",
      [': expected a number in a text, got "one"'],
    ],
    [
      "of a time span",
      { ...text, format: "duration" },
      "1 hour",
      [': expected a time span such as PT1H30M, got "1 hour"'],
    ],
    ["that has to be constant", { const: "a" }, "b", [': expected "a", got "b"']],
  ])("%s breaks it", (_, schema, value, expected) => {
    expect(violations(schema, value)).toEqual(expected);
  });
});
