import type { Json, JsonObject } from "../src/document/json.js";

/** A small contract to change: one operation with parameters, a body, answers, and models in both directions. */
export function smallContract(changes: JsonObject = {}): JsonObject {
  const json = (schema: Json) => ({ content: { "application/json": { schema } } });
  return {
    openapi: "3.1.0",
    info: { title: "Things", version: "1" },
    paths: {
      "/things/{id}": {
        put: {
          operationId: "PutThing",
          description: "Puts a thing.",
          parameters: [
            { name: "api-version", in: "query", required: true, schema: { type: "string", enum: ["6.0"] } },
            { name: "id", in: "path", required: true, schema: { type: "string" } },
            { $ref: "#/components/parameters/Timeout" },
          ],
          requestBody: { required: true, ...json({ $ref: "#/components/schemas/Input" }) },
          responses: {
            "200": { description: "Done.", ...json({ $ref: "#/components/schemas/Output" }) },
            default: { description: "Failed.", ...json({ $ref: "#/components/schemas/Output" }) },
          },
        },
        get: { operationId: "GetThing", responses: { "204": { description: "None." } } },
      },
    },
    components: {
      parameters: { Timeout: { name: "timeout", in: "query", schema: { type: "integer", maximum: 10 } } },
      schemas: {
        Input: { type: "object", properties: { name: { type: "string" } } },
        Output: { type: "object", properties: { size: { type: "integer" } } },
      },
    },
    ...changes,
  };
}

/** A contract in which one model, `Model`, is only written, only read, or both. */
export function modelContract(
  direction: "request" | "response" | "both",
  schema: Json,
  others: JsonObject = {},
): JsonObject {
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Model" } } };
  const operation = {
    operationId: "UseModel",
    ...(direction === "response" ? {} : { requestBody: { content } }),
    responses: direction === "request" ? {} : { "200": { description: "Done.", content } },
  };
  return {
    openapi: "3.1.0",
    info: { title: "Models", version: "1" },
    paths: { "/model": { post: operation } },
    components: { schemas: { Model: schema, ...others } },
  };
}
