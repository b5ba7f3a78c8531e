import type { RuleName, Verdict } from "../src/diff/rules.js";
import type { Json, JsonObject } from "../src/document/json.js";

type SchemaRow = readonly [
  rule: RuleName,
  request: Verdict,
  response: Verdict,
  old: Json,
  next: Json,
  what?: string,
];

export const text = { type: "string" };
const object = (properties: JsonObject, ...required: string[]): JsonObject => ({
  type: "object",
  properties,
  ...(required.length > 0 ? { required } : {}),
});
const other = { $ref: "#/components/schemas/Other" };
const third = { $ref: "#/components/schemas/Third" };
export const others = { Other: object({ a: text }), Third: object({ b: text }) };
const list = (values: string[]): JsonObject => ({ type: "string", enum: values });
const open = (values: string[]): JsonObject => ({
  type: "string",
  "x-ms-enum": { name: "Kind" },
  anyOf: [{ enum: values }, {}],
});
/** A list whose openness only the extension states. */
const named = (modelAsString: boolean): JsonObject => ({
  ...list(["a"]),
  "x-ms-enum": { name: "Kind", modelAsString },
});
const free = { type: "object" };
const bytes = { ...text, format: "binary" };
const union = (...oneOf: JsonObject[]): JsonObject => ({ oneOf });
const kinds = (mapping: JsonObject, propertyName = "kind"): JsonObject => ({
  oneOf: [other],
  discriminator: { propertyName, mapping },
});
const a = "#/components/schemas/Other";
const b = "#/components/schemas/Third";

