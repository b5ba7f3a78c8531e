import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  objectAt,
  pointer,
  stringAt,
} from "../document/json.js";
import { componentName, schemasPrefix } from "./hierarchy.js";

const parts = ["allOf", "anyOf", "oneOf"] as const;

/**
 * A copy of an OpenAPI 3.1 document in which no schema is made of itself without an item or a property between: no value
 * could be held to it. A type that is one of its own alternatives extends what they have in common; elsewhere the part that
 * leads back says nothing and is left out. Each change is told.
 */
export function withoutCircles(file: string, document: JsonObject, warn: OnWarning): JsonObject {
  const components = objectAt(document, "components");
  const schemas = { ...objectAt(components, "schemas") };
  const tell = (name: string, message: string) =>
    warn({ file, pointer: pointer(["components", "schemas", name]), message });
  const circular = Object.keys(schemas).filter((name) => reaches(schemas, name, name));
  if (circular.length === 0) return document;
  extendCommon(schemas, circular, tell);
  for (const name of circular) {
    if (!reaches(schemas, name, name)) continue;
    tell(name, "describes itself by itself; the parts that lead back are left out");
    schemas[name] = withoutBack(schemas[name] ?? {}, schemas, name);
  }
  return { ...document, components: { ...components, schemas } };
}

/** Lets a type that extends a union with itself in it extend what stands beside the alternatives of the union. */
function extendCommon(
  schemas: JsonObject,
  circular: readonly string[],
  tell: (name: string, message: string) => void,
): void {
  const commons = new Map<string, string>();
  const commonOf = (union: string): string => {
    const known = commons.get(union);
    if (known !== undefined) return known;
    let name = `${union}Common`;
    for (let number = 2; Object.hasOwn(schemas, name); number++) name = `${union}Common${number}`;
    const { oneOf: _, anyOf: __, discriminator: ___, ...common } = objectAt(schemas, union);
    schemas[name] = common;
    commons.set(union, name);
    return name;
  };
  for (const name of circular) {
    const schema = objectAt(schemas, name);
    const rebased = arrayAt(schema, "allOf").map((part): Json => {
      const base = componentName(part);
      if (base === undefined || base === name || !isObject(part)) return part;
      const alternatives = ["anyOf", "oneOf"].flatMap((keyword) => arrayAt(objectAt(schemas, base), keyword));
      if (!alternatives.some((each) => leadsTo(schemas, each, name))) return part;
      tell(
        name,
        `extends ${base}, of which it is an alternative; it extends what ${base} says beside its alternatives`,
      );
      return { ...part, $ref: schemasPrefix + commonOf(base) };
    });
    if (schema["allOf"] !== undefined) schemas[name] = { ...schema, allOf: rebased };
  }
}

function reaches(schemas: JsonObject, from: string, to: string): boolean {
  return leadsTo(schemas, schemas[from] ?? {}, to);
}

/** Whether `schema` is made of the component `name`, directly or through others. */
function leadsTo(schemas: JsonObject, schema: Json, name: string, seen = new Set<string>()): boolean {
  if (!isObject(schema)) return false;
  const base = componentName(schema);
  if (base === name) return true;
  if (base !== undefined && !seen.has(base)) {
    seen.add(base);
    if (leadsTo(schemas, schemas[base] ?? {}, name, seen)) return true;
  }
  return parts.some((keyword) => arrayAt(schema, keyword).some((part) => leadsTo(schemas, part, name, seen)));
}

function withoutBack(schema: Json, schemas: JsonObject, name: string): Json {
  if (!isObject(schema)) return schema;
  const result = { ...schema };
  if (stringAt(schema, "$ref") !== undefined && leadsTo(schemas, { $ref: schema["$ref"] ?? "" }, name))
    delete result["$ref"];
  for (const keyword of parts) {
    if (schema[keyword] === undefined) continue;
    const kept = arrayAt(schema, keyword).filter((part) => !leadsTo(schemas, part, name));
    if (kept.length === 0) delete result[keyword];
    else result[keyword] = kept;
  }
  return result;
}
