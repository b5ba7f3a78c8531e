import { isObject, type Json, type JsonObject } from "../json.js";
import { examplesOf, limits, nullable, typeOf } from "../schema-forms.js";
import { mapInnerSchemas, mapSchemas } from "../schema-places.js";

/**
 * Converts a valid OpenAPI 3.0 document to 3.1. Only schemas differ. `nullable` counts wherever it stands, beside a `$ref`
 * too, where 3.0 ignores it by the letter and nobody writes it for nothing.
 */
export function upgradeDocument(document: JsonObject): JsonObject {
  return { ...mapSchemas(document, upgradeSchema), openapi: "3.1.0" };
}

function upgradeSchema(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const {
    nullable: canBeNull,
    example: _example,
    minimum: _minimum,
    maximum: _maximum,
    exclusiveMinimum: _exclusiveMinimum,
    exclusiveMaximum: _exclusiveMaximum,
    ...same
  } = mapInnerSchemas(schema, upgradeSchema);
  const upgraded = { ...typeOf(schema), ...same, ...limits(schema), ...examplesOf(schema) };
  return canBeNull === true ? nullable(upgraded) : upgraded;
}
