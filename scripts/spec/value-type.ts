import { resolveReference } from "./document.js";
import { isObject, type Json, type JsonObject } from "./json.js";

/** The one type to read a text as: null and the second of two types are never sent as themselves. */
export function typeName(type: Json | undefined): string {
  const named = [type ?? []].flat().filter((name) => name !== "null");
  return String(named[0] ?? "string");
}

/** The schema of a parameter or header, wherever it says it; resolved. */
export function valueSchema(document: JsonObject, { schema, content }: JsonObject): JsonObject {
  if (isObject(schema)) return resolveReference(document, schema);
  const [media] = isObject(content) ? Object.values(content) : [];
  return isObject(media) && isObject(media["schema"]) ? resolveReference(document, media["schema"]) : {};
}
