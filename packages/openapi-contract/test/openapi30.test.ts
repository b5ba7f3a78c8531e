import { describe, expect, it } from "vitest";
import { upgradeDocument } from "../src/convert/openapi3.js";
import type { JsonObject } from "../src/document/json.js";
import { validateDocument } from "../src/document/validate.js";

const info = { title: "t", version: "1" };

async function upgrade(parts: JsonObject): Promise<JsonObject> {
  const document = { openapi: "3.0.3", info, paths: {}, ...parts };
  await validateDocument("in.yaml", document);
  const upgraded = upgradeDocument("in.yaml", document);
  await validateDocument("out.yaml", upgraded);
  return upgraded;
}

const other = { $ref: "#/components/schemas/Other" };

describe("a schema of OpenAPI 3.0", () => {
  it.each<[string, JsonObject, JsonObject]>([
    ["that may be null has a second type", { type: "string", nullable: true }, { type: ["string", "null"] }],
    ["that may not be null says nothing of it", { type: "string", nullable: false }, { type: "string" }],
    [
      "with a nullable reference has null as an alternative",
      { allOf: [other], nullable: true },
      { anyOf: [{ allOf: [other] }, { type: "null" }] },
    ],
    [
      "with a nullable enum lists null once",
      { type: "string", enum: ["a", null], nullable: true },
      { type: ["string", "null"], enum: ["a", null] },
    ],
    [
      "with exclusive limits has them as numbers",
      { type: "integer", minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      { type: "integer", exclusiveMinimum: 1, maximum: 9 },
    ],
    [
      "with an example has a list of them",
      { type: "string", example: "a" },
      { type: "string", examples: ["a"] },
    ],
    [
      "of bytes keeps the word that types are made from",
      { type: "string", format: "binary" },
      { type: "string", format: "binary" },
    ],
    [
      "of base64 says so in both words",
      { type: "string", format: "byte" },
      { type: "string", format: "byte", contentEncoding: "base64" },
    ],
    [
      "with properties is an object, said or not",
      { properties: { a: {} } },
      { type: "object", properties: { a: {} } },
    ],
    [
      "is converted inside, but not in what is data",
      {
        type: "object",
        default: { nullable: true, type: "string" },
        properties: { nullable: { type: "integer", nullable: true } },
        additionalProperties: { not: { type: "string", nullable: true } },
      },
      {
        type: "object",
        default: { nullable: true, type: "string" },
        properties: { nullable: { type: ["integer", "null"] } },
        additionalProperties: { not: { type: ["string", "null"] } },
      },
    ],
  ])("%s", async (_, schema, expected) => {
    const upgraded = await upgrade({ components: { schemas: { Other: { type: "object" }, Model: schema } } });
    expect(upgraded).toMatchObject({ openapi: "3.1.0" });
    expect(JSON.parse(JSON.stringify(upgraded)).components.schemas.Model).toEqual(expected);
  });

  it("is converted wherever it stands, and extensions are left alone", async () => {
    const schema = { type: "string", nullable: true };
    const converted = { type: ["string", "null"] };
    const place = (inner: JsonObject): JsonObject => ({
      parameters: [
        { name: "p", in: "query", schema: inner },
        { name: "q", in: "query", content: { "application/json": { schema: inner } } },
      ],
      requestBody: { content: { "application/json": { schema: inner, example: schema } } },
      responses: {
        "200": {
          description: "ok",
          headers: { H: { schema: inner } },
          content: { "text/plain": { schema: inner } },
        },
      },
      callbacks: {
        c: {
          "{$url}": {
            post: {
              operationId: "Back",
              requestBody: { content: { "a/b": { schema: inner } } },
              responses: { "200": { description: "ok" } },
            },
          },
        },
      },
      "x-schema": schema,
    });
    const upgraded = await upgrade({ paths: { "/x": { post: { operationId: "Op", ...place(schema) } } } });
    expect(upgraded["paths"]).toEqual({ "/x": { post: { operationId: "Op", ...place(converted) } } });
  });

  it("is refused with a keyword that the format does not have", async () => {
    await expect(upgrade({ components: { schemas: { A: { type: "string", const: "a" } } } })).rejects.toThrow(
      "in.yaml#/components/schemas/A: must NOT have additional properties (const)",
    );
  });
});