/** Rule, verdict for a request, verdict for a response, and the two schemas of the model. */
export const schemaRows: readonly SchemaRow[] = [
  ["property-added-optional", "minor", "minor", object({}), object({ a: text })],
  ["property-added-required", "major", "minor", object({}), object({ a: text }, "a")],
  ["property-removed", "major", "major", object({ a: text }), object({})],
  ["property-became-required", "major", "minor", object({ a: text }), object({ a: text }, "a")],
  ["property-became-optional", "minor", "major", object({ a: text }, "a"), object({ a: text })],
  ["type-changed", "major", "major", object({ a: text }), object({ a: { type: "integer" } })],
  ["type-changed", "major", "major", text, { oneOf: [text] }, "a union where there was none"],
  ["type-narrowed", "major", "major", { type: ["string", "integer"] }, text],
  ["type-widened", "minor", "major", text, { type: ["string", "integer"] }],
  ["type-widened", "minor", "major", { type: "integer" }, { type: "number" }, "whole numbers to all"],
  [
    "restriction-added",
    "major",
    "minor",
    { type: "number" },
    { type: "integer" },
    "all numbers to whole ones",
  ],
  ["type-stated", "major", "minor", {}, text],
  ["type-unstated", "minor", "major", text, {}],
  ["type-changed", "major", "major", text, bytes, "text to bytes"],
  ["type-changed", "major", "major", bytes, text, "bytes to text"],
  ["type-changed", "major", "major", { ...text, format: "uuid" }, bytes, "a format to bytes"],
  ["null-allowed", "minor", "major", text, { type: ["string", "null"] }],
  ["null-allowed", "minor", "major", other, { anyOf: [other, { type: "null" }] }, "for a reference"],
  ["null-refused", "major", "minor", { type: ["string", "null"] }, text],
  ["format-changed", "major", "major", { ...text, format: "uuid" }, { ...text, format: "date-time" }],
  ["format-added", "major", "minor", text, { ...text, format: "uuid" }],
  ["format-removed", "minor", "major", { ...text, format: "uuid" }, text],
  ["bound-narrowed", "major", "minor", { minimum: 1 }, { minimum: 2 }, "minimum"],
  ["bound-narrowed", "major", "minor", { maximum: 2 }, { maximum: 1 }, "maximum"],
  ["bound-narrowed", "major", "minor", {}, { maxLength: 9 }, "maxLength, where there was none"],
  ["bound-widened", "minor", "major", { minLength: 2 }, { minLength: 1 }, "minLength"],
  ["bound-widened", "minor", "major", { exclusiveMaximum: 2 }, { exclusiveMaximum: 3 }, "exclusiveMaximum"],
  ["bound-widened", "minor", "major", { maxItems: 2 }, {}, "maxItems, where none is now"],
  ["restriction-added", "major", "minor", text, { ...text, pattern: "^a" }, "pattern"],
  ["restriction-added", "major", "minor", { type: "array" }, { type: "array", uniqueItems: true }, "unique"],
  ["restriction-removed", "minor", "major", { ...text, pattern: "^a" }, text, "pattern"],
  ["restriction-changed", "major", "major", { pattern: "^a" }, { pattern: "^b" }, "pattern"],
  ["restriction-changed", "major", "major", { multipleOf: 2 }, { multipleOf: 3 }, "multipleOf"],
  ["enum-value-added", "minor", "major", list(["a"]), list(["a", "b"])],
  ["enum-value-added", "minor", "major", { const: "a" }, list(["a", "b"]), "a const is a list of one"],
  ["enum-value-removed", "major", "major", list(["a", "b"]), list(["a"])],
  ["enum-added", "major", "major", text, list(["a"])],
  ["enum-removed", "minor", "major", list(["a"]), text],
  ["enum-opened", "minor", "major", list(["a"]), open(["a"])],
  ["enum-closed", "major", "major", open(["a"]), list(["a"])],
  ["enum-opened", "minor", "major", named(false), named(true), "by modelAsString"],
  ["enum-closed", "major", "major", named(true), named(false), "by modelAsString"],
  ["known-value-added", "minor", "minor", open(["a"]), open(["a", "b"])],
  ["known-value-removed", "minor", "minor", open(["a", "b"]), open(["a"])],
  ["default-added", "minor", "patch", text, { ...text, default: "a" }],
  ["default-changed", "major", "patch", { ...text, default: "a" }, { ...text, default: "b" }],
  ["default-removed", "major", "patch", { ...text, default: "a" }, text],
  ["access-restricted", "major", "major", text, { ...text, readOnly: true }],
  ["access-freed", "minor", "minor", { ...text, writeOnly: true }, text],
  ["items-restricted", "major", "minor", { type: "array" }, { type: "array", items: text }],
  ["items-freed", "minor", "major", { type: "array", items: text }, { type: "array" }],
  [
    "type-changed",
    "major",
    "major",
    { type: "array", items: text },
    { type: "array", items: { type: "integer" } },
    "of the entries",
  ],
  ["additional-properties-narrowed", "major", "minor", {}, { additionalProperties: false }],
  ["additional-properties-narrowed", "major", "minor", {}, { additionalProperties: text }, "to a schema"],
  ["additional-properties-widened", "minor", "major", { additionalProperties: false }, {}],
  ["index-signature-added", "minor", "minor", {}, { additionalProperties: true }],
  ["index-signature-removed", "major", "major", { additionalProperties: true }, {}],
  ["index-signature-removed", "major", "major", free, object({ a: text }), "by a first property"],
  [
    "index-signature-removed",
    "major",
    "major",
    free,
    { ...free, additionalProperties: false },
    "free to closed",
  ],
  ["index-signature-added", "minor", "minor", object({ a: text }), free, "by the last property's end"],
  [
    "type-changed",
    "major",
    "major",
    { additionalProperties: text },
    { additionalProperties: { type: "integer" } },
    "of additional properties",
  ],
  ["union-member-added", "minor", "major", union(other), union(other, third)],
  ["union-member-added", "minor", "major", { anyOf: [text] }, { anyOf: [text, other] }, "anyOf"],
  ["union-member-removed", "major", "major", union(other, third), union(other)],
  [
    "bound-narrowed",
    "major",
    "minor",
    union(other, text),
    union(other, { ...text, maxLength: 1 }),
    "in a member",
  ],
  ["property-became-required", "major", "minor", union(other), union({ ...other, required: ["a"] }), "oneOf"],
  [
    "property-became-optional",
    "minor",
    "major",
    { anyOf: [other, { ...third, required: ["b"] }] },
    { anyOf: [other, third] },
    "beside a reference of an anyOf",
  ],
  [
    "words-changed",
    "patch",
    "patch",
    union(other, { ...other, title: "a" }),
    union({ ...other, title: "b" }, other),
    "of one of two references to the same",
  ],
  ["discriminator-value-added", "minor", "major", kinds({ A: a }), kinds({ A: a, B: b })],
  ["discriminator-value-removed", "major", "major", kinds({ A: a, B: b }), kinds({ A: a })],
  ["discriminator-changed", "major", "major", kinds({ A: a }), kinds({ A: b }), "a value's target"],
  ["discriminator-changed", "major", "major", kinds({ A: a }), kinds({ A: a }, "type"), "the property"],
  ["property-removed", "major", "major", { allOf: [other, object({ c: text })] }, other, "of an allOf part"],
  [
    "property-added-optional",
    "minor",
    "minor",
    { allOf: [other] },
    { allOf: [other, third] },
    "by an allOf part",
  ],
  [
    "reference-changed",
    "patch",
    "patch",
    object({ a: other }),
    object({ a: { $ref: "#/components/schemas/Same" } }),
  ],
  ["property-removed", "major", "major", object({ x: other }), object({ x: third }), "by another reference"],
  ["words-changed", "patch", "patch", { description: "a" }, { description: "b" }, "description"],
  ["words-changed", "patch", "patch", {}, { title: "b" }, "title"],
  ["example-changed", "patch", "patch", { examples: ["a"] }, { examples: ["b"] }],
  ["extension-changed", "patch", "patch", { "x-note": "a" }, { "x-note": "b" }],
  ["extension-with-effect-changed", "major", "major", {}, { "x-ms-discriminator-value": "A" }],
  ["deprecated", "minor", "minor", text, { ...text, deprecated: true }],
  ["deprecation-withdrawn", "patch", "patch", { ...text, deprecated: true }, text],
  ["unknown", "major", "major", {}, { patternProperties: { "^a": text } }, "a keyword that no rule knows"],
  ["unknown", "major", "major", { not: text }, { not: {} }, "not"],
];
