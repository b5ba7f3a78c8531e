import { resolveReference } from "../document/document.js";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type Path,
  referencePath,
  stringAt,
  valueAt,
} from "../document/json.js";
import { type KnownValues, openValues } from "./known-values.js";
import {
  anyObject,
  arrayOf,
  bytes,
  comment,
  emptyObject,
  intersectionOf,
  literal,
  type Member,
  never,
  nothing,
  type OpenEnums,
  objectOf,
  plain,
  present,
  step,
  type Type,
  text,
  unionOf,
  unknown,
} from "./type-text.js";
import type { Direction, Variants } from "./variants.js";

/** Where a schema stands. */
export interface Place {
  readonly direction: Direction;
  readonly indent: string;
  /** Whether it is part of an intersection: what says nothing there must not close or open the whole. */
  readonly isPart?: boolean;
  /** What the whole intersection describes: a part may require a property of another part. */
  readonly whole?: JsonObject;
  /** Inside of an object type the compiler looks at a type when it needs it, so a schema may lead back to itself. */
  readonly isLazy?: boolean;
}

/** The types of schemas. */
export class SchemaTypes {
  readonly #document: JsonObject;
  readonly #variants: Variants;
  readonly #openEnums: OpenEnums;
  /** Names of types that a type needs at once, by the name of that type; see `recursive-types`. */
  readonly uses = new Set<string>();
  /** Types that have an alias, by name. */
  readonly aliases: ReadonlyMap<string, string>;
  /** References to places that are no component, while they are followed. */
  readonly #following = new Set<string>();
  readonly #known: KnownValues;

  constructor(
    document: JsonObject,
    variants: Variants,
    {
      openEnums,
      known,
      aliases = new Map(),
    }: { openEnums: OpenEnums; known: KnownValues; aliases?: ReadonlyMap<string, string> },
  ) {
    this.#document = document;
    this.#variants = variants;
    this.#openEnums = openEnums;
    this.#known = known;
    this.aliases = aliases;
  }

  of(schema: Json | undefined, place: Place): Type {
    if (schema === undefined || schema === true) return unknown;
    if (!isObject(schema)) return schema === false ? never : unknown;
    const whole = place.whole ?? schema;
    const type = this.#listed(schema) ?? this.#composed(schema, { ...place, whole });
    return schema["nullable"] === true && type !== unknown ? this.#union([type, nothing]) : type;
  }

  #union(types: readonly Type[]): Type {
    return unionOf(types, this.#openEnums);
  }

  /** The type of a schema that lists its values. */
  #listed(schema: JsonObject): Type | undefined {
    if (schema["const"] !== undefined) return literal(schema["const"]);
    const open = openValues(schema);
    const values = open ?? schema["enum"];
    if (!Array.isArray(values)) return undefined;
    const canBeNull = arrayAt(schema, "type").includes("null") || values.includes(null);
    const literals = values.filter((value) => value !== null).map(literal);
    const others = canBeNull ? [nothing] : [];
    if (open === undefined) return this.#union([...literals, ...others]);
    const beyond = open.some((value) => typeof value === "string") ? text : plain("number");
    if (this.#openEnums === "plain") this.#known.add(schema, open);
    return this.#union([...literals, beyond, ...others]);
  }

