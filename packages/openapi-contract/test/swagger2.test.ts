import { describe, expect, it } from "vitest";
import { convertSwagger } from "../src/convert/swagger2.js";
import { type JsonObject, problemLine } from "../src/document/json.js";
import { validateDocument } from "../src/document/validate.js";

const empty: JsonObject = { swagger: "2.0", info: { title: "t", version: "1" }, paths: {} };

/** Converts a valid document and makes sure that the result is valid too. */
async function convert(parts: JsonObject): Promise<JsonObject> {
  const swagger = { ...empty, ...parts };
  await validateDocument("in.yaml", swagger);
  const converted = convertSwagger("in.yaml", swagger);
  await validateDocument("out.yaml", converted);
  return converted;
}

async function convertDefinition(definition: JsonObject): Promise<unknown> {
  const converted = await convert({ definitions: { Other: { type: "string" }, Model: definition } });
  return JSON.parse(JSON.stringify(converted)).components.schemas.Model;
}

async function convertOperation(
  operation: JsonObject,
  parts: JsonObject = {},
): Promise<{ [name: string]: unknown }> {
  const whole = { operationId: "Op", responses: { "200": { description: "ok" } }, ...operation };
  const converted = await convert({ paths: { "/x": { post: whole } }, ...parts });
  return JSON.parse(JSON.stringify(converted)).paths["/x"].post;
}

describe("a definition", () => {
  it.each<[string, JsonObject, unknown]>([
    [
      "with properties is an object, said or not",
      { properties: { a: { type: "string" } } },
      { type: "object", properties: { a: { type: "string" } } },
    ],
    [
      "that refers to another refers to its new place",
      { properties: { a: { $ref: "#/definitions/Other" } } },
      { type: "object", properties: { a: { $ref: "#/components/schemas/Other" } } },
    ],
    [
      "that may be null has a second type",
      { type: "string", "x-nullable": true },
      { type: ["string", "null"] },
    ],
    [
      "with a nullable reference has null as an alternative",
      { properties: { a: { $ref: "#/definitions/Other", "x-nullable": true } } },
      {
        type: "object",
        properties: { a: { anyOf: [{ $ref: "#/components/schemas/Other" }, { type: "null" }] } },
      },
    ],
    [
      "with a nullable enum lists null",
      { type: "string", enum: ["a"], "x-nullable": true },
      { type: ["string", "null"], enum: ["a", null] },
    ],
    [
      "with an exclusive limit has it as a number",
      { type: "integer", minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      { type: "integer", exclusiveMinimum: 1, maximum: 9 },
    ],
    [
      "with an example has a list of them",
      { type: "string", example: "a" },
      { type: "string", examples: ["a"] },
    ],
    [
      "with a closed enum stays closed",
      { type: "string", enum: ["a"], "x-ms-enum": { name: "E", modelAsString: false } },
      { type: "string", enum: ["a"], "x-ms-enum": { name: "E", modelAsString: false } },
    ],
    [
      "with an open enum lets other values pass and keeps the list",
      { type: "string", enum: ["a"], "x-ms-enum": { name: "E", modelAsString: true } },
      { type: "string", anyOf: [{ enum: ["a"] }, {}], "x-ms-enum": { name: "E", modelAsString: true } },
    ],
    [
      "with a tuple has its places apart",
      { type: "array", items: [{ type: "string" }, { type: "integer" }] },
      { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }] },
    ],
    [
      "of base64 says so in both words",
      { type: "string", format: "byte" },
      { type: "string", format: "byte", contentEncoding: "base64" },
    ],
    [
      "with words and extensions beside a reference keeps them",
      { properties: { a: { $ref: "#/definitions/Other", readOnly: true, "x-ms-client-flatten": true } } },
      {
        type: "object",
        properties: {
          a: { $ref: "#/components/schemas/Other", readOnly: true, "x-ms-client-flatten": true },
        },
      },
    ],
    ["of type file is bytes", { type: "object", format: "file" }, { type: "string", format: "binary" }],
  ])("%s", async (_, definition, expected) => {
    expect(await convertDefinition(definition)).toEqual(expected);
  });
});

