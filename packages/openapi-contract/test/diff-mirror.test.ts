import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../src/diff/causes.js";
import { compareContracts } from "../src/diff/compare.js";
import { type RuleName, rules } from "../src/diff/rules.js";
import type { Json, JsonObject } from "../src/document/json.js";

/** What the rule of a change is called when the two documents change places. Rules of one name say the same twice. */
const opposites: readonly (readonly [RuleName, RuleName])[] = [
  ["deprecated", "deprecation-withdrawn"],
  ["sunset-announced", "sunset-withdrawn"],
  ["sunset-earlier", "sunset-later"],
  ["stability-decreased", "stability-increased"],
  ["security-required", "security-dropped"],
  ["security-scope-defined", "security-scope-undefined"],
  ["api-version-raised", "api-version-lowered"],
  ["null-allowed", "null-refused"],
  ["items-restricted", "items-freed"],
  ["enum-opened", "enum-closed"],
  ["type-stated", "type-unstated"],
];
const pairsOfWords = [
  ["added", "removed"],
  ["narrowed", "widened"],
  ["became-required", "became-optional"],
] as const;

/** One name for a rule and its opposite, with the direction. */
function familyOf(rule: RuleName): { family: string; sign: -1 | 0 | 1 } {
  for (const [a, b] of opposites) {
    if (rule === a) return { family: a, sign: 1 };
    if (rule === b) return { family: a, sign: -1 };
  }
  const short = rule.replace(/^(success|error)-/, "").replace(/-(optional|required)$/, (end, _word, at) => {
    return rule.slice(0, at).endsWith("-added") ? "" : end;
  });
  for (const [a, b] of pairsOfWords) {
    if (short.endsWith(a)) return { family: short.slice(0, -a.length), sign: 1 };
    if (short.endsWith(b)) return { family: short.slice(0, -b.length), sign: -1 };
  }
  return { family: short.replace(/^unused-/, ""), sign: 0 };
}

/** A change as both directions have to tell it. */
function seen(finding: Finding, isForward: boolean): string {
  const { kind, old, new: next, name, others = [] } = finding;
  // Numbers that must be whole now are told as a restriction, because they stay numbers to TypeScript.
  const isWholeNow = finding.rule === "restriction-added" && Array.isArray(next) && next.includes("integer");
  const rule = isWholeNow ? "type-narrowed" : finding.rule;
  const { family, sign } = familyOf(rule);
  const values = isForward ? [old, next] : [next, old];
  const names = [...new Set([name, ...others.map((each) => each.name)])].sort();
  const isRenamed = rule === "model-renamed" || rule === "operation-renamed";
  return JSON.stringify([
    kind,
    family.replace(/^unused-/, ""),
    isForward ? sign : -sign || 0,
    values,
    isRenamed ? [] : names,
  ]);
}

function both(old: JsonObject, next: JsonObject): { forward: string[]; backward: string[] } {
  const told = (a: JsonObject, b: JsonObject, isForward: boolean) =>
    compareContracts(a, b)
      .map((each) => seen(each, isForward))
      .sort();
  return { forward: told(old, next, true), backward: told(next, old, false) };
}

const names = ["a", "b", "c"] as const;
const models = ["Cat", "Dog", "Owl"] as const;
const reference = fc
  .constantFrom(...models)
  .map((name): JsonObject => ({ $ref: `#/components/schemas/${name}` }));
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 3 });

const dictionary = <Value>(
  name: fc.Arbitrary<string>,
  value: fc.Arbitrary<Value>,
  limits: { maxKeys: number },
) => fc.dictionary(name, value, { ...limits, noNullPrototype: true });

