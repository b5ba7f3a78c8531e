import { describe, expect, it } from "vitest";
import { expandDiscriminators } from "../src/convert/polymorphism.js";
import type { JsonObject } from "../src/document/json.js";
import { validateDocument } from "../src/document/validate.js";

const to = (name: string) => `#/components/schemas/${name}`;
const extend = (base: string, more: JsonObject = {}): JsonObject => ({
  allOf: [{ $ref: to(base) }],
  ...more,
});
const named = (value: string): JsonObject => ({ "x-ms-discriminator-value": value });
const base = (property = "kind"): JsonObject => ({
  type: "object",
  description: "d",
  discriminator: { propertyName: property },
  required: [property],
  properties: { [property]: { type: "string" } },
});
const pinned = (value: string) => ({ type: "string", const: value });

/** The schemas after expansion, of a document that is valid before and after. */
async function expand(schemas: JsonObject): Promise<{ [name: string]: unknown }> {
  const document = { openapi: "3.1.0", info: { title: "t", version: "1" }, components: { schemas } };
  const expanded = expandDiscriminators("in.yaml", document);
  await validateDocument("out.yaml", expanded);
  return JSON.parse(JSON.stringify(expanded)).components.schemas;
}

/** What a union says: its property, and the values with the types they stand for. */
function union(property: string, types: Record<string, string>) {
  const mapping = Object.fromEntries(Object.entries(types).map(([value, type]) => [value, to(type)]));
  const oneOf = [...new Set(Object.values(mapping))].map(($ref) => ({ $ref }));
  return { oneOf, discriminator: { propertyName: property, mapping } };
}

