import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { operationsOf } from "./document.js";
import {
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  objectAt,
  type Path,
  pointer,
  SpecError,
  stringAt,
} from "./json.js";
import { keepBigIntegers, parseText } from "./parse.js";

export interface Loaded {
  /** The path to name the file by in messages: relative to the working directory. */
  readonly file: string;
  readonly value: JsonObject;
}

/** Reads a YAML or JSON file whose root is an object. Throws SpecError, with line and column for a syntax error. */
export function loadObject(path: string, warn: OnWarning = () => undefined): Loaded {
  const { file, value } = loadValue(path, warn);
  if (!isObject(value)) {
    throw new SpecError([{ file, pointer: "#", message: "expected an object at the root of the document" }]);
  }
  return { file, value };
}

/** Reads a YAML or JSON file. Warns of integers that no JavaScript number can hold; they are kept as texts. */
export function loadValue(path: string, warn: OnWarning): { readonly file: string; readonly value: Json } {
  const file = displayPath(path);
  const parsed = parseText(file, readText(path, file));
  for (const { path: place, message } of keepBigIntegers(parsed))
    warn({ file, pointer: pointer(place), message });
  return { file, value: parsed.value };
}

/**
 * Reads an example to check. An integer that no JavaScript number can hold becomes the nearest one, so that bounds apply to it;
 * messages show the digits in the file.
 */
export function loadExample(path: string): Loaded {
  const file = displayPath(path);
  const parsed = parseText(file, readText(path, file));
  const places = new Set(parsed.bigIntegers.map(pointer));
  const visit = (value: Json, at: Path): Json => {
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...at, index]));
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, visit(each, [...at, name])]),
      );
    }
    return places.has(pointer(at)) ? Number(value) : value;
  };
  const value = places.size === 0 ? parsed.value : visit(parsed.value, []);
  if (isObject(value)) return { file, value };
  throw new SpecError([{ file, pointer: "#", message: "expected an object at the root of the document" }]);
}

/** `path` as a person in the working directory would write it: relative below it, absolute elsewhere, always with `/`. */
export function displayPath(path: string): string {
  const below = relative(process.cwd(), path);
  const shown = below.startsWith("..") || isAbsolute(below) ? resolve(path) : below || ".";
  return shown.replaceAll("\\", "/");
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new SpecError([{ file, pointer: "", message: `cannot be read (${reason})` }], { cause });
  }
}

/**
 * Replaces the file references under x-ms-examples by the files' contents, so that the document stands alone. An example
 * that does not exist or belongs to another operation is left out with a warning.
 */
export function inlineExamples(file: string, document: JsonObject, warn: OnWarning): JsonObject {
  const result = structuredClone(document);
  for (const { operation, path } of operationsOf(result)) {
    if (!isObject(operation["x-ms-examples"])) continue;
    const found = Object.entries(objectAt(operation, "x-ms-examples")).flatMap(([title, example]) => {
      const reference = isObject(example) ? stringAt(example, "$ref") : undefined;
      if (reference === undefined) return [[title, example]];
      const place: Path = [...path, "x-ms-examples", title];
      const value = readExample(file, reference, place, operation["operationId"], warn);
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
  warn: OnWarning,
): JsonObject | undefined {
  const path = resolve(dirname(file), reference);
  const value = existsSync(path) ? loadObject(path).value : undefined;
  const owner = value?.["operationId"];
  if (value !== undefined && (owner === undefined || owner === operationId)) return value;
  const message =
    value === undefined
      ? `${displayPath(path)} does not exist, the example is left out`
      : `${displayPath(path)} is an example of ${String(owner)}`;
  warn({ file: displayPath(file), pointer: pointer(place), message });
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
