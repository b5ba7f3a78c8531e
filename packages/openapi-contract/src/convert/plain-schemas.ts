import { arrayAt, isObject, type Json, type JsonObject } from "../document/json.js";
import { mapInnerSchemas, mapSchemas } from "../document/schemas.js";

/**
 * A copy of an OpenAPI 3.1 document in which schemas say the same in fewer ways: a part of `allOf` that only names required
 * properties is the `required` of the whole, and what stands beside a `$ref` is an `allOf` with it. Readers of either then
 * miss nothing.
 */
export function plainSchemas(document: JsonObject): JsonObject {
  return mapSchemas(document, plain);
}

function plain(schema: Json): Json {
  if (!isObject(schema)) return schema;
  return withoutSiblings(withRequired(mapInnerSchemas(schema, plain)));
}

function withRequired(schema: JsonObject): JsonObject {
  const parts = arrayAt(schema, "allOf");
  const lone = parts.filter(isOnlyRequired);
  if (lone.length === 0 || lone.length === parts.length) return schema;
  const names = [schema, ...lone.filter(isObject)].flatMap((part) => arrayAt(part, "required"));
  return { ...schema, allOf: parts.filter((part) => !lone.includes(part)), required: [...new Set(names)] };
}

function isOnlyRequired(part: Json): boolean {
  if (!isObject(part) || !Array.isArray(part["required"])) return false;
  return Object.entries(part).every(
    ([name, value]) =>
      ["required", "description", "title"].includes(name) || (name === "type" && value === "object"),
  );
}

/** Keywords that a value has to obey, beside those that only say something about it. */
const structural = new Set([
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "allOf",
  "anyOf",
  "oneOf",
  "items",
  "prefixItems",
  "enum",
  "const",
]);

function withoutSiblings(schema: JsonObject): JsonObject {
  const { $ref, ...beside } = schema;
  if ($ref === undefined || !Object.keys(beside).some((name) => structural.has(name))) return schema;
  return { ...beside, allOf: [{ $ref }, ...arrayAt(beside, "allOf")] };
}