  #composed(schema: JsonObject, place: Place): Type {
    const groups = ["allOf", "anyOf", "oneOf"].filter((keyword) => arrayAt(schema, keyword).length > 0);
    const reference = stringAt(schema, "$ref");
    const isAlone = groups.length === 0 && reference === undefined && place.isPart !== true;
    const inside: Place = isAlone ? place : { ...place, isPart: true };
    const parts: Type[] = reference === undefined ? [] : [this.#reference(reference, place)];
    const own = this.#own(schema, inside);
    if (own !== undefined) parts.push(own);
    for (const part of arrayAt(schema, "allOf")) parts.push(this.of(part, inside));
    for (const keyword of ["anyOf", "oneOf"]) {
      if (groups.includes(keyword)) parts.push(this.#alternatives(schema, keyword, inside));
    }
    const required = this.#requiredElsewhere(schema, place);
    if (required !== undefined) parts.push(required);
    if (parts.length === 0) return unknown;
    return intersectionOf(parts);
  }

  #alternatives(schema: JsonObject, keyword: string, place: Place): Type {
    const discriminator = objectAt(schema, "discriminator");
    const property = stringAt(discriminator, "propertyName");
    const isOnly = schema["type"] === undefined && stringAt(schema, "$ref") === undefined;
    const members = arrayAt(schema, keyword).map((part) => {
      // What stands for itself may be closed or open; beside other parts it may not.
      const type = this.of(
        part,
        isOnly && schema["allOf"] === undefined ? { ...place, isPart: false } : place,
      );
      if (property === undefined || !isObject(part)) return type;
      const values = this.#discriminating(discriminator, property, part);
      if (values.length === 0) return type;
      const told = objectOf([{ name: property, type: unionOf(values.map(literal)) }], place.indent);
      return intersectionOf([told, type]);
    });
    return this.#union(members);
  }

  /** The values that tell `part` from the other members of a union, unless its own schema says them. */
  #discriminating(discriminator: JsonObject, property: string, part: JsonObject): string[] {
    const reference = stringAt(part, "$ref");
    if (reference === undefined) return [];
    const declared = this.#property(part, property);
    if (declared !== undefined && (declared["const"] !== undefined || Array.isArray(declared["enum"])))
      return [];
    // A union tells its members apart itself.
    const target = resolveReference(this.#document, part);
    if (declared === undefined && (target["oneOf"] !== undefined || target["anyOf"] !== undefined)) return [];
    const name = referencePath(reference)?.at(-1) ?? reference;
    const mapped = Object.entries(objectAt(discriminator, "mapping")).flatMap(([value, to]) =>
      to === reference || to === name ? [value] : [],
    );
    return mapped.length > 0 ? mapped : [name];
  }

  /** The type that the schema gives by itself, without what it refers to and what it is composed of. */
  #own(schema: JsonObject, place: Place): Type | undefined {
    const named = [schema["type"] ?? []].flat().map(String);
    const types = named.length > 0 ? named : impliedTypes(schema);
    const own = types.map((type) => this.#typed(type, schema, place));
    const found = own.filter((type) => type !== undefined);
    return found.length === 0 ? undefined : this.#union(found);
  }

