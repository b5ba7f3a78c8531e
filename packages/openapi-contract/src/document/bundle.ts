import { basename, dirname, extname, resolve } from "node:path";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type OnWarning,
  objectAt,
  type Path,
  type Problem,
  pointer,
  referencePath,
  SpecError,
  stringAt,
  valueAt,
} from "./json.js";
import { displayPath, loadObject } from "./load.js";
import { type Place, placeKey, References } from "./references.js";
import { type ConvertPart, type Kind, mapParts } from "./structure.js";

export interface Bundled {
  /** The document, in which every `$ref` leads to a component. */
  readonly document: JsonObject;
  /** A problem of the bundled document, told of the place where the author wrote what is wrong. */
  locate(problem: Problem): Problem;
}

/** Where components of a kind stand. What has no group there is put in its place instead of being referred to. */
const groups: Partial<Readonly<Record<Kind, string>>> = {
  schema: "schemas",
  parameter: "parameters",
  response: "responses",
  body: "requestBodies",
  header: "headers",
  example: "examples",
  link: "links",
  callback: "callbacks",
  securityScheme: "securitySchemes",
};
const swaggerGroups: Partial<Readonly<Record<Kind, string>>> = {
  schema: "definitions",
  parameter: "parameters",
  response: "responses",
};

/**
 * Reads a document with all the files that it refers to and makes it one document whose references lead to components
 * only: what is referred to in any other place becomes a component. Names that OpenAPI 3 forbids are replaced. Throws
 * SpecError for references that lead to nothing and for what has not the form that its place asks for.
 */
export function bundle(spec: string, warn: OnWarning): Bundled {
  return new Bundler(resolve(spec), warn).run();
}

