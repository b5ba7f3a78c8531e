import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type OnWarning,
  objectAt,
  pick,
  pointer,
  SpecError,
  stringAt,
} from "../document/json.js";
import { mapInnerSchemas, mapSchemas } from "../document/schemas.js";
import {
  alternatives,
  componentName,
  danglingMappings,
  type Hierarchy,
  mappedValues,
  Pins,
  readHierarchy,
  schemasPrefix,
} from "./hierarchy.js";

/**
 * Makes every base with a discriminator the union of its subtypes, wherever it is referred to: types narrow by it and
 * checks follow it, which neither does for the inheritance that documents write. Base X becomes
 *
 *   X        oneOf its subtypes, all levels down, with discriminator and mapping
 *   XCommon  the properties all of them have, which their allOf refers to from now on
 *   XItself  only for a base that has a value of its own: what is just an X
 *
 * Each subtype says its value as a constant. A base that nobody extends stays what it is.
 */
export function expandDiscriminators(file: string, document: JsonObject, warn?: OnWarning): JsonObject {
  const components = objectAt(document, "components");
  const schemas = withoutDanglingMappings(file, objectAt(components, "schemas"), warn);
  const hierarchy = readHierarchy(schemas);
  const names = new Names(schemas, hierarchy);
  const pins = new Pins();
  const expanded: JsonObject = {};
  for (const [name, schema] of Object.entries(schemas)) {
    if (!isObject(schema)) expanded[name] = schema;
    else if (hierarchy.isBase(name)) Object.assign(expanded, baseParts(name, schema, hierarchy, names, pins));
    else expanded[name] = withMapping(rebased(schema, names), schemas, pins);
  }
  if (Object.keys(expanded).length === 0) return document;
  // Unions also occur in responses, properties and items.
  const inner = (schema: Json): Json =>
    isObject(schema) ? withMapping(mapInnerSchemas(schema, inner), schemas, pins) : schema;
  const mapped = mapSchemas({ ...document, components: { ...components, schemas: expanded } }, inner);
  const all = objectAt(mapped, "components");
  const pinned = mapValues(objectAt(all, "schemas"), (schema, name) =>
    isObject(schema) ? pins.apply(name, schema) : schema,
  );
  return { ...mapped, components: { ...all, schemas: pinned } };
}

/** The schemas, without what mappings say of types that do not exist. Throws SpecError for them if nothing can be told. */
function withoutDanglingMappings(file: string, schemas: JsonObject, warn?: OnWarning): JsonObject {
  const dangling = danglingMappings(schemas);
  const problems = dangling.map(({ base, value, target }) => ({
    file,
    pointer: pointer(["components", "schemas", base, "discriminator", "mapping", value]),
    message: `${target} points to nothing${warn === undefined ? "" : "; it is left out"}`,
  }));
  if (problems.length === 0) return schemas;
  if (warn === undefined) throw new SpecError(problems);
  for (const problem of problems) warn(problem);
  return mapValues(schemas, (schema, name) => {
    const lost = dangling.filter(({ base }) => base === name).map(({ value }) => value);
    if (lost.length === 0 || !isObject(schema)) return schema;
    const discriminator = objectAt(schema, "discriminator");
    const mapping = Object.fromEntries(
      Object.entries(objectAt(discriminator, "mapping")).filter(([value]) => !lost.includes(value)),
    );
    return { ...schema, discriminator: { ...discriminator, mapping } };
  });
}

/** Names for what a base falls into, none of them taken. */
class Names {
  readonly #names = new Map<string, string>();

  constructor(schemas: JsonObject, hierarchy: Hierarchy) {
    const taken = new Set(Object.keys(schemas));
    const free = (wanted: string): string => {
      let name = wanted;
      for (let number = 2; taken.has(name); number++) name = `${wanted}${number}`;
      taken.add(name);
      return name;
    };
    for (const base of Object.keys(schemas).filter((name) => hierarchy.isBase(name))) {
      this.#names.set(`common ${base}`, free(`${base}Common`));
      this.#names.set(`itself ${base}`, free(`${base}Itself`));
    }
  }

  common(base: string): string | undefined {
    return this.#names.get(`common ${base}`);
  }

