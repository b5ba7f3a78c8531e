import { describe, expect, it } from "vitest";
import { compareContracts } from "../src/diff/compare.js";
import type { Change, Verdict } from "../src/diff/rules.js";
import { type RuleName, rules } from "../src/diff/rules.js";
import type { Json, JsonObject } from "../src/document/json.js";
import { modelContract, smallContract } from "./diff-contract.js";
import { drop, type Edit, move, set } from "./diff-edits.js";
import { others, schemaRows, text } from "./diff-schema-rows.js";

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
  ["security-changed", "major", set(put, "security", [{ token: [] }])],
  ["deprecated", "minor", set(put, "deprecated", true), "an operation"],
  ["words-changed", "patch", set(put, "description", "Other words."), "of an operation"],
  ["example-changed", "patch", set(put, "x-ms-examples", { One: {} }), "of an operation"],
  ["extension-changed", "patch", set(put, "x-note", "a"), "of an operation"],
  ["unknown", "major", set(put, "callbacks", { a: {} }), "of an operation"],
  ["unknown", "major", set([], "webhooks", {}), "of the document"],
  ["unknown", "major", set(["components"], "pathItems", {}), "of the components"],
  ["words-changed", "patch", set(["info"], "version", "2"), "of the document"],
  ["shared-part-changed", "patch", set(["components", "parameters"], "Unused", extra(false))],
  ["model-added", "minor", set(["components", "schemas"], "New", { type: "object" })],
  ["model-removed", "major", drop(["components", "schemas"], "Input")],
  ["model-renamed", "major", move(["components", "schemas"], "Input", "Entry")],
];

/** The same, with the edited contract as the old one. */
const reversedRows: readonly OperationRow[] = [
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

function cases(rows: readonly OperationRow[]) {
  return rows.map(([rule, verdict, edit, what = ""]) => ({ rule, verdict, edit, what }));
}

function edited(edit: Edit): JsonObject {
  const document = structuredClone(smallContract());
  edit(document);
  return document;
}

describe("in an operation", () => {
  it.each(cases(operationRows))("$rule: $verdict $what", ({ rule, verdict, edit }) => {
    expect(told(compareContracts(smallContract(), edited(edit)))).toContain(`${verdict} ${rule}`);
  });

  it.each(cases(reversedRows))("$rule: $verdict $what", ({ rule, verdict, edit }) => {
    expect(told(compareContracts(edited(edit), smallContract()))).toContain(`${verdict} ${rule}`);
  });

  it("has a test for every rule", () => {
    const named = new Set<string>([...schemaRows, ...operationRows, ...reversedRows].map(([rule]) => rule));
    expect(Object.keys(rules).filter((rule) => !named.has(rule))).toEqual([]);
  });
});
