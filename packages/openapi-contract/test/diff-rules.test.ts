import { describe, expect, it } from "vitest";
import type { Change } from "../src/diff/change.js";
import { compareContracts } from "../src/diff/compare.js";
import type { Verdict } from "../src/diff/rules.js";
import { type RuleName, rules } from "../src/diff/rules.js";
import type { Json, JsonObject } from "../src/document/json.js";
import { modelContract, smallContract } from "./diff-contract.js";
import { drop, type Edit, move, objectAt, set } from "./diff-edits.js";
import { others, samePairs, schemaRows, text } from "./diff-schema-rows.js";

const schemaCases = schemaRows.map(([rule, request, response, old, next, what = ""]) => {
  return { rule, request, response, old, next, what };
});

describe.each(["request", "response"] as const)("in a schema of a %s", (direction) => {
  it.each(schemaCases)("$rule: $request or $response $what", ({ rule, request, response, old, next }) => {
    const known = { ...others, Same: others.Other };
    const changes = compareContracts(
      modelContract(direction, old, known),
      modelContract(direction, next, known),
    );
    const verdict = direction === "request" ? request : response;
    expect(told(changes)).toContain(`${verdict} ${rule}`);
    expect(
      compareContracts(modelContract(direction, next, known), modelContract(direction, next, known)),
    ).toEqual([]);
  });
});

it.each(samePairs)("finds nothing in %s", (_, old, next) => {
  for (const [a, b] of [
    [old, next],
    [next, old],
  ] as const)
    expect(compareContracts(modelContract("both", a), modelContract("both", b))).toEqual([]);
});

function told(changes: readonly Change[]): string[] {
  return changes.map(({ verdict, rule }) => `${verdict} ${rule}`);
}

type OperationRow = readonly [rule: RuleName, verdict: Verdict, edit: Edit, what?: string];

const put = ["paths", "/things/{id}", "put"] as const;
const parameters = [...put, "parameters"] as const;
const responses = [...put, "responses"] as const;
const ok = [...responses, "200"] as const;

const extra = (required: boolean) => ({ name: "extra", in: "query", required, schema: text });
const schema = { schema: text };

const answer = (content: Json) => ({ content: { "application/json": { schema: content } } });

const bearer = { type: "http", scheme: "bearer" };
const renameId: Edit = (document) => {
  move(["paths"], "/things/{id}", "/things/{key}")(document);
  set(["paths", "/things/{key}", "put", "parameters", 1], "name", "key")(document);
};

