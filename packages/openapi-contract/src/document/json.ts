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

/** One thing wrong with an input: which file, where in it, and what. */
export interface Problem {
  readonly file: string;
  /** JSON pointer with a leading `#`; `line:column` text where the file could not even be parsed. */
  readonly pointer: string;
  readonly message: string;
}

/** An input document cannot be used. The message has one line per problem. */
export class SpecError extends Error {
  override readonly name = "SpecError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(problemLine).join("\n"), options);
    this.problems = problems;
  }
}

/** Called for everything in a document that is left out, changed, or read more loosely than it is written. */
export type OnWarning = (problem: Problem) => void;

export function problemLine({ file, pointer, message }: Problem): string {
  return `${file}${pointer}: ${message}`;
}

/** A place in a document: the names and indexes on the way to it from the root. */
export type Path = readonly (string | number)[];

/** RFC 6901 text of a path, with a leading `#` so that it reads as a fragment: `#/paths/~1a/get`. */
export function pointer(path: Path): string {
  return `#${path.map((part) => `/${escapePart(String(part))}`).join("")}`;
}

export function escapePart(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The parts of a local reference such as `#/definitions/FabricError`; undefined for anything else. */
export function referencePath(reference: string): string[] | undefined {
  if (reference === "#") return [];
  if (!reference.startsWith("#/")) return undefined;
  return reference
    .slice(2)
    .split("/")
    .map((part) => decode(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Text that is no percent-encoding stands for itself, and then leads to nothing. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function valueAt(root: Json, path: Path): Json | undefined {
  let value: Json | undefined = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isObject(value)) value = Object.hasOwn(value, part) ? value[part] : undefined;
    else return undefined;
  }
  return value;
}

/** Visits every object in `value`, parents first, with the way to it. */
export function walkObjects(
  value: Json,
  visit: (object: { [name: string]: Json }, path: Path) => void,
  path: Path = [],
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walkObjects(item, visit, [...path, index]);
  } else if (isObject(value)) {
    visit(value, path);
    for (const [name, member] of Object.entries(value)) walkObjects(member, visit, [...path, name]);
  }
}
