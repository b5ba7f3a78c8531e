import { isObject, type Json } from "./json.js";

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