/** Leaves out members that are not there. */
function present(members: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

const value = fc
  .record({
    type: optional(
      fc.constantFrom<Json>(
        "string",
        "integer",
        "number",
        "boolean",
        "array",
        ["string", "null"],
        ["string", "integer"],
      ),
    ),
    format: optional(fc.constantFrom("int32", "int64", "uuid", "binary")),
    minimum: optional(fc.integer({ min: 0, max: 2 })),
    exclusiveMaximum: optional(fc.integer({ min: 7, max: 9 })),
    maximum: optional(fc.integer({ min: 7, max: 9 })),
    minLength: optional(fc.integer({ min: 0, max: 2 })),
    pattern: optional(fc.constantFrom("^a", "^b", ".*")),
    enum: optional(fc.uniqueArray(fc.constantFrom("x", "y", "z"), { minLength: 1 })),
    "x-extensible-enum": optional(fc.uniqueArray(fc.constantFrom("x", "y", "z"), { minLength: 1 })),
    default: optional(fc.constantFrom("x", "y")),
    readOnly: optional(fc.boolean()),
    writeOnly: optional(fc.boolean()),
    deprecated: optional(fc.boolean()),
    description: optional(fc.constantFrom("One.", "Two.")),
    "x-sunset": optional(fc.constantFrom("2027-01-01", "2028-01-01", "soon")),
    "x-stability-level": optional(fc.constantFrom("alpha", "beta", "stable", "odd")),
    contentEncoding: optional(fc.constantFrom("base64", "base64url")),
  })
  .map(present);

const { schema } = fc.letrec<{ schema: JsonObject; object: JsonObject }>((tie) => ({
  schema: fc.oneof({ depthSize: "small", maxDepth: 3 }, value, reference, tie("object")),
  object: fc
    .record({
      type: optional(fc.constantFrom("object", "array")),
      properties: optional(dictionary(fc.constantFrom(...names), tie("schema"), { maxKeys: 3 })),
      required: optional(fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 })),
      additionalProperties: optional(fc.oneof(fc.boolean(), tie("schema"))),
      patternProperties: optional(dictionary(fc.constantFrom("^x", "^y"), tie("schema"), { maxKeys: 2 })),
      dependentRequired: optional(
        dictionary(fc.constantFrom(...names), fc.uniqueArray(fc.constantFrom(...names)), { maxKeys: 2 }),
      ),
      items: optional(tie("schema")),
      prefixItems: optional(fc.array(tie("schema"), { maxLength: 2 })),
      contains: optional(tie("schema")),
      minContains: optional(fc.integer({ min: 0, max: 2 })),
      not: optional(tie("schema")),
      oneOf: optional(fc.array(tie("schema"), { minLength: 1, maxLength: 3 })),
      anyOf: optional(fc.array(tie("schema"), { minLength: 1, maxLength: 3 })),
      allOf: optional(fc.array(tie("schema"), { minLength: 1, maxLength: 2 })),
      discriminator: optional(
        fc.constantFrom<JsonObject>(
          { propertyName: "a" },
          { propertyName: "b" },
          { propertyName: "a", mapping: { x: "Cat" } },
        ),
      ),
    })
    .map(present),
}));

const content = dictionary(
  fc.constantFrom("application/json", "text/plain"),
  schema.map((each): JsonObject => ({ schema: each })),
  { maxKeys: 2 },
);

const parameter = (name: string) =>
  fc
    .record({
      in: fc.constantFrom("query", "header"),
      required: optional(fc.boolean()),
      explode: optional(fc.boolean()),
      deprecated: optional(fc.boolean()),
      schema: value,
    })
    .map((members): JsonObject => present({ name, ...members }));

const security = fc.array(
  dictionary(fc.constantFrom("key", "token"), fc.uniqueArray(fc.constantFrom("read", "write")), {
    maxKeys: 2,
  }),
  { maxLength: 2 },
);

const operation = (id: string) =>
  fc
    .record({
      parameters: fc
        .tuple(...names.map((name) => optional(parameter(name))))
        .map((all): Json => all.filter((each) => each !== undefined)),
      requestBody: optional(fc.record({ required: fc.boolean(), content })),
      responses: dictionary(
        fc.constantFrom("200", "204", "404", "4XX", "default"),
        fc.record({ description: fc.constantFrom("Yes.", "No."), content }),
        { maxKeys: 3 },
      ),
      security: optional(security),
      deprecated: optional(fc.boolean()),
      "x-sunset": optional(fc.constantFrom("2027-01-01", "2028-01-01")),
    })
    .map((members): JsonObject => present({ operationId: id, ...members }));

const contract = fc
  .record({
    paths: fc
      .tuple(...["One", "Two"].map((id) => optional(operation(id))))
      .map((all) =>
        Object.fromEntries(all.flatMap((each, index) => (each ? [[`/${index}`, { post: each }]] : []))),
      ),
    webhooks: optional(operation("Ping").map((post): JsonObject => ({ Ping: { post } }))),
    security: optional(security),
    schemas: fc.tuple(schema, schema, optional(schema)),
  })
  .map(({ schemas, ...members }): JsonObject => {
    const known = models.map((name, index) => [name, schemas[index] ?? {}] as const);
    return present({
      openapi: "3.1.0",
      info: { title: "Random", version: "1" },
      ...members,
      components: { schemas: Object.fromEntries(known) },
    });
  });

/** Pairs of documents. DIFF_RUNS=N tries more. */
const runs = Number(process.env["DIFF_RUNS"] ?? 300);

describe("comparing A with B and B with A", () => {
  it("agrees on what changed", () => {
    const found = new Set<string>();
    fc.assert(
      fc.property(contract, contract, (old, next) => {
        const { forward, backward } = both(old, next);
        for (const { rule } of compareContracts(old, next)) found.add(rule);
        expect(forward).toEqual(backward);
      }),
      { numRuns: runs },
    );
    // A generator that reaches few rules would prove little.
    expect(found.size).toBeGreaterThan(Object.keys(rules).length / 2);
  }, 600_000);

  it("finds nothing in a document and its copy", () => {
    fc.assert(
      fc.property(contract, (document) => {
        expect(compareContracts(document, structuredClone(document))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
