import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, type Path, referencePath, valueAt } from "../document/json.js";
import type { Found } from "./change.js";

/** A schema with its place and the document that its references are looked up in. */
export interface Located {
  readonly document: JsonObject;
  readonly schema: Json;
  readonly path: Path;
}

/** A keyword of a schema; several parts of an allOf may each have one of the same name. */
export interface Keyword extends Found {
  readonly name: string;
}

/**
 * A schema as it is compared: parts of an allOf put together, and ways to write the same thing made one.
 * `enum` stands for `const` too, `knownValues` for a list that other values may join, `nullable` for every form of null.
 */
export interface View {
  readonly keywords: Map<string, Keyword>;
  readonly properties: Map<string, Located>;
  readonly required: Map<string, Path>;
  readonly path: Path;
  /** Whether a reference is a part of it that stays closed. */
  isReference: boolean;
}

/** The references that a schema is, by itself or through allOf, directly and through others. */
export function referencesOf(located: Located, found = new Set<string>()): Set<string> {
  const { document, schema, path } = located;
  if (!isObject(schema)) return found;
  const reference = schema["$ref"];
  if (typeof reference === "string" && !found.has(reference)) {
    found.add(reference);
    const target = targetOf(document, reference);
    if (target !== undefined) referencesOf(target, found);
  }
  const nullable = nullableMember(schema);
  const members = Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
  for (const member of nullable === undefined ? members : [...members, nullable.value]) {
    referencesOf({ document, schema: member, path }, found);
  }
  return found;
}

/** Puts a schema together. References in `kept` stay closed: both sides have them, and models are compared on their own. */
export function viewOf(located: Located, kept: ReadonlySet<string>): View {
  const view: View = {
    keywords: new Map(),
    properties: new Map(),
    required: new Map(),
    path: located.path,
    isReference: false,
  };
  addTo(view, located, kept, new Set());
  return view;
}

function addTo(view: View, located: Located, kept: ReadonlySet<string>, opened: Set<string>): void {
  const { document, schema, path } = located;
  if (schema === false) putKeyword(view, "false", { value: false, path });
  if (!isObject(schema)) return;
  const inner = (value: Json, ...steps: Path): Located => ({
    document,
    schema: value,
    path: [...path, ...steps],
  });
  for (const [name, { value, path: steps }] of rewrite(schema)) {
    const found = { value, path: [...path, ...steps] };
    if (name === "$ref") addReference(view, document, String(value), kept, opened);
    else if (name === "allOf" && Array.isArray(value)) {
      for (const [index, member] of value.entries()) addTo(view, inner(member, name, index), kept, opened);
    } else if (name === "properties" && isObject(value)) {
      for (const [property, member] of Object.entries(value))
        putProperty(view, property, inner(member, name, property));
    } else if (name === "required" && Array.isArray(value)) {
      for (const [index, property] of value.entries())
        view.required.set(String(property), [...path, name, index]);
    } else putKeyword(view, name, found);
  }
  const nullable = nullableMember(schema);
  if (nullable !== undefined) addTo(view, inner(nullable.value, "anyOf", nullable.index), kept, opened);
}

function addReference(
  view: View,
  document: JsonObject,
  reference: string,
  kept: ReadonlySet<string>,
  opened: Set<string>,
): void {
  if (kept.has(reference)) view.isReference = true;
  if (kept.has(reference) || opened.has(reference)) return;
  opened.add(reference);
  const target = targetOf(document, reference);
  if (target === undefined || !isObject(target.schema)) return;
  // Its words and examples are told where the model itself is compared.
  const { description: _, title: __, examples: ___, externalDocs: ____, ...schema } = target.schema;
  addTo(view, { ...target, schema }, kept, opened);
}

function putKeyword(view: View, name: string, found: Found): void {
  let id = name;
  for (let count = 2; view.keywords.has(id); count++) {
    if (isDeepStrictEqual(view.keywords.get(id)?.value, found.value)) return;
    id = `${name} ${count}`;
  }
  view.keywords.set(id, { ...found, name });
}

function putProperty(view: View, name: string, property: Located): void {
  const earlier = view.properties.get(name);
  const schema = earlier === undefined ? property.schema : { allOf: [earlier.schema, property.schema] };
  view.properties.set(name, { ...property, schema });
}

