import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { codesAsMarkdown, oavCodesLeftOut } from "../src/check/codes.js";
import { checkDocument } from "../src/check/document-rules.js";
import { explain } from "../src/check/explain.js";
import type { JsonObject } from "../src/document/json.js";
import {
  checkExample,
  checkExchange,
  compileContract,
  loadContract,
  SpecError,
  UnreadBody,
  type Violation,
  type ViolationCode,
  violationCodes,
} from "../src/index.js";

const text = { type: "string" };
const integer = { type: "integer" };
const to = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const schemas: JsonObject = {
  Cat: { type: "object", required: ["kind"], properties: { kind: { const: "cat" } } },
  Dog: { type: "object", required: ["kind"], properties: { kind: { const: "dog" } } },
  Pet: {
    oneOf: [to("Cat"), to("Dog")],
    discriminator: {
      propertyName: "kind",
      mapping: { cat: "#/components/schemas/Cat", dog: "#/components/schemas/Dog" },
    },
  },
};

function contractOf(operation: JsonObject, path = "/x") {
  const paths = {
    [path]: { post: { operationId: "Op", responses: { "200": { description: "ok" } }, ...operation } },
  };
  return compileContract({ openapi: "3.1.0", paths, components: { schemas } });
}

const jsonBody = (schema: JsonObject): JsonObject => ({
  requestBody: { "x-body-name": "model", content: { "application/json": { schema } } },
});
const jsonAnswer = (schema: JsonObject): JsonObject => ({
  responses: { "200": { description: "ok", content: { "application/json": { schema } } } },
});

function ofExample(operation: JsonObject, example: JsonObject, path?: string): Violation[] {
  const empty = { operationId: "Op", parameters: {}, responses: { "200": {} } };
  return checkExample(contractOf(operation, path), { ...empty, ...example });
}

/** A value as a request body. */
const sent = (schema: JsonObject, model: unknown) => () =>
  checkExample(contractOf(jsonBody(schema)), {
    operationId: "Op",
    parameters: { model },
    responses: { "200": {} },
  });
/** A value as an answer. */
const answered = (schema: JsonObject, body: unknown) => () =>
  checkExample(contractOf(jsonAnswer(schema)), {
    operationId: "Op",
    parameters: {},
    responses: { "200": { body } },
  });

function exchange(operation: JsonObject, { url = "http://h/x", body = "", type = "application/json" } = {}) {
  const paths = {
    "/x": { post: { operationId: "Op", responses: { "200": { description: "ok" } }, ...operation } },
  };
  const twin = {
    "/{a}": { post: { operationId: "A", responses: {} } },
    "/{b}": { post: { operationId: "B", responses: {} } },
  };
  return checkExchange(compileContract({ openapi: "3.1.0", paths: { ...paths, ...twin } }), {
    request: { method: "POST", url, headers: new Headers(), body: undefined },
    response: { status: 200, headers: new Headers(body === "" ? {} : { "content-type": type }), body },
  });
}

const swagger = (paths: JsonObject, definitions: JsonObject = {}): JsonObject => ({
  swagger: "2.0",
  info: { title: "t", version: "1" },
  paths,
  definitions,
});
const operation = (parameters: JsonObject[] = []): JsonObject => ({
  get: { parameters, responses: { "200": { description: "ok" } } },
});
const parameter = (name: string, place: string): JsonObject => ({
  name,
  in: place,
  required: true,
  type: "string",
});
const base = (more: JsonObject): JsonObject => ({
  discriminator: "k",
  required: ["k"],
  properties: { k: text },
  ...more,
});
const child = { "x-ms-discriminator-value": "y", allOf: [{ $ref: "#/definitions/A" }] };