  itself(base: string): string {
    return this.#names.get(`itself ${base}`) ?? base;
  }
}

/** The components that the base `name` falls into. */
function baseParts(
  name: string,
  schema: JsonObject,
  hierarchy: Hierarchy,
  names: Names,
  pins: Pins,
): JsonObject {
  const property = hierarchy.property(name) ?? "";
  const members = hierarchy.members(name).map(({ name: member, value, isBase }) => {
    const isUnion = !isBase && hierarchy.isBase(member);
    const component = isBase ? names.itself(member) : member;
    // A level with a discriminator of its own is a union: its value is a property that all of it has in common.
    pins.add(isUnion ? (names.common(member) ?? member) : component, property, value);
    return { component, value };
  });
  const common = names.common(name) ?? name;
  const { discriminator: _, ...own } = withoutAlternatives(rebased(schema, names));
  const { "x-ms-discriminator-value": value, title: _title, examples: _examples, ...shared } = own;
  const parts: JsonObject = {
    [name]: { ...pick(schema, shownOnUnion), ...union(property, members) },
    [common]: shared,
  };
  if (members.some(({ component }) => component === names.itself(name))) {
    parts[names.itself(name)] = {
      ...(value === undefined ? {} : { "x-ms-discriminator-value": value }),
      ...pick(schema, ["description"]),
      allOf: [{ $ref: schemasPrefix + common }],
    };
  }
  return parts;
}

/** Alternatives by name are in the union. Others restrict all that the base stands for. */
function withoutAlternatives(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(
      ([keyword, parts]) =>
        (keyword !== "oneOf" && keyword !== "anyOf") ||
        !Array.isArray(parts) ||
        parts.some((part) => componentName(part) === undefined),
    ),
  );
}

const shownOnUnion = ["title", "description", "examples", "externalDocs", "deprecated", "default"];

function union(property: string, members: readonly { component: string; value: string }[]): JsonObject {
  const components = [...new Set(members.map(({ component }) => component))];
  const parts = components.map((component) => ({ $ref: schemasPrefix + component }));
  // A value that stands for two types tells nothing apart. Each type still has it as a constant.
  const isAmbiguous = new Set(members.map(({ value }) => value)).size < members.length;
  if (isAmbiguous) return { anyOf: parts };
  const mapping = Object.fromEntries(
    members.map(({ component, value }) => [value, schemasPrefix + component]),
  );
  return { oneOf: parts, discriminator: { propertyName: property, mapping } };
}

/** `schema`, extending what its bases have in common instead of their unions. */
function rebased(schema: JsonObject, names: Names): JsonObject {
  if (schema["allOf"] === undefined) return schema;
  const part = (inner: Json): Json => {
    const base = componentName(inner);
    const common = base === undefined ? undefined : names.common(base);
    return isObject(inner) && common !== undefined ? { ...inner, $ref: schemasPrefix + common } : inner;
  };
  return { ...schema, allOf: arrayAt(schema, "allOf").map(part) };
}

/** A union that the document itself has: the mapping is completed, and its members say their values too. */
function withMapping(schema: JsonObject, schemas: JsonObject, pins: Pins): JsonObject {
  const discriminator = objectAt(schema, "discriminator");
  const property = stringAt(discriminator, "propertyName");
  const members = alternatives(schema);
  if (property === undefined || members.length === 0) return schema;
  const mapping: JsonObject = {};
  for (const member of members) {
    const mapped = mappedValues(schema, member);
    const values = mapped.length > 0 ? mapped : ownValues(objectAt(schemas, member), property, member);
    for (const value of values) {
      mapping[value] = schemasPrefix + member;
      pins.add(member, property, value);
    }
  }
  return { ...schema, discriminator: { ...discriminator, mapping } };
}

/** The values that a type lists for the property itself, else the one it names, else its name. */
function ownValues(schema: JsonObject, property: string, name: string): string[] {
  const declared = objectAt(objectAt(schema, "properties"), property);
  const listed = [declared["const"], ...arrayAt(declared, "enum")].filter(
    (value) => typeof value === "string",
  );
  if (listed.length > 0) return listed;
  return [stringAt(schema, "x-ms-discriminator-value") ?? name];
}
