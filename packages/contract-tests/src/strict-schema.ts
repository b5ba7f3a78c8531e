import { isObject, type Json, type JsonObject, resolveReference } from "@sf-image-store/scripts/spec";
import { inText } from "./formats.js";

/** Where the schemas of the document live for the validator. */
export const documentId = "contract:";

/**
 * A schema that also refuses properties nobody declared. Each place that holds a value is closed with
 * unevaluatedProperties, which sees through references and allOf; the members of an allOf stay open, since together they
 * describe one object. Schemas without any property list are free-form and stay open.
 */
export function closed(schema: JsonObject, document: JsonObject): JsonObject {
  const open = inner(schema, document);
  const isClosed = "additionalProperties" in schema || "unevaluatedProperties" in schema;
  return declaresProperties(schema, document) && !isClosed ? { ...open, unevaluatedProperties: false } : open;
}

/** The parts of `schema`, closed; itself left open. */
export function inner(schema: JsonObject, document: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "$ref") result[keyword] = `${documentId}${String(value)}`;
    else if (keyword === "properties" && isObject(value)) {
      result[keyword] = Object.fromEntries(
        Object.entries(value).map(([name, part]) => [name, closedPart(part, document)]),
      );
    } else if (keyword === "format" && typeof value === "string" && schema["type"] === "string") {
      result[keyword] = inText(value);
    } else if (keyword === "items" || keyword === "additionalProperties")
      result[keyword] = closedPart(value, document);
    else if ((keyword === "allOf" || keyword === "anyOf" || keyword === "oneOf") && Array.isArray(value)) {
      result[keyword] = value.map((part) => (isObject(part) ? inner(part, document) : part));
    } else result[keyword] = value;
  }
  return result;
}

function closedPart(part: Json, document: JsonObject): Json {
  return isObject(part) ? closed(part, document) : part;
}

function declaresProperties(schema: JsonObject, document: JsonObject, seen = new Set<JsonObject>()): boolean {
  const target = resolveReference(document, schema);
  if (seen.has(target)) return false;
  seen.add(target);
  if (isObject(target["properties"])) return true;
  return ["allOf", "anyOf", "oneOf"].some((keyword) => {
    const parts = target[keyword];
    return (
      Array.isArray(parts) && parts.some((part) => isObject(part) && declaresProperties(part, document, seen))
    );
  });
}