/** How each code comes about: the violation must be found, and nothing else may be. */
const cases: [ViolationCode, () => Violation[], string][] = [
  ["TYPE_INVALID", sent(integer, "1"), 'expected integer, got "1"'],
  ["FORMAT_INVALID", sent({ ...text, format: "uuid" }, "x"), "expected a GUID"],
  ["PATTERN_MISMATCH", sent({ ...text, pattern: "^a$" }, "b"), "expected a text that matches ^a$"],
  ["ENUM_VALUE_UNKNOWN", sent({ enum: ["a", 1] }, "b"), 'expected one of "a", 1, got "b"'],
  ["ENUM_CASE_MISMATCH", sent({ enum: ["a"] }, "A"), 'expected one of "a", got "A"'],
  ["CONSTANT_MISMATCH", sent({ const: "a" }, "b"), 'expected "a", got "b"'],
  ["TEXT_TOO_SHORT", sent({ minLength: 2 }, "a"), 'expected a text of at least 2 characters, got "a"'],
  ["TEXT_TOO_LONG", sent({ maxLength: 1 }, "ab"), "expected a text of at most 1 characters"],
  ["NUMBER_TOO_SMALL", sent({ minimum: 2 }, 1), "expected a number >= 2, got 1"],
  ["NUMBER_TOO_SMALL", sent({ exclusiveMinimum: 2 }, 2), "expected a number > 2, got 2"],
  ["NUMBER_TOO_LARGE", sent({ maximum: 2 }, 3), "expected a number <= 2, got 3"],
  ["NUMBER_TOO_LARGE", sent({ exclusiveMaximum: 2 }, 2), "expected a number < 2, got 2"],
  ["NUMBER_NOT_MULTIPLE", sent({ multipleOf: 2 }, 3), "expected a multiple of 2, got 3"],
  ["TOO_FEW_ITEMS", sent({ minItems: 1 }, []), "expected at least 1 items, got []"],
  ["TOO_MANY_ITEMS", sent({ maxItems: 1 }, [1, 2]), "expected at most 1 items, got [1,2]"],
  ["UNKNOWN_ITEM", sent({ prefixItems: [integer], items: false }, [1, 2]), "expected at most 1 items"],
  ["ITEM_MISSING", sent({ contains: integer }, ["a"]), "an item of the required kind"],
  ["ITEMS_NOT_UNIQUE", sent({ uniqueItems: true }, [1, 2, 1]), "different items; 0 and 2 are equal"],
  ["REQUIRED_PROPERTY_MISSING", sent({ required: ["a"] }, {}), 'the property "a", which is missing'],
  [
    "DEPENDENT_PROPERTY_MISSING",
    sent({ dependentRequired: { a: ["b"] } }, { a: 1 }),
    'the property "b", which "a" requires',
  ],
  ["UNKNOWN_PROPERTY", sent({ properties: { a: text } }, { b: 1 }), "expected no property of this name"],
  ["PROPERTY_NAME_INVALID", sent({ propertyNames: { const: "a" } }, { b: 1 }), 'no property named "b"'],
  ["TOO_FEW_PROPERTIES", sent({ minProperties: 1 }, {}), "expected at least 1 properties, got {}"],
  ["TOO_MANY_PROPERTIES", sent({ maxProperties: 0 }, { a: 1 }), "expected at most 0 properties"],
  [
    "DISCRIMINATOR_VALUE_UNKNOWN",
    sent(to("Pet"), { kind: "cow" }),
    'expected one of "cat", "dog", got "cow"',
  ],
  ["NO_ALTERNATIVE_MATCHES", sent({ oneOf: [] }, 1), "exactly one of the alternatives to fit"],
  [
    "SEVERAL_ALTERNATIVES_MATCH",
    sent({ oneOf: [integer, { minimum: 0 }] }, 1),
    "exactly one of the alternatives to fit",
  ],
  ["VALUE_NOT_ALLOWED", sent({ not: integer }, 1), "a value that the schema does not forbid, got 1"],
  [
    "SCHEMA_VIOLATED",
    () =>
      explain(
        [{ keyword: "novel", instancePath: "/a", schemaPath: "#/novel", params: {}, message: "no", data: 1 }],
        "#",
        () => undefined,
      ),
    "expected a value that keeps novel (no), got 1",
  ],
  [
    "WRITE_ONLY_PROPERTY_IN_RESPONSE",
    answered({ properties: { a: { ...text, writeOnly: true } } }, { a: "hush" }),
    "expected nothing here",
  ],
  [
    "SECRET_PROPERTY_IN_RESPONSE",
    answered({ properties: { a: { ...text, "x-ms-secret": true } } }, { a: "hush" }),
    "expected nothing here",
  ],
  [
    "READ_ONLY_PROPERTY_IN_REQUEST",
    sent({ properties: { a: { ...text, readOnly: true } } }, { a: "" }),
    "no readOnly property in a request",
  ],
  ["OPERATION_UNKNOWN", () => ofExample({}, { operationId: "No" }), 'an operation of the contract, got "No"'],
  [
    "OPERATION_UNKNOWN",
    () =>
      checkExchange(contractOf({}), {
        request: { method: "POST", url: "http://h/no", headers: new Headers(), body: undefined },
        response: { status: 200, headers: new Headers(), body: "" },
      }),
    "a request of the contract, got POST /no",
  ],
  [
    "PARAMETER_MISSING",
    () => ofExample({ parameters: [{ name: "q", in: "query", required: true, schema: text }] }, {}),
    'the parameter "q", which is missing',
  ],
  ["PARAMETER_UNKNOWN", () => ofExample({}, { parameters: { q: 1 } }), "nothing of this name"],
  [
    "PATH_PARAMETER_SLASH",
    () =>
      ofExample(
        { parameters: [{ name: "p", in: "path", schema: text }] },
        { parameters: { p: "/a" } },
        "/x/{p}",
      ),
    "without a slash at its begin",
  ],
  [
    "REQUEST_BODY_UNEXPECTED",
    () =>
      checkExchange(contractOf({}), {
        request: { method: "POST", url: "http://h/x", headers: new Headers(), body: new UnreadBody(9) },
        response: { status: 200, headers: new Headers(), body: "" },
      }),
    "nothing of this name",
  ],
  [
    "CONTENT_TYPE_INVALID",
    () => exchange(jsonAnswer(text), { body: '"a"', type: "text/html; charset=utf-8" }),
    "expected application/json, got text/html; charset=utf-8",
  ],
  [
    "STATUS_NOT_DOCUMENTED",
    () => ofExample({}, { responses: { "201": {} } }),
    "a documented status (200), got 201",
  ],
  ["RESPONSE_BODY_MISSING", () => ofExample(jsonAnswer(text), {}), "a body, which is missing"],
  [
    "RESPONSE_BODY_UNEXPECTED",
    () => ofExample({}, { responses: { "200": { body: 1 } } }),
    "expected no body, got 1",
  ],
  [
    "HEADER_MISSING",
    () =>
      ofExample(
        { responses: { "200": { description: "", headers: { A: { required: true, schema: text } } } } },
        {},
      ),
    'the header "A", which is missing',
  ],
  [
    "HEADER_UNKNOWN",
    () => ofExample({}, { responses: { "200": { headers: { A: "1" } } } }),
    "the answer declares no header",
  ],
  ["EXAMPLE_INVALID", () => ofExample({}, { responses: {} }), "at least one response"],
  ["EXAMPLE_OPERATION_MISSING", () => checkExample(contractOf({}), {}), "expected an operationId"],
  ["EXAMPLE_PART_UNKNOWN", () => ofExample({}, { no: 1 }), "an example has no such part"],
  [
    "SEVERAL_BODY_PARAMETERS",
    () => checkDocument(swagger({ "/a": operation([parameter("a", "body"), parameter("b", "body")]) })),
    "one body parameter, got a, b",
  ],
  [
    "BODY_BESIDE_FORM",
    () => checkDocument(swagger({ "/a": operation([parameter("a", "body"), parameter("b", "formData")]) })),
    "a body or the fields of a form",
  ],
  [
    "PATH_PARAMETER_EMPTY",
    () => checkDocument(swagger({ "/a/{}": operation() })),
    'a name between { and }, got "/a/{}"',
  ],
  [
    "PATH_PARAMETER_NOT_IN_PATH",
    () => checkDocument(swagger({ "/a": operation([parameter("p", "path")]) })),
    'a path with {p}, which is declared as a parameter of it, got "/a"',
  ],
  ["EQUIVALENT_PATH", () => checkDocument(swagger({ "/a/{x}": {}, "/a/{y}": {} })), 'got "/a/{y}"'],
  [
    "REQUIRED_PROPERTY_NOT_DECLARED",
    () => checkDocument(swagger({}, { A: { required: ["x"], properties: {} } })),
    'that the model declares, got "x"',
  ],
  [
    "DISCRIMINATOR_TYPE_INVALID",
    () => checkDocument(swagger({}, { A: base({ properties: { k: integer } }) })),
    'got "integer"',
  ],
  [
    "DISCRIMINATOR_NOT_REQUIRED",
    () => checkDocument(swagger({}, { A: base({ required: [] }) })),
    'the discriminator "k" to be a required property',
  ],
  [
    "DISCRIMINATOR_NOT_DECLARED",
    () => checkDocument(swagger({}, { A: {}, B: child })),
    'one with a discriminator, got "y"',
  ],
  [
    "DISCRIMINATOR_VALUE_NOT_LISTED",
    () => checkDocument(swagger({}, { A: base({ properties: { k: { enum: ["x"] } } }), B: child })),
    'one of "x", which "k" lists, got "y"',
  ],
];