/** Different ways to say the same, made one; each still with the place where it is written. */
function rewrite(schema: JsonObject): Map<string, Found> {
  const result = new Map<string, Found>();
  const put = (name: string, value: Json, ...path: Path) => result.set(name, { value, path });
  const { const: single, type, anyOf, ...others } = schema;
  const rest = withLimits(withoutNothing(others), type === "integer");
  for (const [name, value] of Object.entries(rest)) put(name, value, name);
  if (single !== undefined) put("enum", [single], "const");
  if (type !== undefined) {
    const types = Array.isArray(type) ? type : [type];
    const others = types.filter((each) => each !== "null");
    if (others.length > 0) put("type", others, "type");
    if (others.length < types.length) put("nullable", true, "type");
    const listed = rest["enum"];
    if (others.length < types.length && Array.isArray(listed)) {
      put(
        "enum",
        listed.filter((value) => value !== null),
        "enum",
      );
    }
  }
  const known = knownValues(schema);
  if (nullableMember(schema) !== undefined) put("nullable", true, "anyOf");
  else if (known !== undefined) put("knownValues", known, "anyOf", 0, "enum");
  // Callers see no difference between the two kinds of union.
  else if (anyOf !== undefined) put(rest["oneOf"] === undefined ? "oneOf" : "anyOf", anyOf, "anyOf");
  const extensible = rest["x-extensible-enum"];
  if (Array.isArray(extensible)) {
    result.delete("x-extensible-enum");
    put("knownValues", extensible, "x-extensible-enum");
  }
  return result;
}

/** Leaves out what says nothing: a pattern that every text matches, and flags that are off. */
function withoutNothing(schema: JsonObject): JsonObject {
  const saysNothing = ([name, value]: [string, Json]) =>
    name === "pattern" ? /^\^?\.\*\$?$/.test(String(value)) : value === false && flags.includes(name);
  return Object.fromEntries(Object.entries(schema).filter((entry) => !saysNothing(entry)));
}

const flags = ["uniqueItems", "readOnly", "writeOnly", "deprecated"];

/** The tighter of an inclusive and an exclusive limit, as one: `> 2` is a minimum. */
function withLimits(schema: JsonObject, isWhole: boolean): JsonObject {
  const limit = (name: "minimum" | "maximum", exclusive: string, sign: ">" | "<"): JsonObject => {
    const [inclusive, other] = [schema[name], schema[exclusive]];
    if (typeof other !== "number") return {};
    const isTighter =
      typeof inclusive !== "number" || (sign === ">" ? other >= inclusive : other <= inclusive);
    if (!isTighter) return {};
    if (!isWhole || !Number.isSafeInteger(other)) return { [name]: `${sign} ${other}` };
    return { [name]: sign === ">" ? other + 1 : other - 1 };
  };
  const { exclusiveMinimum: _, exclusiveMaximum: __, ...rest } = schema;
  return {
    ...rest,
    ...limit("minimum", "exclusiveMinimum", ">"),
    ...limit("maximum", "exclusiveMaximum", "<"),
  };
}

/** The list of `anyOf: [{ enum }, {}]` with x-ms-enum: known values beside which a server may send others. */
function knownValues(schema: JsonObject): Json[] | undefined {
  const { anyOf, "x-ms-enum": named } = schema;
  if (named === undefined || !Array.isArray(anyOf) || anyOf.length !== 2) return undefined;
  const [listed, open] = anyOf;
  const values = isObject(listed) ? listed["enum"] : undefined;
  const only = (member: Json | undefined, ...names: string[]) =>
    isObject(member) && Object.keys(member).every((name) => names.includes(name));
  const plain = only(listed, "enum", "type") && only(open, "type");
  return plain && Array.isArray(values) ? values : undefined;
}

/** X of `anyOf: [X, { type: "null" }]`. */
function nullableMember(schema: JsonObject): { value: Json; index: number } | undefined {
  const { anyOf } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return undefined;
  const isNull = (member: Json | undefined) =>
    isObject(member) && member["type"] === "null" && Object.keys(member).length === 1;
  const index = anyOf.findIndex((member) => !isNull(member));
  const value = anyOf[index];
  return value !== undefined && isNull(anyOf[1 - index]) ? { value, index } : undefined;
}

function targetOf(document: JsonObject, reference: string): Located | undefined {
  const path = referencePath(reference);
  const schema = path === undefined ? undefined : valueAt(document, path);
  return path === undefined || schema === undefined ? undefined : { document, schema, path };
}