  #typed(type: string, schema: JsonObject, place: Place): Type | undefined {
    if (type === "object") return this.#object(schema, place);
    if (type === "array") return this.#array(schema, place);
    if (type === "string" || type === "file") return isBinary(schema) || type === "file" ? bytes : text;
    if (type === "number" || type === "integer") return plain("number");
    if (type === "boolean" || type === "null") return plain(type);
    return unknown;
  }

  #array(schema: JsonObject, place: Place): Type {
    const inside: Place = { direction: place.direction, indent: place.indent, isLazy: place.isLazy ?? false };
    const prefix = arrayAt(schema, "prefixItems");
    const { items, minItems, maxItems } = schema;
    if (prefix.length === 0) return arrayOf(this.of(items, inside));
    const least = typeof minItems === "number" ? minItems : prefix.length;
    const first = prefix.map((item, index) => {
      const type = this.of(item, inside);
      return index < least
        ? type.text
        : `${type.union || type.isIntersection ? `(${type.text})` : type.text}?`;
    });
    const isClosed = items === false || (typeof maxItems === "number" && maxItems <= prefix.length);
    const rest = isClosed ? [] : [`...${arrayOf(this.of(items, inside)).text}`];
    return plain(`[${[...first, ...rest].join(", ")}]`);
  }

  #object(schema: JsonObject, place: Place): Type | undefined {
    const { direction, indent } = place;
    const within: Place = { direction, indent: indent + step, isLazy: true };
    const required = arrayAt(schema, "required");
    const members = Object.entries(objectAt(schema, "properties")).flatMap(([name, property]): Member[] => {
      if (this.#variants.isLeftOut(property, direction)) return [];
      const isReadOnly = isObject(property) && property["readOnly"] === true;
      return [
        {
          name,
          type: this.of(property, within),
          optional: !required.includes(name),
          readonly: isReadOnly,
          doc: comment(property, within.indent),
        },
      ];
    });
    const extra = this.#extra(schema, members, within, place.isPart === true);
    if (members.length > 0 || extra !== undefined) return objectOf(members, indent, extra);
    // Whatever was left out was all there is.
    const isDescribed = Object.keys(objectAt(schema, "properties")).length > 0;
    if (place.isPart === true) return undefined;
    return schema["additionalProperties"] === false || isDescribed ? emptyObject : anyObject(indent);
  }

  /** The type of further properties, wide enough for the declared ones: an index signature speaks of all. */
  #extra(schema: JsonObject, members: readonly Member[], place: Place, isPart: boolean): Type | undefined {
    const { additionalProperties } = schema;
    const patterns = Object.values(objectAt(schema, "patternProperties"));
    const isSaid = additionalProperties !== undefined && additionalProperties !== false;
    if (!isSaid && patterns.length === 0) return undefined;
    if (additionalProperties === true && isPart && members.length === 0) return undefined;
    const types = [...(isSaid ? [additionalProperties] : []), ...patterns].map((each) =>
      this.of(each, place),
    );
    if (members.length === 0) return this.#union(types);
    const declared = members.map(({ type }) => type);
    const absent = members.some(({ optional }) => optional) ? [plain("undefined")] : [];
    return this.#union([...types, ...declared, ...absent]);
  }

  /** Properties that are required here and declared in another part, or nowhere. */
  #requiredElsewhere(schema: JsonObject, { direction, indent, whole }: Place): Type | undefined {
    const own = objectAt(schema, "properties");
    const names = arrayAt(schema, "required")
      .map(String)
      .filter((name) => !Object.hasOwn(own, name));
    const members = names.flatMap((name): Member[] => {
      const declared = this.#property(whole ?? schema, name);
      return declared !== undefined && this.#variants.isLeftOut(declared, direction)
        ? []
        : [{ name, type: declared === undefined ? unknown : present }];
    });
    return members.length === 0 ? undefined : objectOf(members, indent);
  }

  /** The schema of the property `name`, wherever `schema` has it from. */
  #property(schema: Json, name: string, seen = new Set<Json>()): JsonObject | undefined {
    if (!isObject(schema) || seen.has(schema)) return undefined;
    seen.add(schema);
    const own = objectAt(schema, "properties")[name];
    if (isObject(own)) return own;
    const parts = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => arrayAt(schema, keyword));
    const target = stringAt(schema, "$ref") === undefined ? [] : [resolveReference(this.#document, schema)];
    for (const part of [...target, ...parts]) {
      const found = this.#property(part, name, seen);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #reference(reference: string, place: Place): Type {
    const path = referencePath(reference) ?? [];
    const [root, group, name, ...rest] = path;
    if (root === "components" && group === "schemas" && name !== undefined && rest.length === 0)
      return this.named(this.#variants.nameOf(name, place.direction), place.isLazy === true);
    return this.#inlined(path, reference, place);
  }

  /** The type of a component by its name. */
  named(name: string, isLazy: boolean): Type {
    if (!isLazy) this.uses.add(name);
    return plain(this.aliases.get(name) ?? `components["schemas"][${JSON.stringify(name)}]`);
  }

  /** What is no component has no name to go by. */
  #inlined(path: Path, reference: string, place: Place): Type {
    if (this.#following.has(reference)) return unknown;
    this.#following.add(reference);
    const { whole: _, isPart: _part, ...outer } = place;
    const type = this.of(valueAt(this.#document, path), outer);
    this.#following.delete(reference);
    return type;
  }
}

/** Documents leave `type` out where the keywords beside it tell. */
function impliedTypes(schema: JsonObject): string[] {
  const has = (...names: readonly string[]) => names.some((name) => schema[name] !== undefined);
  if (has("properties", "additionalProperties", "patternProperties")) return ["object"];
  return has("items", "prefixItems") ? ["array"] : [];
}

function isBinary(schema: JsonObject): boolean {
  return schema["format"] === "binary";
}
