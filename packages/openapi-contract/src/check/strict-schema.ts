import { resolveReference } from "../document/document.js";
import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  pointer,
  referencePath,
  valueAt,
  walkObjects,
} from "../document/json.js";
import { mapInnerSchemas } from "../document/schemas.js";
import { type Direction, declaredNames, declaresProperties, inDirection } from "./direction.js";
import { inText, marks } from "./explain.js";

/**
 * How strictly a schema is read. `closed`: a value that stands alone, where a property nobody declared is an error. `open`:
 * a part of such a value, which others describe too; what is inside its properties is closed. `plain`: as the document
 * says, for what only decides something.
 */
type Reading = "closed" | "open" | "plain";

/** Keywords whose schemas describe the same value, together with what stands beside them. */
const sameValue = new Set(["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas", "$defs"]);
/** Keywords whose schemas only ask something of a value. */
const questions = new Set(["not", "if", "propertyNames", "contains"]);

/**
 * The schemas of a document, made strict for the validator, each on first use: a document of 250 operations has thousands,
 * a run needs a few. `add` gets each one that is referred to, once, with the ID that references to it have.
 */
export class StrictSchemas {
  readonly #ids = new Map<string, string>();
  readonly #places = new WeakMap<object, string>();

  constructor(
    readonly document: JsonObject,
    readonly direction: Direction,
    readonly add: (schema: JsonObject | boolean, id: string) => void,
  ) {}

  /** `schema` for a value that stands alone. */
  closed(schema: Json): JsonObject | boolean {
    if (!isObject(schema)) return schema !== false;
    if (isLoneReference(schema)) return this.#rewritten(schema, "closed");
    const union = this.#discriminated(schema, "closed") ?? this.#alternatives(schema);
    if (union !== undefined) return union;
    const open = this.#discriminated(schema, "open") ?? this.#read(schema, "open");
    if (isClosedAlready(schema) || !declaresProperties(schema, this.document)) return open;
    const names = declaredNames(schema, this.document);
    // Where a value decides which properties it may have, only the validator can tell; it says more than needed then.
    if (names === undefined) return { ...open, unevaluatedProperties: false };
    const declared = Object.fromEntries([...names].map((name) => [name, true]));
    const own = isObject(open["properties"]) ? open["properties"] : {};
    return { ...open, properties: { ...declared, ...own }, additionalProperties: false };
  }

  #convert(schema: Json, reading: Reading): JsonObject | boolean {
    if (!isObject(schema)) return schema !== false;
    if (reading === "closed") return this.closed(schema);
    return (
      (reading === "open" ? this.#discriminated(schema, "open") : undefined) ?? this.#read(schema, reading)
    );
  }

