import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type Path,
  type Problem,
  pick,
  pointer,
} from "./json.js";
import { type ConvertPart, mapParts, schemaMembers } from "./structure.js";

/** What Swagger 2.0 and OpenAPI 3.0 schemas say alike and JSON Schema 2020-12 says in another way. */

/** Keywords of Swagger 2.0 and OpenAPI 3.0 that mean the same in JSON Schema 2020-12 and hold no schema. */
export const sameKeywords = [
  "title",
  "description",
  "default",
  "multipleOf",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
  "maxProperties",
  "minProperties",
  "required",
  "readOnly",
  "writeOnly",
  "deprecated",
  "xml",
  "externalDocs",
] as const;

/** In JSON Schema 2020-12 an exclusive limit is a number of its own, not a flag beside the limit. */
export function limits(schema: JsonObject): JsonObject {
  const limit = (
    name: "maximum" | "minimum",
    exclusive: "exclusiveMaximum" | "exclusiveMinimum",
  ): JsonObject => {
    const value = schema[name];
    if (value === undefined) return {};
    return schema[exclusive] === true ? { [exclusive]: value } : { [name]: value };
  };
  return { ...limit("minimum", "exclusiveMinimum"), ...limit("maximum", "exclusiveMaximum") };
}

/**
 * Documents leave `type: object` out of models; the properties tell. `binary` stays although 3.1 has other words for
 * bytes: it is what types are made from, and an unknown format restricts nothing.
 */
export function typeOf(schema: JsonObject): JsonObject {
  const named = pick(schema, ["type", "format"]);
  if (schema["type"] === undefined && schema["properties"] !== undefined) return { type: "object", ...named };
  return schema["format"] === "byte" ? { ...named, contentEncoding: "base64" } : named;
}

/** One example becomes a list of them. */
export function examplesOf(schema: JsonObject): JsonObject {
  return schema["example"] === undefined ? {} : { examples: [schema["example"]] };
}

/** `converted`, with null as a further value. */
export function nullable(converted: JsonObject): JsonObject {
  const { type } = converted;
  if (typeof type !== "string" || "anyOf" in converted || "oneOf" in converted || "allOf" in converted) {
    return { anyOf: [converted, { type: "null" }] };
  }
  const listed = converted["enum"];
  const withNull = Array.isArray(listed) && !listed.includes(null) ? { enum: [...listed, null] } : {};
  return { ...converted, type: [type, "null"], ...withNull };
}

/** A copy of a document with every outermost schema replaced by what `convert` makes of it. */
export function mapSchemas(document: JsonObject, convert: (schema: Json, path: Path) => Json): JsonObject {
  const visit: ConvertPart = (part, kind, path) => {
    if (kind === "schema") return convert(part, path);
    return isObject(part) ? mapParts(part, kind, visit, path) : part;
  };
  return mapParts(document, "document", visit, []);
}

/** A copy of `schema` with every schema directly inside it replaced by what `convert` makes of it. */
export function mapInnerSchemas(
  schema: JsonObject,
  convert: (inner: Json, path: Path, keyword: string) => Json,
  path: Path = [],
): JsonObject {
  return mapValues(schema, (value, keyword) => {
    const shape = Object.hasOwn(schemaMembers, keyword) ? schemaMembers[keyword] : undefined;
    const place = [...path, keyword];
    if (shape === "one") return convert(value, place, keyword);
    if (shape === "list" && Array.isArray(value))
      return value.map((inner, index) => convert(inner, [...place, index], keyword));
    if (shape === "map" && isObject(value))
      return mapValues(value, (inner, name) => convert(inner, [...place, name], keyword));
    return value;
  });
}

/** Keywords that restrict values and that no TypeScript type can say. Checks of examples and traffic follow them. */
const untyped = [
  "not",
  "if",
  "patternProperties",
  "propertyNames",
  "dependentRequired",
  "dependentSchemas",
  "unevaluatedProperties",
  "unevaluatedItems",
  "contains",
] as const;

/** Where an OpenAPI 3.1 document restricts values in a way that types do not: one problem for each such keyword. */
export function untypedKeywords(file: string, document: JsonObject): Problem[] {
  const places = new Map<string, Path[]>();
  const visit = (schema: Json, path: Path): Json => {
    if (!isObject(schema)) return schema;
    for (const keyword of untyped) {
      const value = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
      // These allow everything.
      if (value === undefined || (keyword.startsWith("unevaluated") && value === true)) continue;
      places.set(keyword, [...(places.get(keyword) ?? []), [...path, keyword]]);
    }
    return mapInnerSchemas(schema, visit, path);
  };
  mapSchemas(document, visit);
  return [...places].map(([keyword, paths]) => {
    const more = paths.length === 1 ? "" : ` (and at ${paths.length - 1} more places)`;
    const message = `types cannot say ${keyword}: they allow more than the document does${more}`;
    return { file, pointer: pointer(paths[0] ?? []), message };
  });
}
