import type { ComponentNames } from "./component-names.js";
import {
  isObject,
  type Json,
  type JsonObject,
  type Path,
  type Problem,
  pointer,
  referencePath,
  valueAt,
} from "./json.js";
import { displayPath } from "./load.js";
import { type Place, placeKey } from "./references.js";
import type { Kind } from "./structure.js";

/** Which places, of whichever file, became which components. */
export class Homes {
  readonly #references = new Map<string, string>();
  readonly #moved: { readonly place: Place; readonly kind: Kind; readonly reference: string }[] = [];

  constructor(
    readonly root: string,
    readonly names: ComponentNames,
  ) {}

  /** The reference to what a place became. */
  of(place: Place, kind: Kind): string | undefined {
    return this.#references.get(placeKey(place, kind));
  }

  add(place: Place, kind: Kind, reference: string): void {
    this.#references.set(placeKey(place, kind), reference);
    this.#moved.push({ place, kind, reference });
  }

  /**
   * Puts references to schemas that became components where they stood: in the root document, and in components that came
   * from around them.
   */
  replaceIn(document: JsonObject): void {
    // The deepest first: what is around it may become a reference too.
    const schemas = this.#moved.filter(({ kind }) => kind === "schema");
    for (const { place, reference } of schemas.sort((a, b) => b.place.path.length - a.place.path.length)) {
      const { file, path } = place;
      for (let length = path.length - 1; length >= 0; length--) {
        const home = this.of({ file, path: path.slice(0, length) }, "schema");
        const around = home === undefined ? undefined : valueAt(document, referencePath(home) ?? []);
        if (isObject(around)) replaceAt(around, path.slice(length), { $ref: reference });
      }
      if (file === this.root) replaceAt(document, this.names.renamedPath(path), { $ref: reference });
    }
  }

  /** A problem of the document in one piece, told of the place where the author wrote what is wrong. */
  locate(problem: Problem): Problem {
    if (problem.file !== displayPath(this.root)) return problem;
    const told = this.names.isSwagger ? inSwagger(problem) : problem;
    const found = this.#moved.find(
      ({ reference }) => told.pointer === reference || told.pointer.startsWith(`${reference}/`),
    );
    if (found === undefined) return told;
    const { file, path } = found.place;
    const rest = told.pointer.slice(found.reference.length);
    return { ...told, file: displayPath(file), pointer: pointer(path) + rest };
  }
}

/** Definitions have another place in OpenAPI 3, which is where problems of the converted document are told of. */
function inSwagger(problem: Problem): Problem {
  const place = problem.pointer
    .replace(/^#\/components\/schemas\//, "#/definitions/")
    .replace(/^#\/components\/(parameters|responses)\//, "#/$1/");
  return { ...problem, pointer: place };
}

function replaceAt(document: JsonObject, path: Path, value: Json): void {
  const parent = valueAt(document, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || valueAt(document, path) === undefined) return;
  if (Array.isArray(parent)) parent[Number(last)] = value;
  else if (isObject(parent)) parent[last] = value;
}