  #read(schema: JsonObject, reading: "open" | "plain"): JsonObject {
    const own = reading === "plain" ? schema : inDirection(schema, this.document, this.direction);
    const inner = mapInnerSchemas(own, (part, _, keyword) => {
      if (reading === "plain" || questions.has(keyword)) return this.#convert(part, "plain");
      return this.#convert(part, sameValue.has(keyword) ? "open" : "closed");
    });
    return this.#rewritten(inner, reading);
  }

  /** References lead to the same reading of their target, and formats are checked in texts as well. */
  #rewritten(schema: JsonObject, reading: Reading): JsonObject {
    return mapValues(schema, (value, keyword) => {
      if (typeof value !== "string") return value;
      if (keyword === "$ref") return this.#idOf(value, reading);
      return keyword === "format" && isText(schema["type"]) ? inText(value) : value;
    });
  }

  #idOf(reference: string, reading: Reading): string {
    const key = `${reading} ${reference}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = `contract:/${reading}/${this.#ids.size}`;
    this.#ids.set(key, id);
    const schema = this.#convert(valueAt(this.document, referencePath(reference) ?? []) ?? true, reading);
    if (isObject(schema))
      walkObjects(schema, (part, path) => this.#places.set(part, `${reference}${pointer(path).slice(1)}`));
    this.add(schema, id);
    return id;
  }

  /** Where a part of a schema that is referred to stands, counted from the component that it belongs to. */
  placeOf(part: unknown): string | undefined {
    return typeof part === "object" && part !== null ? this.#places.get(part) : undefined;
  }

  /**
   * A union told apart by a property is read by that property: a value is checked against the one type it says it is, and
   * errors are those of that type.
   */
  #discriminated(schema: JsonObject, reading: "closed" | "open"): JsonObject | undefined {
    const choices = unionChoices(schema, this.document);
    const { discriminator: _, oneOf: _oneOf, anyOf: _anyOf, ...beside } = schema;
    if (choices === undefined || (reading === "closed" && describesObject(beside))) return undefined;
    const { property, targets } = choices;
    const followed = [...targets].map(([value, references]) => {
      const types = references.map((reference) => ({ $ref: this.#idOf(reference, reading) }));
      const [only, second] = types;
      return {
        if: { properties: { [property]: { const: value } }, required: [property] },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: only !== undefined && second === undefined ? only : { anyOf: types },
      };
    });
    return {
      allOf: [this.#read(beside, "open"), ...followed],
      type: "object",
      required: [property],
      properties: { [property]: { enum: [...targets.keys()], [marks.discriminator]: true } },
    };
  }

  /**
   * Alternatives of objects are closed one by one, so that a property of one does not pass in another. One that fits is
   * enough: models whose properties are all optional cannot be told apart, which no document means to forbid.
   */
  #alternatives({ oneOf, discriminator: _, ...beside }: JsonObject): JsonObject | undefined {
    if (!Array.isArray(oneOf) || describesObject(beside) || beside["anyOf"] !== undefined) return undefined;
    const isModels = oneOf.some((part) => isObject(part) && declaresProperties(part, this.document));
    return isModels
      ? { ...this.#read(beside, "open"), anyOf: oneOf.map((part) => this.closed(part)) }
      : undefined;
  }
}

function isLoneReference(schema: JsonObject): boolean {
  const beside = ["anyOf", "oneOf"].some((keyword) => keyword in schema);
  return isReference(schema) && !beside && !describesObject({ ...schema, $ref: null });
}

/** Whether `schema` says something of the properties of a value. */
function describesObject(schema: JsonObject): boolean {
  const keywords = [
    "properties",
    "patternProperties",
    "allOf",
    "additionalProperties",
    "unevaluatedProperties",
  ];
  return [...keywords, "if", "dependentSchemas"].some((keyword) => keyword in schema) || isReference(schema);
}

function isReference({ $ref }: JsonObject): boolean {
  return typeof $ref === "string";
}

function isClosedAlready(schema: JsonObject): boolean {
  return "additionalProperties" in schema || "unevaluatedProperties" in schema;
}

/** Formats of numbers hold for numbers only; a text that could not be a number has its digits checked. */
function isText(type: Json | undefined): boolean {
  const types = [type ?? []].flat();
  return types.includes("string") && !types.includes("integer") && !types.includes("number");
}

/** How a union is told apart: by the value of one property, the references to what a value then may be. */
export interface Choices {
  readonly property: string;
  readonly targets: ReadonlyMap<string, readonly string[]>;
}

/**
 * The choices of a union of components: by its discriminator, else by a property that each of its members requires and
 * has constants for. Undefined when nothing tells its members apart.
 */
function unionChoices(union: JsonObject, document: JsonObject): Choices | undefined {
  const { oneOf, anyOf } = union;
  // With both, a value has to fit one of each.
  if (oneOf !== undefined && anyOf !== undefined) return undefined;
  const parts = [oneOf ?? anyOf ?? []].flat();
  const references = parts.flatMap((part) =>
    isObject(part) && typeof part["$ref"] === "string" ? [part["$ref"]] : [],
  );
  if (parts.length < 2 || references.length < parts.length) return mapped(union, references, parts.length);
  return mapped(union, references, parts.length) ?? constant(references, document);
}

function mapped(union: JsonObject, references: readonly string[], count: number): Choices | undefined {
  const { discriminator } = union;
  const mapping = isObject(discriminator) ? discriminator["mapping"] : undefined;
  if (count === 0 || references.length < count || !isObject(discriminator) || !isObject(mapping))
    return undefined;
  const targets = new Map(Object.entries(mapping).map(([value, target]) => [value, [String(target)]]));
  const named = new Set([...targets.values()].flat());
  if (!references.every((reference) => named.has(reference))) return undefined;
  return { property: String(discriminator["propertyName"]), targets };
}

function constant(references: readonly string[], document: JsonObject): Choices | undefined {
  const members = references.map(($ref) => ({ $ref, schema: resolveReference(document, { $ref }) }));
  const [first] = members;
  const properties = isObject(first?.schema["properties"]) ? Object.keys(first.schema["properties"]) : [];
  for (const property of properties) {
    const targets = new Map<string, string[]>();
    for (const { $ref, schema } of members)
      for (const value of constants(schema, property))
        targets.set(value, [...(targets.get(value) ?? []), $ref]);
    const isTold = members.every(({ schema }) => constants(schema, property).length > 0);
    if (isTold && targets.size > 1) return { property, targets };
  }
  return undefined;
}

/** The texts that a member allows for a property it requires. */
function constants(schema: JsonObject, property: string): string[] {
  const { properties, required } = schema;
  const declared = isObject(properties) ? properties[property] : undefined;
  if (!isObject(declared) || !Array.isArray(required) || !required.includes(property)) return [];
  const listed: Json[] =
    declared["const"] === undefined ? [declared["enum"] ?? []].flat() : [declared["const"]];
  const texts = listed.filter((value) => typeof value === "string");
  return texts.length === listed.length ? texts : [];
}
