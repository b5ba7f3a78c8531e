/** JSON data and the few questions that code reading specification documents asks of it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object below `name`, or an empty one: absent and empty mean the same to every reader here. */
export function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = memberAt(parent, name);
  return isObject(value) ? value : {};
}

export function arrayAt(parent: JsonObject, name: string): Json[] {
  const value = memberAt(parent, name);
  return Array.isArray(value) ? value : [];
}

export function stringAt(parent: JsonObject, name: string): string | undefined {
  const value = memberAt(parent, name);
  return typeof value === "string" ? value : undefined;
}

/** Names come from documents of anybody: `constructor` is no member of an object that does not say so. */
function memberAt(parent: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(parent, name) ? parent[name] : undefined;
}

/** The members of `source` that have one of `names`, in the order of `names`. */
export function pick(source: JsonObject, names: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const name of names) {
    const value = source[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** The specification extensions (`x-…`) of `source`. */
export function extensions(source: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(source).filter(([name]) => name.startsWith("x-")));
}

export function mapValues(source: JsonObject, convert: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(Object.entries(source).map(([name, value]) => [name, convert(value, name)]));
}
