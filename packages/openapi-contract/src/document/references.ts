import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  type Path,
  type Problem,
  pointer,
  problemLine,
  referencePath,
  stringAt,
  valueAt,
  walkObjects,
} from "./json.js";
import { displayPath, loadValue } from "./load.js";
import { type Kind, walkStructure } from "./structure.js";

/** A place in a file. */
export interface Place {
  /** Its absolute path. */
  readonly file: string;
  readonly path: Path;
}

export function placeKey({ file, path }: Place, kind: Kind): string {
  return `${kind} ${file}${pointer(path)}`;
}

/** Follows the references of a document, through other files too. Each file is read once. */
export class References {
  readonly #files = new Map<string, Json>();
  #anchors: Map<string, Path> | undefined;
  #document: JsonObject;
  /** Where the reference stands that is being followed. */
  #from: Place | undefined;
  readonly #slips = new Set<string>();

  constructor(
    readonly root: string,
    document: JsonObject,
    readonly warn: OnWarning,
    readonly report: (problem: Problem, isCircle: boolean) => void,
  ) {
    this.#document = document;
    this.#files.set(root, document);
  }

  /** Takes another form of the root document for it. */
  replaceRoot(document: JsonObject): void {
    this.#document = document;
    this.#files.set(this.root, document);
  }

  /** What a file holds that has been read. */
  valueOf(file: string): Json {
    return this.#files.get(file) ?? null;
  }

  /**
   * The place that `reference` leads to from `from`, through however many further references. Undefined when it leads to
   * nothing, which is reported if `isNeeded`.
   */
  find(reference: string, from: Place, kind: Kind, isNeeded: boolean): Place | undefined {
    this.#from = from;
    const seen = new Set<string>();
    let place: Place | undefined = from;
    let next: string | undefined = reference;
    const fail = (message: string, isCircle = false) => {
      const problem = { file: displayPath(from.file), pointer: pointer([...from.path, "$ref"]), message };
      if (isNeeded) this.report(problem, isCircle);
      return undefined;
    };
    while (next !== undefined) {
      const found: Place | string = this.#step(next, place, kind, seen);
      if (typeof found === "string") return fail(`${reference} ${found}`);
      place = found;
      const key = placeKey(place, kind);
      if (seen.has(key)) return fail(`${reference} ${circle}`, true);
      seen.add(key);
      next = this.#isComponent(place) ? undefined : this.#alias(place);
      // A component that is only a reference to another is followed as well: two names for nothing would be a circle.
      if (next === undefined && this.#isComponent(place) && this.#circular(place, kind))
        return fail(`${reference} ${circle}`, true);
    }
    return place;
  }

  /** The places beside a base with a discriminator that hold what extends it. */
  subtypes(base: Place): Place[] {
    const { file, path } = base;
    const siblings = valueAt(this.valueOf(file), path.slice(0, -1));
    const schema = valueAt(this.valueOf(file), path);
    const isBase = isObject(schema) && ("discriminator" in schema || "x-ms-discriminator-value" in schema);
    if (!isObject(siblings) || !isBase) return [];
    return Object.entries(siblings).flatMap(([name, sibling]): Place[] => {
      const place: Place = { file, path: [...path.slice(0, -1), name] };
      const extended = isObject(sibling) ? arrayAt(sibling, "allOf").filter(isObject) : [];
      const isSubtype = extended.some((part) => {
        const found = this.find(stringAt(part, "$ref") ?? "#", place, "schema", false);
        return found !== undefined && placeKey(found, "schema") === placeKey(base, "schema");
      });
      return isSubtype ? [place] : [];
    });
  }

  /** Where a place that holds nothing but a reference leads on to. */
  #alias(place: Place): string | undefined {
    const value = valueAt(this.valueOf(place.file), place.path);
    return isObject(value) && Object.keys(value).length === 1 ? stringAt(value, "$ref") : undefined;
  }

