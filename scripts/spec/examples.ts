import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { operationsOf } from "./document.js";
import { isObject, type JsonObject, objectAt, stringAt } from "./json.js";
import { displayPath, loadObject } from "./load.js";
import { type Path, pointer } from "./pointer.js";
import { type Problem, SpecError } from "./problem.js";

/** Told of an example that is named and cannot be used. */
export type OnMissing = (problem: Problem) => void;

/**
 * Replaces the file references under x-ms-examples by the files' contents, so that the document stands alone. An example
 * that does not exist or belongs to another operation is left out when `onMissing` takes note of it, else an error.
 */
export function inlineExamples(file: string, document: JsonObject, onMissing?: OnMissing): JsonObject {
  const result = structuredClone(document);
  for (const { operation, path } of operationsOf(result)) {
    if (!isObject(operation["x-ms-examples"])) continue;
    const found = Object.entries(objectAt(operation, "x-ms-examples")).flatMap(([title, example]) => {
      const reference = isObject(example) ? stringAt(example, "$ref") : undefined;
      if (reference === undefined) return [[title, example]];
      const place: Path = [...path, "x-ms-examples", title];
      const value = readExample(file, reference, place, operation["operationId"], onMissing);
      return value === undefined ? [] : [[title, value]];
    });
    if (found.length > 0) operation["x-ms-examples"] = Object.fromEntries(found);
    else delete operation["x-ms-examples"];
  }
  return result;
}

function readExample(
  file: string,
  reference: string,
  place: Path,
  operationId: unknown,
  onMissing: OnMissing | undefined,
): JsonObject | undefined {
  const path = resolve(dirname(file), reference);
  const isThere = onMissing === undefined || existsSync(path);
  const value = isThere ? loadObject(path).value : undefined;
  const owner = value?.["operationId"];
  if (value !== undefined && (owner === undefined || owner === operationId)) return value;
  const message =
    value === undefined
      ? `${displayPath(path)} does not exist, the example is left out`
      : `${displayPath(path)} is an example of ${String(owner)}`;
  const problem = { file: displayPath(file), pointer: pointer(place), message };
  if (onMissing === undefined) throw new SpecError([problem]);
  onMissing(problem);
  return undefined;
}

/** The operations that name an example file under x-ms-examples, by the absolute path of the file. */
export function exampleOwners(file: string): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>();
  for (const { operation } of operationsOf(loadObject(file).value)) {
    for (const example of Object.values(objectAt(operation, "x-ms-examples"))) {
      const reference = isObject(example) ? stringAt(example, "$ref") : undefined;
      const id = stringAt(operation, "operationId");
      if (reference === undefined || id === undefined) continue;
      const path = resolve(dirname(file), reference);
      owners.set(path, [...new Set([...(owners.get(path) ?? []), id])]);
    }
  }
  return owners;
}
