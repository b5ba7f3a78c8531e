import { arrayAt, isObject, type JsonObject, stringAt } from "../json.js";
import type { DiscriminatorMapping } from "./schema.js";

/**
 * Finds, for every definition with a discriminator, the definitions that extend it by allOf, directly or through
 * others, and the value each one goes by: its x-ms-discriminator-value, or its name as Swagger 2.0 has it.
 */
export function discriminatorMapping(definitions: JsonObject): DiscriminatorMapping {
  const parents = new Map<string, string[]>();
  for (const [name, schema] of Object.entries(definitions)) {
    if (!isObject(schema)) continue;
    const bases = arrayAt(schema, "allOf").flatMap((member) => {
      const reference = isObject(member) ? stringAt(member, "$ref") : undefined;
      return reference?.startsWith("#/definitions/") ? [reference.slice("#/definitions/".length)] : [];
    });
    parents.set(name, bases);
  }
  const extend = (name: string, base: string, seen = new Set<string>()): boolean => {
    if (seen.has(name)) return false;
    seen.add(name);
    return (parents.get(name) ?? []).some((parent) => parent === base || extend(parent, base, seen));
  };
  return (base) => {
    const subtypes = Object.entries(definitions).filter(([name]) => extend(name, base));
    if (subtypes.length === 0) return {};
    const entries = subtypes.map(([name, schema]) => {
      const value = isObject(schema) ? stringAt(schema, "x-ms-discriminator-value") : undefined;
      return [value ?? name, `#/components/schemas/${name}`];
    });
    return { mapping: Object.fromEntries(entries) };
  };
}