/** These tell of several files or requests: see check-command.test.ts and the named checks of contract-tests. */
const elsewhere: readonly ViolationCode[] = [
  "OPERATION_AMBIGUOUS",
  "EXAMPLE_MISSING",
  "STATUS_NOT_SHOWN",
  "ROUND_TRIP_MISMATCH",
  "USE_AFTER_DELETE",
  "AUTHENTICATION_IGNORED",
  "IGNORE_ENTRY_UNUSED",
];

describe("every code of a violation", () => {
  it.each(cases)("%s", (code, find, words) => {
    const found = find();
    expect(found).toEqual([
      expect.objectContaining({
        code,
        severity: violationCodes[code].severity,
        message: expect.stringContaining(words),
      }),
    ]);
  });

  it("is in this list", () => {
    const tested = new Set([...cases.map(([code]) => code), ...elsewhere]);
    expect(Object.keys(violationCodes).filter((code) => !tested.has(code as ViolationCode))).toEqual([]);
  });

  it("of a secret does not show it", () => {
    const found = answered({ properties: { a: { ...text, "x-ms-secret": true } } }, { a: "hush" })();
    expect(JSON.stringify(found)).not.toContain("hush");
  });

  it("OPERATION_AMBIGUOUS names the other operation", () => {
    expect(exchange({}, { url: "http://h/y" })).toContainEqual(
      expect.objectContaining({
        code: "OPERATION_AMBIGUOUS",
        severity: "warning",
        message: "method and URL fit B as well; checked as A",
      }),
    );
  });
});

