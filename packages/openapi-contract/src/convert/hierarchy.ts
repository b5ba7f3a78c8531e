import { arrayAt, isObject, type Json, type JsonObject, objectAt, stringAt } from "../document/json.js";

export const schemasPrefix = "#/components/schemas/";

/** One of the types that a base stands for. */
export interface Member {
  readonly name: string;
  /** What the discriminator property holds in it. */
  readonly value: string;
  /** The base itself, or a type between it and others: its name stands for the union, so it needs another. */
  readonly isBase: boolean;
}

export interface Hierarchy {
  /** The property that tells the subtypes of `name` apart; a subtype has it from its base. */
  property(name: string): string | undefined;
  /** Everything that a value of the type `name` may be; empty for what is no base. */
  members(name: string): readonly Member[];
  isBase(name: string): boolean;
}

/** Reads who extends whom by `allOf`, below bases with a discriminator, from the schemas of a 3.1 document. */
export function readHierarchy(schemas: JsonObject): Hierarchy {
  const parents = new Map(Object.entries(schemas).map(([name, schema]) => [name, basesOf(schema)]));
  const children = new Map<string, string[]>();
  for (const [name, bases] of parents)
    for (const base of bases) children.set(base, [...(children.get(base) ?? []), name]);

  const property = (name: string, seen: ReadonlySet<string> = new Set()): string | undefined => {
    if (seen.has(name)) return undefined;
    const own = stringAt(objectAt(objectAt(schemas, name), "discriminator"), "propertyName");
    if (own !== undefined) return own;
    for (const parent of parents.get(name) ?? []) {
      const inherited = property(parent, new Set([...seen, name]));
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  };
  const isBase = (name: string) =>
    property(name) !== undefined && children.has(name) && !isPlainUnion(name, schemas, children);

  /** The values that mappings of the type or of what it extends give it, else the one it names, else its name. */
  const valuesOf = (name: string, union = name): string[] => {
    const mapped = [union, ...ancestors(name, parents)].flatMap((base) =>
      mappedValues(objectAt(schemas, base), name),
    );
    if (mapped.length > 0) return [...new Set(mapped)];
    const named = stringAt(objectAt(schemas, name), "x-ms-discriminator-value");
    return named !== undefined ? [named] : isBase(name) && isAbstract(name) ? [] : [name];
  };
  /**
   * Whether a type that others extend, and that has no value of its own, is only what they have in common. It is where
   * values are given to types of the hierarchy and this one has none, where it lists what it may be, and where its name
   * is no value of the property. Elsewhere both formats say that the name of a schema is its value.
   */
  const isAbstract = (name: string): boolean => {
    const family = relatives(name, parents, children);
    if ([...family].some((other) => givesValues(objectAt(schemas, other)))) return true;
    if (alternatives(objectAt(schemas, name)).length > 0) return true;
    const told = property(name) ?? "";
    return [...ancestors(name, parents)].some((other) => excludes(schemas, other, told, name));
  };
  const members = (name: string, seen: ReadonlySet<string> = new Set()): Member[] => {
    if (!isBase(name) || seen.has(name)) return [];
    const inside = new Set([...seen, name]);
    const told = property(name);
    const isTold = (parents.get(name) ?? []).every((parent) => (property(parent) ?? told) === told);
    const itself = isTold ? valuesOf(name).map((value) => ({ name, value, isBase: true })) : [];
    const below = (children.get(name) ?? []).flatMap((child) => {
      // A level that is told apart by a property of its own is one type here and a union in its place.
      if (property(child) === told && isBase(child)) return members(child, inside);
      return valuesOf(child).map((value) => ({ name: child, value, isBase: false }));
    });
    // A 3.x base may also list types that do not extend it.
    const listed = alternatives(objectAt(schemas, name)).filter((other) => !isBase(other));
    const beside = listed.flatMap((other) =>
      valuesOf(other, name).map((value) => ({ name: other, value, isBase: false })),
    );
    return unique([...itself, ...below, ...beside]);
  };
  return { property, members, isBase };
}

/** A union of types that do not extend it: what extends it is one of these types and more, and not a further one. */
function isPlainUnion(
  name: string,
  schemas: JsonObject,
  children: ReadonlyMap<string, readonly string[]>,
): boolean {
  const union = objectAt(schemas, name);
  const listed = alternatives(union);
  if (listed.length === 0 || union["properties"] !== undefined) return false;
  return !(children.get(name) ?? []).some(
    (child) => listed.includes(child) || mappedValues(union, child).length > 0,
  );
}

/** The components that `schema` extends. */
function basesOf(schema: unknown): string[] {
  const parts = typeof schema === "object" && schema !== null && "allOf" in schema ? schema.allOf : [];
  return (Array.isArray(parts) ? parts : []).flatMap((part) => componentName(part) ?? []);
}

/** The name of the component that an object with a `$ref` stands for. */
export function componentName(part: unknown): string | undefined {
  if (typeof part !== "object" || part === null || !("$ref" in part)) return undefined;
  const { $ref } = part;
  return typeof $ref === "string" && $ref.startsWith(schemasPrefix)
    ? $ref.slice(schemasPrefix.length)
    : undefined;
}

/** The values for which the discriminator of `union` names `name`, which may stand there with or without the path. */
export function mappedValues(union: JsonObject, name: string): string[] {
  const mapping = objectAt(objectAt(union, "discriminator"), "mapping");
  return Object.entries(mapping).flatMap(([value, target]) =>
    target === name || target === schemasPrefix + name ? [value] : [],
  );
}

function ancestors(name: string, parents: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set([name]);
  // A set is walked in the order of insertion, additions included.
  for (const current of found) for (const parent of parents.get(current) ?? []) found.add(parent);
  return found;
}

/** Everything that `name` extends, what else extends that, and so on: the hierarchy it is a part of. */
function relatives(
  name: string,
  parents: ReadonlyMap<string, readonly string[]>,
  children: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const found = ancestors(name, parents);
  for (const current of found) for (const child of children.get(current) ?? []) found.add(child);
  return found;
}

function givesValues(schema: JsonObject): boolean {
  const mapping = objectAt(objectAt(schema, "discriminator"), "mapping");
  return schema["x-ms-discriminator-value"] !== undefined || Object.keys(mapping).length > 0;
}

/** Whether the schema `owner` lists values for `property`, and `value` is not among them. */
function excludes(schemas: JsonObject, owner: string, property: string, value: string): boolean {
  const declared = objectAt(objectAt(objectAt(schemas, owner), "properties"), property);
  const listed = arrayAt(objectAt(schemas, componentName(declared) ?? ""), "enum").concat(
    arrayAt(declared, "enum"),
  );
  return listed.length > 0 && !listed.includes(value);
}

function unique(members: readonly Member[]): Member[] {
  return [...new Map(members.map((member) => [JSON.stringify(member), member])).values()];
}

/** Mappings that lead to nothing, by base. */
export function danglingMappings(schemas: JsonObject): { base: string; value: string; target: string }[] {
  return Object.entries(schemas).flatMap(([base, schema]) => {
    if (!isObject(schema)) return [];
    const mapping = objectAt(objectAt(schema, "discriminator"), "mapping");
    return Object.entries(mapping).flatMap(([value, target]) => {
      const text = String(target);
      const name = text.startsWith(schemasPrefix) ? text.slice(schemasPrefix.length) : text;
      return Object.hasOwn(schemas, name) ? [] : [{ base, value, target: text }];
    });
  });
}

/** The parts of `schema` that are unions of components. */
export function alternatives(schema: JsonObject): string[] {
  return [...arrayAt(schema, "oneOf"), ...arrayAt(schema, "anyOf")].flatMap(
    (part) => componentName(part) ?? [],
  );
}

/** The constants that subtypes have in their discriminator properties, collected union by union. */
export class Pins {
  readonly #values = new Map<string, Map<string, Set<string>>>();

  add(component: string, property: string, value: string): void {
    const properties = this.#values.get(component) ?? new Map<string, Set<string>>();
    this.#values.set(component, properties);
    properties.set(property, (properties.get(property) ?? new Set()).add(value));
  }

  /** `schema` with its constants. They are required: without them nobody could tell what a value is. */
  apply(component: string, schema: JsonObject): JsonObject {
    const pinned = this.#values.get(component);
    if (pinned === undefined || "oneOf" in schema || "anyOf" in schema) return schema;
    // Beside a reference a property would go unread by those who follow it.
    const { $ref, ...rest } = schema;
    const object: JsonObject = $ref === undefined ? schema : { ...rest, allOf: [{ $ref }] };
    const properties = { ...objectAt(object, "properties") };
    const required = new Set(arrayAt(object, "required"));
    for (const [name, values] of pinned) {
      properties[name] = constant(properties[name], [...values]);
      required.add(name);
    }
    return { type: "object", ...object, properties, required: [...required] };
  }
}

/** What the schema said of the property before stays, but for what the constant says better. */
function constant(own: Json | undefined, values: readonly string[]): JsonObject {
  const [only, second] = values;
  const fixed: JsonObject = {
    type: "string",
    ...(second === undefined ? { const: only ?? "" } : { enum: [...values] }),
  };
  if (!isObject(own)) return fixed;
  const { $ref, enum: _enum, const: _const, anyOf: _anyOf, type: _type, "x-ms-enum": _open, ...kept } = own;
  return { ...kept, ...($ref === undefined ? {} : { allOf: [{ $ref }] }), ...fixed };
}