class Bundler {
  readonly #references: References;
  readonly #document: JsonObject;
  readonly #isSwagger: boolean;
  readonly #problems: Problem[] = [];
  /** The names of components by group: what the document calls them, and what they are called here. */
  readonly #names = new Map<string, Map<string, string>>();
  /** What is a component here, by the place that it comes from. */
  readonly #homes = new Map<string, string>();
  /** Components that are nothing but a reference: they become what it leads to. */
  readonly #adopted = new Map<string, Place>();
  readonly #hoisted = new Map<string, JsonObject>();
  readonly #origins: { readonly pointer: string; readonly place: Place }[] = [];
  readonly #queue: {
    readonly group: string;
    readonly name: string;
    readonly kind: Kind;
    readonly place: Place;
  }[] = [];
  readonly #open = new Set<string>();
  /** Extensions of `paths` that hold a path item for others to refer to. */
  readonly #shared = new Set<string>();
  /** Schemas that became components. References replace them in what is around them. */
  readonly #moved: { readonly place: Place; readonly reference: string }[] = [];

  constructor(
    readonly root: string,
    readonly warn: OnWarning,
  ) {
    this.#document = loadObject(root, warn).value;
    this.#references = new References(root, this.#document, warn, (problem) => this.#problems.push(problem));
    this.#isSwagger = this.#document["swagger"] !== undefined;
  }

  run(): Bundled {
    this.#nameComponents();
    const document = this.#walk(this.#document, "document", { file: this.root, path: [] });
    if (!isObject(document)) throw new Error("a document is an object");
    for (const { group, name, kind, place } of this.#queue) {
      // The queue grows while it is worked off.
      const value = this.#walk(
        valueAt(this.#references.valueOf(place.file), place.path) ?? null,
        kind,
        place,
      );
      this.#hoisted.set(group, { ...this.#hoisted.get(group), [name]: value ?? {} });
    }
    if (this.#problems.length > 0) throw new SpecError(unique(this.#problems));
    const whole = this.#withComponents(document);
    this.#replaceMoved(whole);
    return { document: whole, locate: (problem) => this.#locate(problem) };
  }

  #groupOf(kind: Kind): string | undefined {
    return (this.#isSwagger ? swaggerGroups : groups)[kind];
  }

  #container(group: string): Path {
    return this.#isSwagger ? [group] : ["components", group];
  }

  #referenceTo(group: string, name: string): string {
    return pointer([...this.#container(group), name]);
  }

  /** Decides what the components of the root document are called, before anything refers to them. */
  #nameComponents(): void {
    const kinds: [string | undefined, Kind][] = Object.entries(this.#isSwagger ? swaggerGroups : groups).map(
      ([kind, group]) => [group, kindOf(kind)],
    );
    if (this.#isSwagger) kinds.push(["securityDefinitions", "securityScheme"]);
    for (const [group, kind] of kinds) {
      if (group === undefined) continue;
      const path = this.#container(group);
      const own = valueAt(this.#document, path);
      const names = new Map<string, string>();
      this.#names.set(group, names);
      if (!isObject(own)) continue;
      const taken = new Set(Object.keys(own));
      for (const [name, value] of Object.entries(own)) {
        const legal = this.#legalName(name, [...path, name], taken);
        names.set(name, legal);
        const place: Place = { file: this.root, path: [...path, name] };
        const target = this.#adoptable(value, kind, place);
        if (target === undefined || this.#homes.has(placeKey(target, kind))) continue;
        this.#homes.set(placeKey(target, kind), this.#referenceTo(group, legal));
        this.#adopted.set(placeKey(place, kind), target);
        if (kind === "schema")
          this.#moved.push({ place: target, reference: this.#referenceTo(group, legal) });
      }
    }
  }

  #legalName(name: string, path: Path, taken: Set<string>): string {
    if (/^[A-Za-z0-9._-]+$/.test(name)) return name;
    const legal = freeName(name, taken);
    const message = `${name} is not a name that OpenAPI 3 allows; it is renamed ${legal}`;
    this.warn({ file: displayPath(this.root), pointer: pointer(path), message });
    return legal;
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
    const group = this.#groupOf(kind);
    if (group === undefined || file !== this.root) return undefined;
    const container = this.#container(group);
    const isInside = path.length === container.length + 1 && container.every((part, at) => path[at] === part);
    return isInside ? this.#names.get(group)?.get(String(path.at(-1))) : undefined;
  }

  #walk(value: Json, kind: Kind, place: Place): Json | undefined {
    if (kind === "schema" && typeof value === "boolean") return value;
    if (value === null && place.path.length > 0) {
      this.#tell(place, "is empty; it is left out");
      return undefined;
    }
    if (!isObject(value)) {
      this.#fail(place, "expected an object");
      return undefined;
    }
    if (value["$ref"] !== undefined && kind !== "document" && kind !== "components") {
      const adopted = this.#adopted.get(placeKey(place, kind));
      if (adopted !== undefined) return this.#inside(adopted, kind, {});
      return this.#followed(value, kind, place);
    }
    return this.#parts(kind === "schema" ? this.#plainSchema(value, place) : value, kind, place);
  }

  #parts(value: JsonObject, kind: Kind, place: Place): JsonObject {
    const convert: ConvertPart = (part, inner, path) => this.#walk(part, inner, { file: place.file, path });
    const misshapen = (path: Path, expected: string) =>
      this.#fail({ file: place.file, path }, `expected ${expected}`);
    const parts = mapParts(value, kind, convert, place.path, misshapen);
    if (kind === "operation" || kind === "document") return this.#operation(parts, place);
    return kind === "schema" ? this.#mapping(parts, place) : parts;
  }

  /** Schemes are named, not referred to; examples in files of their own are read later. */
  #operation(operation: JsonObject, { file }: Place): JsonObject {
    const result = { ...operation };
    const names = this.#names.get(this.#isSwagger ? "securityDefinitions" : "securitySchemes");
    if (Array.isArray(result["security"])) {
      result["security"] = result["security"].map((requirement) =>
        isObject(requirement)
          ? Object.fromEntries(
              Object.entries(requirement).map(([name, scopes]) => [names?.get(name) ?? name, scopes]),
            )
          : requirement,
      );
    }
    if (this.#isSwagger && isObject(result["securityDefinitions"])) {
      result["securityDefinitions"] = Object.fromEntries(
        Object.entries(result["securityDefinitions"]).map(([name, scheme]) => [
          names?.get(name) ?? name,
          scheme,
        ]),
      );
    }
    if (file !== this.root && isObject(result["x-ms-examples"])) {
      result["x-ms-examples"] = mapValues(result["x-ms-examples"], (example) => {
        const reference = isObject(example) ? stringAt(example, "$ref") : undefined;
        return reference === undefined ? example : { $ref: resolve(dirname(file), reference) };
      });
    }
    return result;
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
    if (this.#groupOf(kind) !== undefined) {
      const home = this.#home($ref, kind, place);
      return home === undefined ? value : { $ref: home, ...own };
    }
    const target = this.#references.find($ref, place, kind, true);
    return target === undefined ? value : this.#inside(target, kind, own);
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
    const group = this.#groupOf(kind);
    const target = this.#references.find(reference, from, kind, true);
    if (target === undefined || group === undefined) return undefined;
    const name = this.#componentName(target, kind);
    if (name !== undefined) return this.#referenceTo(group, name);
    return this.#homes.get(placeKey(target, kind)) ?? this.#hoist(target, kind, group);
  }

  #hoist(place: Place, kind: Kind, group: string): string {
    const names = this.#names.get(group) ?? new Map<string, string>();
    this.#names.set(group, names);
    const name = freeName(nameOf(place), new Set([...names.keys(), ...names.values()]));
    names.set(` ${name}`, name);
    const reference = this.#referenceTo(group, name);
    this.#homes.set(placeKey(place, kind), reference);
    this.#queue.push({ group, name, kind, place });
    this.#origins.push({ pointer: reference, place });
    if (this.#isSwagger && kind === "schema")
      this.#origins.push({ pointer: pointer(["components", "schemas", name]), place });
    if (kind !== "schema") return reference;
    this.#moved.push({ place, reference });
    this.#hoistSubtypes(place);
    return reference;
  }

  /** Nothing refers to the subtypes of a base in another file, and yet they are what the base stands for. */
  #hoistSubtypes(base: Place): void {
    if (base.file === this.root) return;
    const siblings = valueAt(this.#references.valueOf(base.file), base.path.slice(0, -1));
    const schema = valueAt(this.#references.valueOf(base.file), base.path);
    if (!isObject(siblings) || !isObject(schema)) return;
    if (schema["discriminator"] === undefined && schema["x-ms-discriminator-value"] === undefined) return;
    for (const [name, sibling] of Object.entries(siblings)) {
      const place: Place = { file: base.file, path: [...base.path.slice(0, -1), name] };
      const extended = isObject(sibling) ? arrayAt(sibling, "allOf").filter(isObject) : [];
      const bases = extended.map((part) =>
        this.#references.find(stringAt(part, "$ref") ?? "#", place, "schema", false),
      );
      const isSubtype = bases.some(
        (each) => each !== undefined && placeKey(each, "schema") === placeKey(base, "schema"),
      );
      if (isSubtype) this.#home(pointer(place.path), "schema", place);
    }
  }

  #withComponents(document: JsonObject): JsonObject {
    const result = { ...document };
    if (isObject(result["paths"]))
      result["paths"] = Object.fromEntries(
        Object.entries(result["paths"]).filter(([name]) => !name.startsWith("x-") || !this.#shared.has(name)),
      );
    // Path items stand in their place now.
    const { pathItems: _, mediaTypes: __, ...components } = objectAt(result, "components");
    const holder = this.#isSwagger ? result : components;
    for (const group of new Set([...this.#names.keys(), ...this.#hoisted.keys()])) {
      const names = this.#names.get(group);
      const own = Object.entries(objectAt(holder, group)).map(([name, value]) => [
        names?.get(name) ?? name,
        value,
      ]);
      const all = { ...Object.fromEntries(own), ...this.#hoisted.get(group) };
      if (Object.keys(all).length > 0) holder[group] = all;
    }
    if (!this.#isSwagger && (Object.keys(components).length > 0 || result["components"] !== undefined))
      result["components"] = components;
    return result;
  }

  /** What is a component now stood inside of something else, in the root document or in a component taken from a file. */
  #replaceMoved(document: JsonObject): void {
    // The deepest first: what is around it may become a reference too.
    const moved = this.#moved.toSorted((a, b) => b.place.path.length - a.place.path.length);
    for (const { place, reference } of moved) {
      const { file, path } = place;
      for (let length = path.length - 1; length >= 0; length--) {
        const home = this.#homes.get(placeKey({ file, path: path.slice(0, length) }, "schema"));
        if (home === undefined) continue;
        const around = valueAt(document, referencePath(home) ?? []);
        if (isObject(around)) replaceAt(around, path.slice(length), { $ref: reference });
      }
      if (file === this.root) replaceAt(document, this.#renamed(path), { $ref: reference });
    }
  }

  /** A path of the root document, with components called as they are here. */
  #renamed(path: Path): Path {
    const depth = this.#isSwagger ? 1 : 2;
    const names = this.#names.get(String(path[depth - 1]));
    return path.map((part, at) => (at === depth ? (names?.get(String(part)) ?? part) : part));
  }

  #tell(place: Place, message: string): void {
    this.warn({ file: displayPath(place.file), pointer: pointer(place.path), message });
  }

  #fail(place: Place, message: string): void {
    this.#problems.push({ file: displayPath(place.file), pointer: pointer(place.path), message });
  }

  #locate(problem: Problem): Problem {
    if (problem.file !== displayPath(this.root)) return problem;
    const origin = this.#origins.find(
      (each) => problem.pointer === each.pointer || problem.pointer.startsWith(`${each.pointer}/`),
    );
    if (origin === undefined) return this.#isSwagger ? inSwagger(problem) : problem;
    const { file, path } = origin.place;
    const rest = problem.pointer.slice(origin.pointer.length);
    return { ...problem, file: displayPath(file), pointer: pointer(path) + rest };
  }
}

