import { convertObj } from "swagger2openapi";
import { describe, expect, it } from "vitest";
import { convertSwagger } from "../src/convert/swagger2.js";
import type { JsonObject } from "../src/document/json.js";
import { validateDocument } from "../src/document/validate.js";
import { bigDocument } from "./big-document.js";
import { normalOurs, normalTheirs } from "./differential/normal-form.js";

/** Both converters' results in one form; two converters that disagree are a bug. */
async function both(swagger: JsonObject): Promise<{ ours: JsonObject; theirs: JsonObject }> {
  await validateDocument("in.json", swagger);
  const { openapi } = await convertObj(JSON.parse(JSON.stringify(swagger)), {});
  return {
    ours: normalOurs(convertSwagger("in.json", swagger)),
    theirs: normalTheirs(JSON.parse(JSON.stringify(openapi))),
  };
}

const info = { title: "t", version: "1" };
const ok = { "200": { description: "ok" } };

function withDefinition(definition: JsonObject): JsonObject {
  return { definitions: { Other: { type: "object" }, Model: definition } };
}

function withParameters(...parameters: JsonObject[]): JsonObject {
  return withOperation({ parameters });
}

function withOperation(operation: JsonObject, more: JsonObject = {}): JsonObject {
  const paths = { "/x": { post: { operationId: "Op", responses: ok, ...operation } } };
  return { definitions: { Other: { type: "object" } }, paths, ...more };
}

const other = { $ref: "#/definitions/Other" };

