import { resolveReference } from "../document/document.js";
import { isObject, type Json, type JsonObject, mapValues } from "../document/json.js";
import { marks } from "./explain.js";

/** Models describe both directions, and mark the properties that only one of them has. */
export type Direction = "request" | "response";

const othersKeyword = { request: "readOnly", response: "writeOnly" } as const;

/**
 * The schema for values in this direction: properties that only the other direction has are not required. A `writeOnly`
 * property in a response is an error, because documents keep secrets in them. A request may contain `readOnly` properties,
 * because clients send back what they received and servers ignore them; they are marked, and reported as warnings.
 */
export function inDirection(schema: JsonObject, document: JsonObject, direction: Direction): JsonObject {
  const keyword = othersKeyword[direction];
  const hasMark = (property: Json, mark: string): boolean =>
    isObject(property) && partsOf(property, document, new Set()).some((part) => part[mark] === true);
  const isOthers = (property: Json) => hasMark(property, keyword);
  const { required, properties } = schema;
  const result = { ...schema };
  if (Array.isArray(required)) {
    const others = new Set(
      partsOf(schema, document, new Set()).flatMap((part) =>
        Object.entries(isObject(part["properties"]) ? part["properties"] : {}).flatMap(([name, property]) =>
          isOthers(property) ? [name] : [],
        ),
      ),
    );
    result["required"] = required.filter((name) => typeof name !== "string" || !others.has(name));
  }
  if (isObject(properties))
    result["properties"] = mapValues(properties, (property) => {
      const isSecret = direction === "response" && hasMark(property, "x-ms-secret");
      if (!isSecret && !isOthers(property)) return property;
      if (direction === "request")
        return isObject(property) ? { ...property, [marks.readOnly]: true } : property;
      return { not: {}, [isSecret ? marks.secret : marks.writeOnly]: true };
    });
  return result;
}

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
function partsOf(schema: JsonObject, document: JsonObject, seen: Set<JsonObject>): JsonObject[] {
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