/** Rule, verdict, and the edit that changes the small contract. */
const operationRows: readonly OperationRow[] = [
  ["operation-added", "minor", set(["paths"], "/new", { get: { operationId: "New", responses: {} } })],
  ["operation-removed", "major", drop(["paths", "/things/{id}"], "get")],
  ["operation-renamed", "major", set(put, "operationId", "ReplaceThing")],
  ["method-changed", "minor", move(["paths", "/things/{id}"], "put", "patch")],
  ["path-changed", "minor", move(["paths"], "/things/{id}", "/stuff/{id}")],
  ["api-version-raised", "major", set([...parameters, 0, "schema"], "enum", ["6.5"])],
  [
    "api-version-raised",
    "major",
    set([...parameters, 0, "schema"], "enum", ["10.0"]),
    "by number, not by text",
  ],
  ["api-version-lowered", "minor", set([...parameters, 0, "schema"], "enum", ["5.10"])],
  ["api-version-changed", "major", set([...parameters, 0, "schema"], "enum", ["6.0-preview"])],
  ["api-version-changed", "major", set(put, "parameters", []), "none any more"],
  ["parameter-added-optional", "minor", set(parameters, 3, extra(false))],
  ["parameter-added-required", "major", set(parameters, 3, extra(true))],
  ["parameter-removed", "major", set(put, "parameters", [])],
  [
    "parameter-became-required",
    "major",
    set(["components", "parameters", "Timeout"], "required", true),
    "shared",
  ],
  ["parameter-became-optional", "minor", drop([...parameters, 1], "required")],
  ["parameter-moved", "major", set([...parameters, 1], "in", "header")],
  ["wire-changed", "minor", set([...parameters, 1], "style", "label")],
  ["type-changed", "major", set([...parameters, 1, "schema"], "type", "integer"), "of a parameter"],
  ["format-added", "major", set([...parameters, 1, "schema"], "format", "uuid"), "of a parameter"],
  ["bound-narrowed", "major", set(["components", "parameters", "Timeout", "schema"], "maximum", 9), "shared"],
  ["bound-widened", "minor", set(["components", "parameters", "Timeout", "schema"], "maximum", 11), "shared"],
  ["unknown", "major", set([...parameters, 1], "novel", true), "of a parameter"],
  ["body-removed", "major", drop(put, "requestBody")],
  ["body-added-required", "major", set(["paths", "/things/{id}", "get"], "requestBody", { required: true })],
  ["body-added-optional", "minor", set(["paths", "/things/{id}", "get"], "requestBody", { content: {} })],
  ["body-became-optional", "minor", drop([...put, "requestBody"], "required")],
  ["body-renamed", "major", set([...put, "requestBody"], "x-body-name", "thing")],
  ["request-type-added", "minor", set([...put, "requestBody", "content"], "text/plain", schema)],
  [
    "request-type-removed",
    "major",
    move([...put, "requestBody", "content"], "application/json", "text/plain"),
  ],
  ["success-status-added", "major", set(responses, "204", { description: "Nothing." })],
  ["error-status-added", "minor", set(responses, "404", { description: "None." })],
  [
    "response-body-removed",
    "major",
    set(responses, "404", { description: "None." }),
    "where default had one",
  ],
  [
    "property-removed",
    "major",
    set(responses, "404", answer({ type: "object", properties: {} })),
    "by a status",
  ],
  [
    "response-type-removed",
    "major",
    set(responses, "5XX", { content: { "text/plain": schema } }),
    "by a status",
  ],
  ["status-removed", "major", drop(responses, "default")],
  [
    "response-body-added",
    "minor",
    set(["paths", "/things/{id}", "get", "responses", "204"], "content", { a: schema }),
  ],
  ["response-body-removed", "major", drop(ok, "content")],
  ["response-type-added", "major", set([...ok, "content"], "text/plain", schema)],
  ["response-type-removed", "major", move([...ok, "content"], "application/json", "text/plain")],
  ["header-added", "minor", set(ok, "headers", { ETag: schema })],
  ["security-required", "major", set(put, "security", [{ token: [] }])],
  ["security-required", "major", set([], "security", [{ token: [] }]), "of all operations"],
  ["webhook-added", "minor", set([], "webhooks", { Ping: { post: { responses: {} } } })],
  ["callback-added", "minor", set(put, "callbacks", { Done: { "{$url}": { post: { responses: {} } } } })],
  ["security-scheme-added", "patch", set(["components"], "securitySchemes", { token: bearer })],
  ["parameter-renamed", "major", renameId],
  ["servers-changed", "minor", set(put, "servers", [{ url: "https://a.example" }])],
  [
    "servers-changed",
    "minor",
    set(["paths", "/things/{id}"], "servers", [{ url: "https://a.example" }]),
    "of a path",
  ],
  ["link-changed", "patch", set(ok, "links", { Next: { operationId: "GetThing" } })],
  ["wire-changed", "minor", set([...ok, "content", "application/json"], "encoding", { a: {} }), "of a body"],
  ["unused-model-removed", "minor", drop(["components", "schemas"], "Spare")],
  ["operation-removed-before-sunset", "major", drop(["paths", "/things/{id}"], "get")],
  ["deprecated", "minor", set(put, "deprecated", true), "an operation"],
  ["words-changed", "patch", set(put, "description", "Other words."), "of an operation"],
  ["example-changed", "patch", set(put, "x-ms-examples", { One: {} }), "of an operation"],
  ["extension-changed", "patch", set(put, "x-note", "a"), "of an operation"],
  ["unknown", "major", set(put, "novel", { a: {} }), "of an operation"],
  ["unknown", "major", set([], "novel", {}), "of the document"],
  ["unknown", "major", set(["components"], "novel", {}), "of the components"],
  ["words-changed", "patch", set(["info"], "version", "2"), "of the document"],
  ["shared-part-changed", "patch", set(["components", "parameters"], "Unused", extra(false))],
  ["model-added", "minor", set(["components", "schemas"], "New", { type: "object" })],
  ["model-removed", "major", drop(["components", "schemas"], "Input")],
  ["model-renamed", "major", move(["components", "schemas"], "Input", "Entry")],
];

/** The same, with the edited contract as the old one. */
const reversedRows: readonly OperationRow[] = [
  ["webhook-removed", "major", set([], "webhooks", { Ping: { post: { responses: {} } } })],
  ["callback-removed", "major", set(put, "callbacks", { Done: { "{$url}": { post: { responses: {} } } } })],
  ["body-became-required", "major", drop([...put, "requestBody"], "required")],
  ["header-removed", "major", set(ok, "headers", { ETag: schema })],
  [
    "response-body-added",
    "minor",
    set(responses, "404", { description: "None." }),
    "by the default that takes over",
  ],
  ["type-changed", "major", set(responses, "404", answer(text)), "by the default that takes over"],
];

const flow = { tokenUrl: "https://a.example/token", scopes: { read: "Reads." } };
const oauth = (changes: JsonObject): JsonObject => ({
  flows: { clientCredentials: { ...flow, ...changes } },
});
const securityOf = (...security: JsonObject[]): JsonObject => ({ security });
const key: JsonObject = { key: [] };