describe("a parameter", () => {
  it("keeps its name and has its limits in a schema", async () => {
    const timeout = {
      name: "timeout",
      in: "query",
      type: "integer",
      format: "int64",
      minimum: 1,
      default: 60,
    };
    expect(await convertOperation({ parameters: [timeout] })).toMatchObject({
      parameters: [
        {
          name: "timeout",
          in: "query",
          schema: { type: "integer", format: "int64", minimum: 1, default: 60 },
        },
      ],
    });
  });

  it.each([
    [undefined, { style: "form", explode: false }],
    ["multi", { style: "form", explode: true }],
    ["pipes", { style: "pipeDelimited", explode: false }],
    ["ssv", { style: "spaceDelimited", explode: false }],
  ])("that is an array in the format %s says so in OpenAPI 3 terms", async (collectionFormat, expected) => {
    const list: JsonObject = { name: "list", in: "query", type: "array", items: { type: "string" } };
    const parameters = [collectionFormat === undefined ? list : { ...list, collectionFormat }];
    expect(await convertOperation({ parameters })).toMatchObject({ parameters: [expected] });
  });

  it.each<[string, JsonObject, string]>([
    [
      "in a format that OpenAPI 3 lacks",
      { in: "query", collectionFormat: "tsv" },
      "collectionFormat: tab-separated",
    ],
    [
      "in a path, by pipes",
      { in: "path", collectionFormat: "pipes" },
      "collectionFormat: arrays in the format pipes",
    ],
    [
      "inside another in a format of its own",
      { in: "query", items: { type: "array", items: { type: "string" }, collectionFormat: "ssv" } },
      "items/collectionFormat: arrays in the format ssv",
    ],
    [
      "that is no array",
      { in: "query", type: "string", collectionFormat: "multi" },
      "collectionFormat: only an array",
    ],
    [
      "of a form that may be empty",
      { in: "formData", allowEmptyValue: true },
      "allowEmptyValue: empty values of a form",
    ],
  ])("%s is told by its place", (_, parameter, message) => {
    const list: JsonObject = { name: "l", type: "array", items: { type: "string" }, ...parameter };
    const paths = { "/x": { get: { operationId: "Op", parameters: [list], responses: {} } } };
    const noted: string[] = [];
    convertSwagger("in.yaml", { ...empty, paths }, (problem) => noted.push(problemLine(problem)));
    const start = `in.yaml#/paths/~1x/get/parameters/0/${message}`;
    expect(noted).toEqual([expect.stringMatching(/; it is (read as csv|left out)$/)]);
    expect(noted[0]?.startsWith(start)).toBe(true);
  });

  it("that goes into the query unescaped says so in OpenAPI 3 terms too", async () => {
    const token = { name: "t", in: "query", type: "string", "x-ms-skip-url-encoding": true };
    expect(await convertOperation({ parameters: [token] })).toMatchObject({
      parameters: [{ allowReserved: true, "x-ms-skip-url-encoding": true }],
    });
  });

  it("that is the body becomes the request body and leaves its name", async () => {
    const parameters = [
      { name: "Description", in: "body", required: true, schema: { $ref: "#/definitions/D" } },
    ];
    const operation = await convertOperation({ parameters }, { definitions: { D: { type: "object" } } });
    expect(operation).not.toHaveProperty("parameters");
    expect(operation).toMatchObject({
      requestBody: {
        required: true,
        content: { "application/json": { schema: { $ref: "#/components/schemas/D" } } },
        "x-body-name": "Description",
      },
    });
  });

  it("that is a shared body is found through its reference", async () => {
    const operation = await convertOperation(
      { parameters: [{ $ref: "#/parameters/B" }] },
      { parameters: { B: { name: "B", in: "body", schema: { type: "object" } } } },
    );
    expect(operation).toMatchObject({ requestBody: { "x-body-name": "B" } });
  });

  it("that is a form field becomes a property of a form", async () => {
    const parameters = [
      { name: "upload", in: "formData", type: "file", required: true },
      { name: "note", in: "formData", type: "string" },
    ];
    expect(await convertOperation({ parameters, consumes: ["multipart/form-data"] })).toMatchObject({
      requestBody: {
        required: true,
        content: {
          "multipart/form-data": {
            schema: {
              type: "object",
              required: ["upload"],
              properties: { upload: { type: "string", format: "binary" }, note: { type: "string" } },
            },
          },
        },
      },
    });
  });
});

describe("a response", () => {
  it("has its schema under every media type the document produces", async () => {
    const responses = { "200": { description: "ok", schema: { type: "string" } } };
    expect(await convertOperation({ responses, produces: ["application/json", "text/plain"] })).toMatchObject(
      {
        responses: {
          "200": {
            description: "ok",
            content: {
              "application/json": { schema: { type: "string" } },
              "text/plain": { schema: { type: "string" } },
            },
          },
        },
      },
    );
  });

  it("without a schema has no content", async () => {
    const { responses } = await convertOperation({});
    expect(responses).toEqual({ "200": { description: "ok" } });
  });
});

describe("a document", () => {
  it("whose host is left open has a server with variables", async () => {
    const host = {
      hostTemplate: "{account}.{suffix}",
      positionInOperation: "first",
      parameters: [
        { name: "account", in: "path", required: true, type: "string", maxLength: 24 },
        { $ref: "#/parameters/Suffix" },
      ],
    };
    const Suffix = { name: "suffix", in: "path", required: true, type: "string", default: "example.org" };
    const converted = await convert({ parameters: { Suffix }, "x-ms-parameterized-host": host });
    expect(converted).toMatchObject({
      servers: [
        {
          url: "https://{account}.{suffix}",
          variables: { account: { default: "account" }, suffix: { default: "example.org" } },
          "x-ms-parameterized-host": {
            positionInOperation: "first",
            parameters: [{ maxLength: 24 }, Suffix],
          },
        },
      ],
    });
    expect(converted).not.toHaveProperty("x-ms-parameterized-host");
  });

  it("keeps a shared body that no operation uses", async () => {
    const Unused = { name: "b", in: "body", schema: { type: "object" } };
    expect(await convert({ parameters: { Unused } })).toMatchObject({
      components: { requestBodies: { Unused: { "x-body-name": "b" } } },
    });
  });

  it("names servers for an operation with schemes of its own", async () => {
    const operation = await convertOperation({ schemes: ["https"] }, { host: "h", schemes: ["http"] });
    expect(operation).toMatchObject({ servers: [{ url: "https://h" }] });
  });

  it("names a server per scheme", async () => {
    expect(await convert({ host: "h:1", basePath: "/v1/", schemes: ["http", "https"] })).toMatchObject({
      servers: [{ url: "http://h:1/v1" }, { url: "https://h:1/v1" }],
    });
  });
});