/** Definitions have another place in OpenAPI 3, which is where problems of the converted document are told of. */
function inSwagger(problem: Problem): Problem {
  const place = problem.pointer
    .replace(/^#\/components\/schemas\//, "#/definitions/")
    .replace(/^#\/components\/(parameters|responses)\//, "#/$1/");
  return { ...problem, pointer: place };
}

function kindOf(name: string): Kind {
  const found = Object.keys(groups).find((kind): kind is Kind => kind === name);
  return found ?? "schema";
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** Parts of a path that say nothing about what stands there. */
const plainParts = new Set([
  "components",
  "schemas",
  "definitions",
  "$defs",
  "properties",
  "paths",
  "parameters",
  "responses",
  "schema",
]);

/** The name that the author gave it, else one made of the way to it. */
function nameOf({ file, path }: Place): string {
  const [parent, last] = path.slice(-2);
  if (path.length === 0) return basename(file, extname(file));
  if (path.length === 1) return String(path[0]);
  if (
    ["schemas", "definitions", "$defs", "parameters", "responses"].includes(String(parent)) &&
    path.length <= 3
  )
    return String(last);
  const words = path.filter(
    (part, at) => !plainParts.has(String(part)) && part !== "content" && path[at - 1] !== "content",
  );
  return words
    .flatMap((word) => String(word).split(/[^A-Za-z0-9]+/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

function freeName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9._-]+/g, "_").replace(/(?<=.)_$/, "") || "_";
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}${number}`;
  taken.add(name);
  return name;
}

function replaceAt(document: JsonObject, path: Path, value: Json): void {
  const parent = valueAt(document, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || valueAt(document, path) === undefined) return;
  if (Array.isArray(parent)) parent[Number(last)] = value;
  else if (isObject(parent)) parent[last] = value;
}