/** Rule, verdict, and two sets of members of the document: requirements, or the scheme `a`. */
const securityRows: readonly (readonly [
  rule: RuleName,
  verdict: Verdict,
  old: JsonObject,
  next: JsonObject,
])[] = [
  ["security-dropped", "minor", securityOf(key), securityOf()],
  ["security-dropped", "minor", securityOf(key), securityOf(key, {})],
  ["security-alternative-added", "minor", securityOf(key), securityOf(key, { token: [] })],
  ["security-alternative-removed", "major", securityOf(key, { token: [] }), securityOf(key)],
  ["security-scope-added", "major", securityOf({ a: ["x"] }), securityOf({ a: ["x", "y"] })],
  ["security-scope-removed", "minor", securityOf({ a: ["x", "y"] }), securityOf({ a: ["x"] })],
  ["security-scheme-removed", "patch", { a: { type: "http", scheme: "basic" } }, {}],
  [
    "security-scheme-changed",
    "major",
    { a: { type: "http", scheme: "basic" } },
    { a: { type: "http", scheme: "bearer" } },
  ],
  ["security-flow-added", "minor", { a: { flows: {} } }, { a: oauth({}) }],
  ["security-flow-removed", "major", { a: oauth({}) }, { a: { flows: {} } }],
  [
    "security-address-changed",
    "major",
    { a: oauth({}) },
    { a: oauth({ tokenUrl: "https://b.example/token" }) },
  ],
  [
    "security-scope-defined",
    "minor",
    { a: oauth({}) },
    { a: oauth({ scopes: { ...flow.scopes, write: "Writes." } }) },
  ],
  ["security-scope-undefined", "major", { a: oauth({}) }, { a: oauth({ scopes: {} }) }],
];

describe("in what callers authenticate with", () => {
  const contract = ({ a, ...members }: JsonObject) => {
    const document = smallContract(members);
    const components = objectAt(document, ["components"]);
    return { ...document, components: { ...components, securitySchemes: a === undefined ? {} : { a } } };
  };
  it.each(securityRows)("%s: %s", (rule, verdict, old, next) => {
    expect(told(compareContracts(contract(old), contract(next)))).toEqual([`${verdict} ${rule}`]);
  });

  it("finds one change of an operation that no longer takes what the document asks for", () => {
    const own = (security: Json) => {
      const document = smallContract(securityOf(key));
      set(put, "security", security)(document);
      return document;
    };
    expect(told(compareContracts(smallContract(securityOf(key)), own([])))).toEqual([
      "minor security-dropped",
    ]);
    expect(compareContracts(smallContract(securityOf(key)), own([key]))).toEqual([]);
  });
});

describe("in a webhook or callback", () => {
  const body = (schema: Json) => ({ content: { "application/json": { schema } } });
  const webhook = (schema: Json, answer: Json) => {
    const post = {
      requestBody: body(schema),
      responses: { "200": { description: "Taken.", ...body(answer) } },
    };
    return smallContract({ webhooks: { Ping: { post } } });
  };
  const short = { ...text, maxLength: 1 };

  it("judges what the server sends as what callers read, and what they answer as what they write", () => {
    const rulesOf = (old: JsonObject, next: JsonObject) => told(compareContracts(old, next));
    expect(rulesOf(webhook(text, text), webhook(short, text))).toEqual(["minor bound-narrowed"]);
    expect(rulesOf(webhook(text, text), webhook(text, short))).toEqual(["major bound-narrowed"]);
  });
});

function cases(rows: readonly OperationRow[]) {
  return rows.map(([rule, verdict, edit, what = ""]) => ({ rule, verdict, edit, what }));
}

function edited(edit: Edit): JsonObject {
  const document = ruleContract();
  edit(document);
  return document;
}

/** The small contract with a model that no operation uses, and an operation that ends in 2030. */
function ruleContract(): JsonObject {
  const document = smallContract();
  objectAt(document, ["components", "schemas"])["Spare"] = { type: "array" };
  objectAt(document, ["paths", "/things/{id}", "get"])["x-sunset"] = "2030-01-01";
  return document;
}

describe("in an operation", () => {
  it.each(cases(operationRows))("$rule: $verdict $what", ({ rule, verdict, edit }) => {
    // An operation that ends in 2030 is removed early only for a rule that says so.
    const today = Date.parse(rule === "operation-removed-before-sunset" ? "2029-12-31" : "2030-01-02");
    expect(told(compareContracts(ruleContract(), edited(edit), { today }))).toContain(`${verdict} ${rule}`);
  });

  it.each(cases(reversedRows))("$rule: $verdict $what", ({ rule, verdict, edit }) => {
    expect(told(compareContracts(edited(edit), ruleContract()))).toContain(`${verdict} ${rule}`);
  });

  it("has a test for every rule", () => {
    const named = new Set<string>(
      [...schemaRows, ...operationRows, ...reversedRows, ...securityRows].map(([rule]) => rule),
    );
    expect(Object.keys(rules).filter((rule) => !named.has(rule))).toEqual([]);
  });
});