describe("a base with a discriminator", () => {
  it("is the union of its subtypes, which extend what they have in common and say their value", async () => {
    const schemas = await expand({
      Pet: base(),
      Cat: { ...named("cat"), ...extend("Pet", { properties: { claws: { type: "integer" } } }) },
      Dog: extend("Pet"),
      Owner: { type: "object", properties: { pet: { $ref: to("Pet") } } },
    });
    expect(schemas).toEqual({
      Pet: { description: "d", ...union("kind", { cat: "Cat", Dog: "Dog" }) },
      PetCommon: {
        type: "object",
        description: "d",
        required: ["kind"],
        properties: { kind: { type: "string" } },
      },
      Cat: {
        ...named("cat"),
        type: "object",
        ...extend("PetCommon"),
        properties: { claws: { type: "integer" }, kind: pinned("cat") },
        required: ["kind"],
      },
      Dog: {
        type: "object",
        ...extend("PetCommon"),
        properties: { kind: pinned("Dog") },
        required: ["kind"],
      },
      Owner: { type: "object", properties: { pet: { $ref: to("Pet") } } },
    });
  });

  it.each<[string, JsonObject, Record<string, unknown>]>([
    [
      "with a level between stands for what is below, and for the level if it has a value",
      {
        Event: base(),
        NodeEvent: { ...named("node"), ...extend("Event") },
        NodeUp: { ...named("up"), ...extend("NodeEvent") },
        Group: extend("Event"),
        Leaf: { ...named("leaf"), ...extend("Group") },
      },
      {
        Event: union("kind", { node: "NodeEventItself", up: "NodeUp", leaf: "Leaf" }),
        NodeEvent: union("kind", { node: "NodeEventItself", up: "NodeUp" }),
        NodeEventItself: { ...extend("NodeEventCommon"), properties: { kind: pinned("node") } },
        NodeEventCommon: extend("EventCommon"),
        NodeUp: { ...extend("NodeEventCommon"), properties: { kind: pinned("up") } },
        Group: union("kind", { leaf: "Leaf" }),
        Leaf: extend("GroupCommon"),
      },
    ],
    [
      "with a level that has a discriminator of its own holds that level as one type",
      {
        Shape: base("kind"),
        Round: { ...named("round"), ...extend("Shape"), ...base("form"), allOf: [{ $ref: to("Shape") }] },
        Circle: { ...named("circle"), ...extend("Round") },
        Square: { ...named("square"), ...extend("Shape") },
      },
      {
        Shape: union("kind", { round: "Round", square: "Square" }),
        Round: union("form", { circle: "Circle" }),
        RoundCommon: { properties: { kind: pinned("round") } },
        Circle: { ...extend("RoundCommon"), properties: { form: pinned("circle") } },
      },
    ],
    [
      "with a value of its own is one of its types",
      { Pet: { ...named("pet"), ...base() }, Cat: extend("Pet") },
      {
        Pet: union("kind", { pet: "PetItself", Cat: "Cat" }),
        PetItself: { ...named("pet"), ...extend("PetCommon"), properties: { kind: pinned("pet") } },
      },
    ],
    [
      "whose hierarchy gives no values goes by names, at every level",
      { Pet: base(), Cat: extend("Pet"), Lion: extend("Cat"), Dog: extend("Pet") },
      {
        Pet: union("kind", { Pet: "PetItself", Cat: "CatItself", Lion: "Lion", Dog: "Dog" }),
        PetItself: { ...extend("PetCommon"), properties: { kind: pinned("Pet") } },
        Cat: union("kind", { Cat: "CatItself", Lion: "Lion" }),
        CatItself: { ...extend("CatCommon"), properties: { kind: pinned("Cat") } },
        Lion: { ...extend("CatCommon"), properties: { kind: pinned("Lion") } },
      },
    ],
    [
      "is only what its types have in common where one of them is given a value, at any level",
      {
        Pet: base(),
        Cat: extend("Pet"),
        Lion: { ...named("lion"), ...extend("Cat") },
        Bird: extend("Pet"),
        Owl: extend("Bird"),
      },
      { Pet: union("kind", { lion: "Lion", Owl: "Owl" }), Bird: union("kind", { Owl: "Owl" }) },
    ],
    [
      "whose name is no value of its property is only what its types have in common",
      { Pet: { ...base(), properties: { kind: { type: "string", enum: ["Cat"] } } }, Cat: extend("Pet") },
      { Pet: union("kind", { Cat: "Cat" }) },
    ],
    ["that nobody extends stays as it is", { Pet: base() }, { Pet: base() }],
    [
      "whose property is an enum elsewhere keeps that in what is common",
      {
        Kind: { type: "string", enum: ["cat", "dog"] },
        Pet: { ...base(), properties: { kind: { $ref: to("Kind") } } },
        Cat: { ...named("cat"), ...extend("Pet", { properties: { kind: { $ref: to("Kind") } } }) },
      },
      {
        PetCommon: { properties: { kind: { $ref: to("Kind") } } },
        Cat: { properties: { kind: { allOf: [{ $ref: to("Kind") }], ...pinned("cat") } } },
      },
    ],
    [
      "leaves names that are taken alone",
      { Pet: base(), PetCommon: { type: "string" }, Cat: extend("Pet") },
      { PetCommon: { type: "string" }, Cat: extend("PetCommon2") },
    ],
    [
      "with one value for two types names both, and no way to tell them apart",
      { Pet: base(), Cat: { ...named("x"), ...extend("Pet") }, Dog: { ...named("x"), ...extend("Pet") } },
      {
        Pet: { anyOf: [{ $ref: to("Cat") }, { $ref: to("Dog") }] },
        Dog: { properties: { kind: pinned("x") } },
      },
    ],
    [
      "goes by its mapping before any name, several values for one type included",
      {
        Pet: { ...base(), discriminator: { propertyName: "kind", mapping: { tom: "Cat", puss: to("Cat") } } },
        Cat: extend("Pet"),
        Dog: extend("Pet"),
      },
      {
        Pet: union("kind", { tom: "Cat", puss: "Cat", Dog: "Dog" }),
        Cat: { properties: { kind: { type: "string", enum: ["tom", "puss"] } } },
      },
    ],
    [
      "that lists its subtypes itself is no circle",
      {
        Pet: { ...base(), oneOf: [{ $ref: to("Cat") }, { $ref: to("Stone") }] },
        Cat: extend("Pet"),
        Stone: { type: "object" },
      },
      {
        Pet: union("kind", { Cat: "Cat", Stone: "Stone" }),
        PetCommon: { type: "object", properties: { kind: { type: "string" } } },
        Stone: { properties: { kind: pinned("Stone") } },
      },
    ],
    [
      "that is a union already gets the whole mapping, and its members their values",
      {
        Pet: {
          oneOf: [{ $ref: to("Cat") }, { $ref: to("Dog") }],
          discriminator: { propertyName: "kind", mapping: { d: "Dog" } },
        },
        Cat: { type: "object", properties: { kind: { type: "string", enum: ["cat"] } } },
        Dog: { type: "object", properties: { kind: { type: "string" } } },
      },
      {
        Pet: union("kind", { cat: "Cat", d: "Dog" }),
        Dog: { properties: { kind: pinned("d") }, required: ["kind"] },
      },
    ],
    [
      "that extends itself in a circle ends",
      { A: { ...base(), ...extend("B") }, B: extend("A") },
      { A: { description: "d" } },
    ],
  ])("%s", async (_, schemas, expected) => {
    expect(await expand(schemas)).toMatchObject(expected);
  });

  it("keeps its union where only a description is added to a reference to it", async () => {
    const pet = { description: "mine", allOf: [{ $ref: to("Pet") }] };
    const schemas = await expand({
      Pet: base(),
      Cat: extend("Pet"),
      Owner: { type: "object", properties: { pet } },
    });
    expect(schemas["Owner"]).toEqual({ type: "object", properties: { pet } });
  });
});
