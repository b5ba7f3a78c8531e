import { isObject, type Json, type JsonObject, type Path, pointer, valueAt } from "../src/document/json.js";

/** Changes a document in its place. */
export type Edit = (document: JsonObject) => void;

/** Edits the object or list at a place of the document. */
export const set =
  (path: Path, name: string | number, value: Json): Edit =>
  (document) => {
    const owner = valueAt(document, path);
    if (Array.isArray(owner)) owner[Number(name)] = value;
    else objectAt(document, path)[name] = value;
  };
export const drop =
  (path: Path, name: string): Edit =>
  (document) => {
    delete objectAt(document, path)[name];
  };
export const move =
  (path: Path, from: string, to: string): Edit =>
  (document) => {
    const owner = objectAt(document, path);
    owner[to] = owner[from] ?? null;
    delete owner[from];
  };

export function objectAt(document: JsonObject, path: Path): JsonObject {
  const owner = valueAt(document, path);
  if (!isObject(owner)) throw new Error(`no object at ${pointer(path)}`);
  return owner;
}
