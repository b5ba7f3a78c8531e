import {
  isObject,
  type Json,
  type JsonObject,
  mapInnerSchemas,
  mapValues,
  referencePath,
  valueAt,
} from "@sf-image-store/scripts/spec";
import { declaredNames, declaresProperties } from "./declared-properties.js";
import { type Direction, inDirection } from "./direction.js";
import { inText } from "./formats.js";
import { unionChoices } from "./union-choices.js";

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
 * a run needs a few. `add` gets each one that is referred to, once, with the id that references to it have.
 */
export class StrictSchemas {
  readonly #ids = new Map<string, string>();

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
    this.add(this.#convert(valueAt(this.document, referencePath(reference) ?? []) ?? true, reading), id);
    return id;
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
      properties: { [property]: { enum: [...targets.keys()] } },
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