/** Those of its `errorDefinitions.ts`, of 2024 and later. */
const oav =
  `NOT_PASSED INTERNAL_ERROR UNRESOLVABLE_REFERENCE DISCRIMINATOR_VALUE_NOT_FOUND ANY_OF_MISSING ONE_OF_MULTIPLE
  OBJECT_DEPENDENCY_KEY ONE_OF_MISSING OBJECT_ADDITIONAL_PROPERTIES OBJECT_PROPERTIES_MAXIMUM
  OBJECT_MISSING_REQUIRED_PROPERTY OBJECT_PROPERTIES_MINIMUM ARRAY_LENGTH_SHORT ARRAY_UNIQUE ARRAY_ADDITIONAL_ITEMS
  ARRAY_LENGTH_LONG INVALID_TYPE INVALID_FORMAT PATTERN MULTIPLE_OF ENUM_CASE_MISMATCH ENUM_MISMATCH MAX_LENGTH MIN_LENGTH
  MINIMUM MAXIMUM MINIMUM_EXCLUSIVE MAXIMUM_EXCLUSIVE READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST
  WRITEONLY_PROPERTY_NOT_ALLOWED_IN_RESPONSE SECRET_PROPERTY INVALID_RESPONSE_CODE INVALID_CONTENT_TYPE
  MISSING_REQUIRED_PARAMETER INVALID_RESPONSE_BODY INVALID_RESPONSE_HEADER MISSING_RESOURCE_ID LRO_RESPONSE_CODE
  LRO_RESPONSE_HEADER INVALID_REQUEST_PARAMETER JSON_PARSING_ERROR OBJECT_MISSING_REQUIRED_PROPERTY_DEFINITION
  OBJECT_MISSING_REQUIRED_PROPERTY_SCHEMA DISCRIMINATOR_NOT_REQUIRED INVALID_DISCRIMINATOR_TYPE
  INVALID_XMS_DISCRIMINATOR_VALUE DISCRIMINATOR_PROPERTY_NOT_FOUND MULTIPLE_BODY_PARAMETERS INVALID_PARAMETER_COMBINATION
  DUPLICATE_OPERATIONID DUPLICATE_PARAMETER EMPTY_PATH_PARAMETER_DECLARATION EQUIVALENT_PATH
  MISSING_PATH_PARAMETER_DECLARATION MISSING_PATH_PARAMETER_DEFINITION OPERATION_NOT_FOUND_IN_CACHE
  OPERATION_NOT_FOUND_IN_CACHE_WITH_VERB OPERATION_NOT_FOUND_IN_CACHE_WITH_API OPERATION_NOT_FOUND_IN_CACHE_WITH_PROVIDER
  ROUNDTRIP_INCONSISTENT_PROPERTY ROUNDTRIP_MISSING_PROPERTY ROUNDTRIP_ADDITIONAL_PROPERTY MULTIPLE_OPERATIONS_FOUND
  PII_MISMATCH XMS_EXAMPLE_NOTFOUND_ERROR REQUIRED_PARAMETER_EXAMPLE_NOT_FOUND DOUBLE_FORWARD_SLASHES_IN_URL
  RESPONSE_STATUS_CODE_NOT_IN_SPEC RESPONSE_SCHEMA_NOT_IN_SPEC RESPONSE_BODY_NOT_IN_EXAMPLE
  RESPONSE_STATUS_CODE_NOT_IN_EXAMPLE`.split(/\s+/);

