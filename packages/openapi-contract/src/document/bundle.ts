import { dirname, resolve } from "node:path";
import { ComponentNames, nameOf } from "./component-names.js";
import { Homes } from "./homes.js";
import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type OnWarning,
  objectAt,
  type Path,
  type Problem,
  pointer,
  SpecError,
  stringAt,
  valueAt,
} from "./json.js";
import { displayPath, loadObject } from "./load.js";
import { type Place, placeKey, References } from "./references.js";
import { type ConvertPart, type Kind, mapKind, mapParts } from "./structure.js";

export interface Bundled {
  /** The document, in which every `$ref` leads to a component. */
  readonly document: JsonObject;
  /** A problem of the bundled document, told of the place where the author wrote what is wrong. */
  locate(problem: Problem): Problem;
}

/**
 * Reads a document with all the files that it refers to and makes it one document whose references lead to components
 * only: what is referred to in any other place becomes a component. Names that OpenAPI 3 forbids are replaced. Throws
 * SpecError for references that lead to nothing and for what has not the form that its place asks for; if `isLenient`, that
 * is left out with a warning.
 */
export function bundle(spec: string, warn: OnWarning, isLenient = false): Bundled {
  return new Bundler(resolve(spec), isLenient, warn).run();
}

class Bundler {
  readonly #references: References;
  readonly #document: JsonObject;
  readonly #problems: Problem[] = [];
  readonly #names: ComponentNames;
  readonly #homes: Homes;
  /** Components that are nothing but a reference: they become what it leads to. */
  readonly #adopted = new Map<string, Place>();
  readonly #hoisted = new Map<string, [string, Json][]>();
  readonly #queue: {
    readonly group: string;
    readonly name: string;
    readonly kind: Kind;
    readonly place: Place;
  }[] = [];
  readonly #open = new Set<string>();
  /** Extensions of `paths` that hold a path item for others to refer to. */
  readonly #shared = new Set<string>();

  constructor(
    readonly root: string,
    readonly isLenient: boolean,
    readonly warn: OnWarning,
  ) {
    const document = loadObject(root, warn).value;
    this.#names = new ComponentNames(document);
    this.#homes = new Homes(root, this.#names);
    this.#references = new References(root, document, warn, (problem, isCircle) =>
      isCircle || isLenient ? warn(problem) : this.#problems.push(problem),
    );
    const place: Place = { file: root, path: [] };
    const whole = this.#spread(document, "document", place);
    const { components } = whole;
    this.#document = isObject(components)
      ? { ...whole, components: this.#spread(components, "components", { ...place, path: ["components"] }) }
      : whole;
    this.#references.replaceRoot(this.#document);
  }

  run(): Bundled {
    this.#adoptComponents();
    const document = this.#parts(this.#document, "document", { file: this.root, path: [] });
    for (const { group, name, kind, place } of this.#queue) {
      // The queue grows while it is worked off.
      const value = this.#walk(
        valueAt(this.#references.valueOf(place.file), place.path) ?? null,
        kind,
        place,
      );
      const hoisted = this.#hoisted.get(group) ?? [];
      this.#hoisted.set(group, hoisted);
      hoisted.push([name, this.#names.keepValue(group, value ?? {}, nameOf(place), name)]);
    }
    if (this.#problems.length > 0) throw new SpecError(this.#problems);
    const whole = this.#withComponents(document);
    this.#homes.replaceIn(whole);
    return { document: whole, locate: (problem) => this.#homes.locate(problem) };
  }

  /** Names the components of the root document, and finds those that only stand for something elsewhere. */
  #adoptComponents(): void {
    const tell = (path: Path, message: string) => this.#tell({ file: this.root, path }, message);
    for (const { kind, group, name, path, value } of this.#names.name(this.#document, tell)) {
      const place: Place = { file: this.root, path };
      const target = this.#adoptable(value, kind, place);
      if (target === undefined || this.#homes.of(target, kind) !== undefined) continue;
      this.#homes.add(target, kind, this.#names.referenceTo(group, name));
      this.#adopted.set(placeKey(place, kind), target);
    }
  }

  /** What a component stands for that is only a reference to something that is no component. */
  #adoptable(value: Json, kind: Kind, place: Place): Place | undefined {
    const reference = isObject(value) ? stringAt(value, "$ref") : undefined;
    if (reference === undefined || !isObject(value) || Object.keys(value).length > 1) return undefined;
    const target = this.#references.find(reference, place, kind, false);
    return target === undefined || this.#componentName(target, kind) !== undefined ? undefined : target;
  }

  /** The name here of a place that is a component of the root document of this kind. */
  #componentName({ file, path }: Place, kind: Kind): string | undefined {
    const group = this.#names.groupOf(kind);
    if (group === undefined || file !== this.root) return undefined;
    const container = this.#names.container(group);
    const isInside = path.length === container.length + 1 && container.every((part, at) => path[at] === part);
    return isInside ? this.#names.renamed(group, String(path.at(-1))) : undefined;
  }

  #walk(value: Json, kind: Kind, place: Place): Json | undefined {
    if (kind === "schema" && typeof value === "boolean") return value;
    // Swagger 2.0 has only data there.
    if (kind === "example" && this.#names.isSwagger) return value;
    if (value === null && place.path.length > 0) {
      this.#tell(place, `is empty; it is ${kind === "schema" ? "read as any value" : "left out"}`);
      return kind === "schema" ? {} : undefined;
    }
    if (!isObject(value)) return this.#misshapen(value, kind, place);
    if (value["$ref"] !== undefined && kind !== "document") {
      const adopted = this.#adopted.get(placeKey(place, kind));
      if (adopted !== undefined) return this.#inside(adopted, kind, {});
      return this.#followed(value, kind, place);
    }
    return this.#parts(kind === "schema" ? this.#plainSchema(value, place) : value, kind, place);
  }

  /** What is not an object although its place asks for one. */
  #misshapen(value: Json, kind: Kind, place: Place): Json | undefined {
    const found = Array.isArray(value) ? "a list" : JSON.stringify(value);
    if (kind === "paths" && Array.isArray(value) && value.length === 0) return {};
    if (kind === "example") {
      this.#tell(place, "expected an object; it is read as the value of the example");
      return { value };
    }
    if (kind === "link" || (kind === "pathItem" && !String(place.path.at(-1)).startsWith("/")))
      this.#tell(place, `expected an object, got ${found}; it is left out`);
    else this.#fail(place, `expected an object, got ${found}`);
    return undefined;
  }

  #parts(value: JsonObject, kind: Kind, place: Place): JsonObject {
    const convert: ConvertPart = (part, inner, path) => this.#walk(part, inner, { file: place.file, path });
    const misshapen = (path: Path, expected: string) =>
      this.#fail({ file: place.file, path }, `expected ${expected}`);
    const parts = mapParts(this.#spread(value, kind, place), kind, convert, place.path, misshapen);
    if (kind === "operation" || kind === "document") return this.#operation(parts, place);
    return kind === "schema" ? this.#mapping(parts, place) : parts;
  }

  /**
   * Documents put maps into files of their own (`schemas: { $ref: schemas.yaml }`), which no format allows and what it
   * means is clear: each member is a reference then.
   */
  #spread(value: JsonObject, kind: Kind, place: Place): JsonObject {
    return mapValues(value, (member, name) => {
      const inner = mapKind(kind, name);
      const reference = isObject(member) && inner !== undefined ? member["$ref"] : undefined;
      if (typeof reference !== "string" || inner === undefined) return member;
      const target = this.#references.find(reference, { ...place, path: [...place.path, name] }, inner, true);
      const found = target && valueAt(this.#references.valueOf(target.file), target.path);
      if (target === undefined || !isObject(found)) return {};
      const to = (key: string) => ({ $ref: `${target.file}${pointer([...target.path, key])}` });
      return mapValues(found, (each, key) => (key.startsWith("x-") ? each : to(key)));
    });
  }

  /** Schemes are named, not referred to; examples in files of their own are read later. */
  #operation(operation: JsonObject, { file }: Place): JsonObject {
    const result = this.#names.withSchemes(operation);
    if (file === this.root || !isObject(result["x-ms-examples"])) return result;
    const examples = mapValues(result["x-ms-examples"], (example) => {
      const reference = isObject(example) ? stringAt(example, "$ref") : undefined;
      return reference === undefined ? example : { $ref: resolve(dirname(file), reference) };
    });
    return { ...result, "x-ms-examples": examples };
  }

  /** A schema without what only gives names to places: every reference leads to a component now. */
  #plainSchema(schema: JsonObject, place: Place): JsonObject {
    const { $id: _id, $anchor: _anchor, $dynamicAnchor: _dynamic, $defs: _defs, ...rest } = schema;
    const { $dynamicRef, ...kept } = rest;
    if (typeof $dynamicRef !== "string") return kept;
    this.#tell(place, `$dynamicRef is read as $ref: ${$dynamicRef} leads to one place only`);
    return this.#followed({ ...kept, $ref: $dynamicRef }, "schema", place);
  }

  #mapping(schema: JsonObject, place: Place): JsonObject {
    const { discriminator } = schema;
    if (!isObject(discriminator) || !isObject(discriminator["mapping"])) return schema;
    const mapping = mapValues(discriminator["mapping"], (target) => {
      if (typeof target !== "string") return target;
      const byName = `#/components/schemas/${target}`;
      const isName =
        /^[^#/]+$/.test(target) && this.#references.find(byName, place, "schema", false) !== undefined;
      const reference = isName ? byName : target;
      if (this.#references.find(reference, place, "schema", false) === undefined) return target;
      return this.#home(reference, "schema", place) ?? target;
    });
    return { ...schema, discriminator: { ...discriminator, mapping } };
  }

  #followed(value: JsonObject, kind: Kind, place: Place): JsonObject {
    const { $ref, ...beside } = value;
    if (typeof $ref !== "string") {
      this.#fail({ ...place, path: [...place.path, "$ref"] }, "expected a text");
      return value;
    }
    const own = this.#parts(kind === "schema" ? this.#plainSchema(beside, place) : beside, kind, place);
    if (this.#names.groupOf(kind) !== undefined) {
      const home = this.#home($ref, kind, place);
      return home === undefined ? own : { $ref: home, ...own };
    }
    const target = this.#references.find($ref, place, kind, true);
    return target === undefined ? own : this.#inside(target, kind, own);
  }

  /** What stands at `place`, for use in another place. */
  #inside(place: Place, kind: Kind, own: JsonObject): JsonObject {
    const key = placeKey(place, kind);
    if (this.#open.has(key)) {
      this.#fail(place, "contains itself, so that it has no end; refer to it from one place only");
      return own;
    }
    this.#open.add(key);
    if (place.file === this.root && place.path[0] === "paths") this.#shared.add(String(place.path[1]));
    const value = this.#walk(valueAt(this.#references.valueOf(place.file), place.path) ?? null, kind, place);
    this.#open.delete(key);
    return isObject(value) ? { ...value, ...own } : own;
  }

  /** The component that `reference` leads to; what it leads to becomes one if it is none. */
  #home(reference: string, kind: Kind, from: Place): string | undefined {
    const group = this.#names.groupOf(kind);
    const target = this.#references.find(reference, from, kind, true);
    if (target === undefined || group === undefined) return undefined;
    const name = this.#componentName(target, kind);
    if (name !== undefined) return this.#names.referenceTo(group, name);
    return this.#homes.of(target, kind) ?? this.#hoist(target, kind, group);
  }

  #hoist(place: Place, kind: Kind, group: string): string {
    const name = this.#names.take(group, place);
    const reference = this.#names.referenceTo(group, name);
    this.#homes.add(place, kind, reference);
    this.#queue.push({ group, name, kind, place });
    // Nothing refers to the subtypes of a base in another file, and yet they are what the base stands for.
    const subtypes = kind === "schema" && place.file !== this.root ? this.#references.subtypes(place) : [];
    for (const subtype of subtypes) this.#home(pointer(subtype.path), "schema", subtype);
    return reference;
  }

  #withComponents(document: JsonObject): JsonObject {
    const result = { ...document };
    if (isObject(result["paths"]))
      result["paths"] = Object.fromEntries(
        Object.entries(result["paths"]).filter(([name]) => !name.startsWith("x-") || !this.#shared.has(name)),
      );
    // Path items stand in their place now.
    const { pathItems: _, mediaTypes: __, ...components } = objectAt(result, "components");
    const holder = this.#names.isSwagger ? result : components;
    for (const group of new Set([...this.#names.groups, ...this.#hoisted.keys()])) {
      const own = Object.entries(objectAt(holder, group)).map(([original, value]) => {
        const name = this.#names.renamed(group, original) ?? original;
        return [name, this.#names.keepValue(group, value, original, name)];
      });
      const all = { ...Object.fromEntries(own), ...Object.fromEntries(this.#hoisted.get(group) ?? []) };
      if (Object.keys(all).length > 0) holder[group] = all;
    }
    if (!this.#names.isSwagger && (Object.keys(components).length > 0 || result["components"] !== undefined))
      result["components"] = components;
    return result;
  }

  #tell(place: Place, message: string): void {
    this.warn({ file: displayPath(place.file), pointer: pointer(place.path), message });
  }

  #fail(place: Place, message: string): void {
    if (this.isLenient) this.#tell(place, `${message}; it is left out`);
    else this.#problems.push({ file: displayPath(place.file), pointer: pointer(place.path), message });
  }
}
