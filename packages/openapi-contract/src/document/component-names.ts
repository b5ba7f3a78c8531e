import { basename, extname } from "node:path";
import { isObject, type Json, type JsonObject, type Path, pointer, valueAt } from "./json.js";
import type { Place } from "./references.js";
import type { Kind } from "./structure.js";

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

/** What the components of a document are called there, and what they are called once it is in one piece. */
export class ComponentNames {
  readonly #names = new Map<string, Map<string, string>>();

  readonly isSwagger: boolean;

  constructor(document: JsonObject) {
    this.isSwagger = document["swagger"] !== undefined;
  }

  /** Undefined: OpenAPI has no components of this kind. */
  groupOf(kind: Kind): string | undefined {
    return (this.isSwagger ? swaggerGroups : groups)[kind];
  }

  container(group: string): Path {
    return this.isSwagger ? [group] : ["components", group];
  }

  referenceTo(group: string, name: string): string {
    return pointer([...this.container(group), name]);
  }

  get groups(): string[] {
    return [...this.#names.keys()];
  }

  /** The name that `name` has from now on. */
  renamed(group: string, name: string): string | undefined {
    return this.#names.get(group)?.get(name);
  }

  /** A document or operation that requires security schemes, by the names that they have from now on. */
  withSchemes(owner: JsonObject): JsonObject {
    const group = this.isSwagger ? "securityDefinitions" : "securitySchemes";
    const rename = (schemes: Json): Json =>
      isObject(schemes)
        ? Object.fromEntries(
            Object.entries(schemes).map(([name, value]) => [this.renamed(group, name) ?? name, value]),
          )
        : schemes;
    const { security, securityDefinitions } = owner;
    return {
      ...owner,
      ...(Array.isArray(security) ? { security: security.map(rename) } : {}),
      ...(securityDefinitions === undefined ? {} : { securityDefinitions: rename(securityDefinitions) }),
    };
  }

  /** A path of the document, with components called as they are from now on. */
  renamedPath(path: Path): Path {
    const depth = this.isSwagger ? 1 : 2;
    const group = String(path[depth - 1]);
    return path.map((part, at) => (at === depth ? (this.renamed(group, String(part)) ?? part) : part));
  }

  /**
   * Names the components of `document`, before anything refers to them. Tells of each new name, and yields every component
   * with its kind.
   */
  *name(
    document: JsonObject,
    tell: (path: Path, message: string) => void,
  ): Generator<{ kind: Kind; group: string; name: string; path: Path; value: Json }> {
    const kinds = kindsOf(this.isSwagger);
    for (const [, group] of kinds) {
      const path = this.container(group);
      const own = valueAt(document, path);
      const names = new Map<string, string>();
      this.#names.set(group, names);
      if (!isObject(own)) continue;
      const taken = new Set(Object.keys(own));
      for (const name of Object.keys(own)) {
        const legal = /^[A-Za-z0-9._-]+$/.test(name) ? name : freeName(name, taken);
        names.set(name, legal);
        if (legal !== name)
          tell([...path, name], `${name} is not a name that OpenAPI 3 allows; it is renamed ${legal}`);
      }
    }
    for (const [kind, group] of kinds) {
      const path = this.container(group);
      const own = valueAt(document, path);
      for (const [name, value] of Object.entries(isObject(own) ? own : {}))
        yield { kind, group, name: this.renamed(group, name) ?? name, path: [...path, name], value };
    }
  }

  /** The value of a discriminator is the name of a model, unless the document says another: that one stays. */
  keepValue(group: string, value: Json, original: string, name: string): Json {
    const isModel = group === "schemas" || group === "definitions";
    const isNamed = isObject(value) && ("properties" in value || "allOf" in value);
    if (!isModel || !isNamed || original === name || "x-ms-discriminator-value" in value) return value;
    return { ...value, "x-ms-discriminator-value": original };
  }

  /** A name that is free in `group`, for what comes from `place`. */
  take(group: string, place: Place): string {
    const names = this.#names.get(group) ?? new Map<string, string>();
    this.#names.set(group, names);
    const name = freeName(nameOf(place), new Set([...names.keys(), ...names.values()]));
    // No component of the document has a name with a space before it.
    names.set(` ${name}`, name);
    return name;
  }
}

function kindsOf(isSwagger: boolean): [Kind, string][] {
  const kinds: Kind[] = [
    "schema",
    "parameter",
    "response",
    "body",
    "header",
    "example",
    "link",
    "callback",
    "securityScheme",
  ];
  const found = kinds.flatMap((kind): [Kind, string][] => {
    const group = (isSwagger ? swaggerGroups : groups)[kind];
    return group === undefined ? [] : [[kind, group]];
  });
  return isSwagger ? [...found, ["securityScheme", "securityDefinitions"]] : found;
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
export function nameOf({ file, path }: Place): string {
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