describe("the codes of oav", () => {
  it("each have one counterpart, or a reason why there is none", () => {
    const ours = Object.values(violationCodes).flatMap((entry) => ("oav" in entry ? [...entry.oav] : []));
    expect([...ours, ...Object.keys(oavCodesLeftOut)].sort()).toEqual([...oav].sort());
  });
});

describe("the table of codes", () => {
  it("is what VIOLATIONS.md contains", () => {
    const file = resolve(import.meta.dirname, "../VIOLATIONS.md");
    expect(readFileSync(file, "utf8")).toBe(codesAsMarkdown());
  });
});

describe("a document that oav has a code for, and that strict loading rejects", () => {
  const folder = mkdtempSync(join(tmpdir(), "openapi-contract-refused-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const twice = { operationId: "A", responses: { "200": { description: "ok" } } };

  it.each<[string, string]>([
    ["UNRESOLVABLE_REFERENCE", JSON.stringify(swagger({}, { A: { $ref: "#/definitions/No" } }))],
    ["JSON_PARSING_ERROR", "{"],
    ["OBJECT_MISSING_REQUIRED_PROPERTY_SCHEMA", '{"swagger": "2.0", "paths": {}}'],
    ["DUPLICATE_OPERATIONID", JSON.stringify(swagger({ "/a": { get: twice, post: twice } }))],
    [
      "DUPLICATE_PARAMETER",
      JSON.stringify(swagger({ "/a": operation([parameter("q", "query"), parameter("q", "query")]) })),
    ],
    ["MISSING_PATH_PARAMETER_DECLARATION", JSON.stringify(swagger({ "/a/{x}": operation() }))],
  ])("%s", async (code, content) => {
    expect(oavCodesLeftOut[code]).toContain("exit code 2");
    const spec = join(folder, `${code}.json`);
    writeFileSync(spec, content);
    await expect(loadContract({ spec, strict: true })).rejects.toBeInstanceOf(SpecError);
  });

  it("is every one with that reason", () => {
    const refused = Object.entries(oavCodesLeftOut).filter(([, reason]) => reason.includes("exit code 2"));
    expect(refused).toHaveLength(6);
  });
});