const documents: Record<string, JsonObject> = {
  "a model": withDefinition({
    type: "object",
    title: "T",
    description: "d",
    required: ["a"],
    properties: { a: { type: "string", readOnly: true }, b: other, c: { type: "array", items: other } },
  }),
  "a model without a type": withDefinition({ properties: { a: other } }),
  "a reference with words beside it": withDefinition({
    type: "object",
    properties: { a: { ...other, description: "d", readOnly: true } },
  }),
  "extensions of parameters": withParameters({
    name: "q",
    in: "query",
    type: "string",
    enum: ["6.0"],
    default: "6.0",
    "x-ms-parameter-location": "method",
    "x-ms-enum": { name: "V", modelAsString: true },
  }),
  "arrays in a form": withOperation({
    consumes: ["application/x-www-form-urlencoded"],
    parameters: [
      { name: "a", in: "formData", type: "array", items: { type: "string" }, collectionFormat: "multi" },
    ],
  }),
  "arrays of arrays": withDefinition({ type: "array", items: { type: "array", items: other } }),
  "schemes of an operation": withOperation({ schemes: ["https"] }),
  "a map": withDefinition({ type: "object", additionalProperties: other }),
  "a map of anything": withDefinition({ type: "object", additionalProperties: true }),
  "a closed model": withDefinition({ type: "object", properties: { a: {} }, additionalProperties: false }),
  "limits of numbers": withDefinition({
    type: "number",
    format: "double",
    minimum: 1,
    exclusiveMinimum: true,
    maximum: 9,
    multipleOf: 2,
  }),
  "limits of texts": withDefinition({ type: "string", minLength: 1, maxLength: 9, pattern: "^a" }),
  "limits of lists": withDefinition({
    type: "array",
    items: { type: "integer" },
    minItems: 1,
    maxItems: 2,
    uniqueItems: true,
  }),
  "limits of objects": withDefinition({ type: "object", minProperties: 1, maxProperties: 2 }),
  "an enum": withDefinition({ type: "string", enum: ["a", "b"], default: "a" }),
  "an open enum": withDefinition({
    type: "string",
    enum: ["a"],
    "x-ms-enum": { name: "E", modelAsString: true },
  }),
  "something that may be null": withDefinition({ type: "string", "x-nullable": true }),
  "a reference that may be null": withDefinition({
    type: "object",
    properties: { a: { ...other, "x-nullable": true } },
  }),
  "inheritance with a discriminator": {
    definitions: {
      Base: {
        type: "object",
        discriminator: "kind",
        required: ["kind"],
        properties: { kind: { type: "string" } },
      },
      Sub: { allOf: [{ $ref: "#/definitions/Base" }, { type: "object", properties: { a: {} } }] },
    },
  },
  "an example, documents and XML": withDefinition({
    type: "string",
    example: "a",
    externalDocs: { url: "https://example.org" },
    xml: { name: "n" },
  }),
  bytes: withDefinition({ type: "string", format: "byte" }),
  "an extension of a model": withDefinition({ type: "object", "x-ms-azure-resource": true }),
  "parameters in every place": withOperation({
    parameters: [
      { name: "q", in: "query", type: "integer", format: "int64", minimum: 1, default: 5, description: "d" },
      { name: "h", in: "header", type: "string", enum: ["a"] },
      { name: "e", in: "query", type: "string", allowEmptyValue: true, "x-ms-skip-url-encoding": true },
    ],
  }),
  "arrays by comma": withParameters({
    name: "l",
    in: "query",
    type: "array",
    items: { type: "string" },
    collectionFormat: "csv",
  }),
  "arrays as they come": withParameters({ name: "l", in: "query", type: "array", items: { type: "string" } }),
  "arrays by repetition": withParameters({
    name: "l",
    in: "query",
    type: "array",
    items: { type: "string" },
    collectionFormat: "multi",
  }),
  "arrays by space": withParameters({
    name: "l",
    in: "query",
    type: "array",
    items: { type: "string" },
    collectionFormat: "ssv",
  }),
  "arrays by pipe": withParameters({
    name: "l",
    in: "query",
    type: "array",
    items: { type: "string" },
    collectionFormat: "pipes",
  }),
  "a body": withParameters({ name: "b", in: "body", required: true, description: "d", schema: other }),
  "a body in several forms": withOperation({
    consumes: ["application/json", "text/json"],
    parameters: [{ name: "b", in: "body", schema: other }],
  }),
  "a shared body and a shared parameter": withOperation(
    { parameters: [{ $ref: "#/parameters/B" }, { $ref: "#/parameters/Q" }] },
    {
      parameters: {
        B: { name: "b", in: "body", required: true, schema: other },
        Q: { name: "q", in: "query", type: "string" },
      },
    },
  ),
  "parameters of a path": {
    paths: {
      "/x/{id}": {
        parameters: [{ name: "id", in: "path", required: true, type: "string" }],
        get: { operationId: "Op", responses: ok },
      },
    },
  },
  "a form": withOperation({
    consumes: ["application/x-www-form-urlencoded"],
    parameters: [
      { name: "a", in: "formData", type: "string", required: true, description: "d" },
      { name: "b", in: "formData", type: "integer", default: 1 },
    ],
  }),
  "a form with a file": withOperation({
    consumes: ["multipart/form-data"],
    parameters: [{ name: "f", in: "formData", type: "file", required: true }],
  }),
  "responses in several forms": withOperation({
    produces: ["application/json", "text/plain"],
    responses: {
      "200": { description: "ok", schema: other },
      "204": { description: "nothing" },
      default: { description: "wrong", schema: { type: "array", items: other } },
    },
  }),
  "headers of a response": withOperation({
    responses: { "200": { description: "ok", headers: { H: { type: "integer", description: "d" } } } },
  }),
  "examples of a response": withOperation({
    produces: ["application/json"],
    responses: { "200": { description: "ok", schema: other, examples: { "application/json": { a: 1 } } } },
  }),
  "a shared response": withOperation(
    { responses: { "200": { $ref: "#/responses/R" } } },
    { responses: { R: { description: "r", schema: other } }, produces: ["application/json"] },
  ),
  security: withOperation(
    { security: [{ key: [] }] },
    {
      security: [{ basic: [] }],
      securityDefinitions: {
        basic: { type: "basic", description: "d" },
        key: { type: "apiKey", name: "k", in: "header" },
        flow: {
          type: "oauth2",
          flow: "accessCode",
          authorizationUrl: "https://a.example",
          tokenUrl: "https://t.example",
          scopes: { s: "d" },
        },
      },
    },
  ),
  "words about an operation": withOperation({
    summary: "s",
    description: "d",
    tags: ["t"],
    deprecated: true,
    externalDocs: { url: "https://example.org" },
    "x-ms-long-running-operation": true,
  }),
  "words about the document": {
    host: "h:1",
    basePath: "/v1",
    schemes: ["http", "https"],
    tags: [{ name: "t", description: "d" }],
    externalDocs: { url: "https://example.org" },
    "x-ms-code-generation-settings": { name: "n" },
  },
};

describe("swagger2openapi and ours agree on", () => {
  it.each(Object.entries(documents))("%s", async (_, parts) => {
    const { ours, theirs } = await both({ swagger: "2.0", info, host: "h", paths: {}, ...parts });
    expect(ours).toEqual(theirs);
  });

  it("nothing that differs: the comparison is not blind", async () => {
    const swagger = { swagger: "2.0", info, paths: {}, ...withDefinition({ type: "string", maxLength: 9 }) };
    const { theirs } = await both(swagger);
    const changed = { ...swagger, ...withDefinition({ type: "string", maxLength: 8 }) };
    expect((await both(changed)).ours).not.toEqual(theirs);
  });

  it("a document of 247 operations", async () => {
    const { ours, theirs } = await both(bigDocument());
    expect(ours).toEqual(theirs);
  });
});