  #circular(start: Place, kind: Kind): boolean {
    const seen = new Set<string>();
    let place = start;
    for (;;) {
      const key = placeKey(place, kind);
      if (seen.has(key)) return true;
      seen.add(key);
      const value = valueAt(this.valueOf(place.file), place.path);
      const next = isObject(value) ? stringAt(value, "$ref") : undefined;
      if (next === undefined) return false;
      const found = this.#step(next, place, kind, seen);
      if (typeof found === "string") return false;
      place = found;
    }
  }

  #isComponent({ file, path }: Place): boolean {
    if (file !== this.root) return false;
    return path[0] === "components"
      ? path.length === 3
      : path.length === 2 && swaggerGroups.has(String(path[0]));
  }

  /** One step along a reference. A text says why there is none. */
  #step(reference: string, from: Place, kind: Kind, seen: Set<string>): Place | string {
    const [address = "", fragment = ""] = splitOnce(reference);
    if (/^[a-z][a-z0-9+.-]+:/i.test(address) && !/^[a-z]:[\\/]/i.test(address)) {
      const path = this.#anchor(reference) ?? (fragment === "" ? this.#anchor(address) : undefined);
      if (path !== undefined) return { file: this.root, path };
      return "is on the web; save it as a file and refer to that";
    }
    const file = address === "" ? from.file : this.#fileOf(decode(address), from.file);
    if (!this.#files.has(file)) {
      if (!existsSync(file)) {
        const place = this.#byName(reference);
        if (place === undefined) return `points to a file that does not exist: ${displayPath(file)}`;
        return place;
      }
      try {
        this.#files.set(file, loadValue(file, this.warn).value);
      } catch (error) {
        // Its lines are of that file; what is wrong here is told by them.
        return `points to a file that cannot be used: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    const place = this.#descend({ file, path: [] }, fragment, kind, seen);
    return place ?? "points to nothing";
  }

  /** Addresses count from the file that they stand in. Some documents mean the root document. */
  #fileOf(address: string, from: string): string {
    const [own, other] = [from, this.root].map((base) => resolve(dirname(base), address));
    const isThere = (file: string) => this.#files.has(file) || existsSync(file);
    if (own === undefined || other === undefined || isThere(own) || !isThere(other)) return own ?? address;
    this.#tellSlip(
      `${address} counts from the folder of the root document here, not of the file that it stands in`,
    );
    return other;
  }

  #tellSlip(message: string): void {
    const { file, path } = this.#from ?? { file: this.root, path: [] };
    const problem = { file: displayPath(file), pointer: pointer([...path, "$ref"]), message };
    const line = problemLine(problem);
    if (!this.#slips.has(line)) this.warn(problem);
    this.#slips.add(line);
  }

  /** Swagger 1 knew models by their bare names, and documents still do; others forget the `#` before the path. */
  #byName(reference: string): Place | undefined {
    const group = this.#document["swagger"] === undefined ? ["components", "schemas"] : ["definitions"];
    const path = reference.startsWith("/") ? (referencePath(`#${reference}`) ?? []) : [...group, reference];
    if (valueAt(this.#document, path) === undefined) return undefined;
    this.#tellSlip(`${reference} is read as ${pointer(path)}`);
    return { file: this.root, path };
  }

  #descend(start: Place, fragment: string, kind: Kind, seen: Set<string>): Place | undefined {
    if (fragment === "" || fragment === "/") return start;
    const parts = referencePath(`#${fragment.startsWith("/") ? "" : "/"}${fragment}`) ?? [];
    let place = start;
    for (const part of parts) {
      let value = valueAt(this.valueOf(place.file), place.path);
      // The way may lead through a reference.
      while (isObject(value) && !Object.hasOwn(value, part) && typeof value["$ref"] === "string") {
        const key = `through ${placeKey(place, kind)}`;
        const found: Place | string = seen.has(key)
          ? ""
          : this.#step(value["$ref"], place, kind, seen.add(key));
        if (typeof found === "string") return undefined;
        place = found;
        value = valueAt(this.valueOf(place.file), place.path);
      }
      place = { file: place.file, path: [...place.path, part] };
      if (valueAt(this.valueOf(place.file), place.path) === undefined) {
        if (fragment.startsWith("/")) return undefined;
        const path =
          start.file === this.root
            ? this.#anchor(`#${fragment}`)
            : anchorIn(this.valueOf(start.file), fragment);
        return path === undefined ? undefined : { file: start.file, path };
      }
    }
    return place;
  }

  /** Where the root document has a schema with this `$id`, or this `$anchor` after a `#`. */
  #anchor(name: string): Path | undefined {
    if (this.#anchors === undefined) {
      const anchors = new Map<string, Path>();
      this.#anchors = anchors;
      walkStructure(this.#document, (object, kind, path) => {
        if (kind !== "schema") return;
        const { $id, $anchor, $dynamicAnchor } = object;
        if (typeof $id === "string") anchors.set($id, path);
        for (const anchor of [$anchor, $dynamicAnchor])
          if (typeof anchor === "string") anchors.set(`#${anchor}`, path);
      });
    }
    return this.#anchors.get(name);
  }
}

const circle = "points to nothing but itself, in a circle; it is read as any value";

const swaggerGroups = new Set(["definitions", "parameters", "responses"]);

/** Where another file has a schema with this `$anchor`. */
function anchorIn(value: Json, anchor: string): Path | undefined {
  let found: Path | undefined;
  walkObjects(value, (object, path) => {
    if (object["$anchor"] === anchor) found ??= path;
  });
  return found;
}

function splitOnce(reference: string): [string, string] {
  const at = reference.indexOf("#");
  return at < 0 ? [reference, ""] : [reference.slice(0, at), reference.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
