import {
  isObject,
  type Json,
  type JsonObject,
  mapInnerSchemas,
  mapSchemas,
  mapValues,
  type Path,
  referencePath,
} from "../spec/index.js";

/**
 * Makes the `$defs` of schemas components of their own, and references follow. They are no part of a value, but types are
 * made of everything that stands in a schema.
 */
export function hoistDefinitions(document: JsonObject): JsonObject {
  const components = isObject(document["components"]) ? document["components"] : {};
  const schemas = isObject(components["schemas"]) ? components["schemas"] : {};
  const taken = new Set(Object.keys(schemas));
  const moved: { path: Path; name: string }[] = [];
  const hoisted: JsonObject = {};

  const visit = (schema: Json, path: Path): Json => {
    if (!isObject(schema)) return schema;
    const { $defs, ...rest } = mapInnerSchemas(schema, visit, path);
    for (const [wanted, definition] of Object.entries(isObject($defs) ? $defs : {})) {
      const name = freeName(wanted, taken);
      moved.push({ path: [...path, "$defs", wanted], name });
      hoisted[name] = definition;
    }
    return rest;
  };
  const stripped = mapSchemas(document, visit);
  if (moved.length === 0) return document;
  const own = isObject(stripped["components"]) ? stripped["components"] : {};
  const all = { ...(isObject(own["schemas"]) ? own["schemas"] : {}), ...hoisted };
  return redirected({ ...stripped, components: { ...own, schemas: all } }, moved);
}

function freeName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}${number}`;
  taken.add(name);
  return name;
}

function redirected(document: JsonObject, moved: readonly { path: Path; name: string }[]): JsonObject {
  const follow = (reference: string): string => {
    const parts = referencePath(reference) ?? [];
    const target = moved.findLast(({ path }) => path.every((part, index) => String(part) === parts[index]));
    if (target === undefined) return reference;
    const rest = reference.split("/").slice(target.path.length + 1);
    return ["#/components/schemas", target.name, ...rest].join("/");
  };
  const rewrite = (value: Json, name: string): Json => {
    if (Array.isArray(value)) return value.map((item) => rewrite(item, ""));
    if (isObject(value)) return mapValues(value, rewrite);
    return name === "$ref" && typeof value === "string" ? follow(value) : value;
  };
  return mapValues(document, rewrite);
}
