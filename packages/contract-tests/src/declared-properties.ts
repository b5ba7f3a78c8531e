import { isObject, type JsonObject, resolveReference } from "@sf-image-store/scripts/spec";

/** Whether `schema` names a property anywhere: one that does not is free-form. */
export function declaresProperties(
  schema: JsonObject,
  document: JsonObject,
  seen = new Set<JsonObject>(),
): boolean {
  return partsOf(schema, document, seen).some(
    (part) =>
      isObject(part["properties"]) ||
      ["anyOf", "oneOf"].some((keyword) => {
        const alternatives = part[keyword];
        return (
          Array.isArray(alternatives) &&
          alternatives.some((inner) => isObject(inner) && declaresProperties(inner, document, seen))
        );
      }),
  );
}

/**
 * The names of all properties that a value of `schema` may have. Undefined when that depends on the value, or when some part
 * lets other names pass.
 */
export function declaredNames(schema: JsonObject, document: JsonObject): Set<string> | undefined {
  const parts = partsOf(schema, document, new Set());
  if (parts.some((part) => undecided.some((keyword) => keyword in part))) return undefined;
  return new Set(parts.flatMap(({ properties }) => (isObject(properties) ? Object.keys(properties) : [])));
}

const undecided = [
  "anyOf",
  "oneOf",
  "if",
  "dependentSchemas",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
];

/** Everything that always describes the same value: the schema, what it refers to, and the members of allOf. */
export function partsOf(schema: JsonObject, document: JsonObject, seen: Set<JsonObject>): JsonObject[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const { $ref, ...own } = schema;
  const parts = [own];
  if ($ref !== undefined) {
    const target = resolveReference(document, { $ref });
    if (target["$ref"] === undefined) parts.push(...partsOf(target, document, seen));
  }
  const members = Array.isArray(schema["allOf"]) ? schema["allOf"].filter(isObject) : [];
  return [...parts, ...members.flatMap((member) => partsOf(member, document, seen))];
}
