import { arrayAt, isObject, type Json, type JsonObject, objectAt, stringAt } from "./json.js";
import { type Path, pointer, referencePath, valueAt } from "./pointer.js";
import type { Problem } from "./problem.js";

/**
 * Schemas that are nothing but themselves and more of it (`A: allOf [A]`), without an item or a property between. No value
 * can be held to them: whoever tries never ends.
 */
export function circularSchemas(file: string, document: JsonObject): Problem[] {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  return Object.keys(schemas).flatMap((name): Problem[] => {
    const path = ["components", "schemas", name];
    if (!leadsBack(document, path)) return [];
    return [{ file, pointer: pointer(path), message: "describes itself by itself, so that nothing fits it" }];
  });
}

function leadsBack(document: JsonObject, start: Path): boolean {
  const first = pointer(start);
  const seen = new Set<string>();
  const visit = (schema: Json | undefined): boolean => {
    if (!isObject(schema)) return false;
    const parts = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => arrayAt(schema, keyword));
    return parts.some(visit) || follow(stringAt(schema, "$ref"));
  };
  const follow = (reference: string | undefined): boolean => {
    const path = reference === undefined ? undefined : referencePath(reference);
    if (path === undefined) return false;
    const place = pointer(path);
    if (place === first) return true;
    if (seen.has(place)) return false;
    seen.add(place);
    return visit(valueAt(document, path));
  };
  return visit(valueAt(document, start));
}
