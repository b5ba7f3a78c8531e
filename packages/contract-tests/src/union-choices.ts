import { isObject, type Json, type JsonObject, resolveReference } from "@sf-image-store/scripts/spec";

/** How a union is told apart: by the value of one property, the references to what a value then may be. */
export interface Choices {
  readonly property: string;
  readonly targets: ReadonlyMap<string, readonly string[]>;
}

/**
 * The choices of a union of components: by its discriminator, else by a property that each of its members requires and
 * has constants for. Undefined when nothing tells its members apart.
 */
export function unionChoices(union: JsonObject, document: JsonObject): Choices | undefined {
  const { oneOf, anyOf } = union;
  // With both, a value has to fit one of each.
  if (oneOf !== undefined && anyOf !== undefined) return undefined;
  const parts = [oneOf ?? anyOf ?? []].flat();
  const references = parts.flatMap((part) =>
    isObject(part) && typeof part["$ref"] === "string" ? [part["$ref"]] : [],
  );
  if (parts.length < 2 || references.length < parts.length) return mapped(union, references, parts.length);
  return mapped(union, references, parts.length) ?? constant(references, document);
}

function mapped(union: JsonObject, references: readonly string[], count: number): Choices | undefined {
  const { discriminator } = union;
  const mapping = isObject(discriminator) ? discriminator["mapping"] : undefined;
  if (count === 0 || references.length < count || !isObject(discriminator) || !isObject(mapping))
    return undefined;
  const targets = new Map(Object.entries(mapping).map(([value, target]) => [value, [String(target)]]));
  const named = new Set([...targets.values()].flat());
  if (!references.every((reference) => named.has(reference))) return undefined;
  return { property: String(discriminator["propertyName"]), targets };
}

function constant(references: readonly string[], document: JsonObject): Choices | undefined {
  const members = references.map(($ref) => ({ $ref, schema: resolveReference(document, { $ref }) }));
  const [first] = members;
  const properties = isObject(first?.schema["properties"]) ? Object.keys(first.schema["properties"]) : [];
  for (const property of properties) {
    const targets = new Map<string, string[]>();
    for (const { $ref, schema } of members)
      for (const value of constants(schema, property))
        targets.set(value, [...(targets.get(value) ?? []), $ref]);
    const isTold = members.every(({ schema }) => constants(schema, property).length > 0);
    if (isTold && targets.size > 1) return { property, targets };
  }
  return undefined;
}

/** The texts that a member allows for a property it requires. */
function constants(schema: JsonObject, property: string): string[] {
  const { properties, required } = schema;
  const declared = isObject(properties) ? properties[property] : undefined;
  if (!isObject(declared) || !Array.isArray(required) || !required.includes(property)) return [];
  const listed: Json[] =
    declared["const"] === undefined ? [declared["enum"] ?? []].flat() : [declared["const"]];
  const texts = listed.filter((value) => typeof value === "string");
  return texts.length === listed.length ? texts : [];
}
