import { isDeepStrictEqual } from "node:util";
import { operationsOf } from "../document/document.js";
import {
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  referencePath,
  valueAt,
  walkObjects,
} from "../document/json.js";
import type { Documents } from "./bodies.js";
import { type Change, change, type Direction, type Found, type Place } from "./rules.js";
import { compareSchemas, itself } from "./schemas.js";

/** Compares the models, which are exported by name, each judged by how operations of either contract use it. */
export function compareModels(documents: Documents): Change[] {
  const [before, after] = [modelsOf(documents.old), modelsOf(documents.new)];
  const uses = [modelUses(documents.old), modelUses(documents.new)];
  const removed = [...before].filter(([name]) => !after.has(name));
  const place = (name: string): Place => ({
    subject: { kind: "model", name },
    what: itself,
    directions: directionsOf(name, uses),
  });
  const changes = [...after].flatMap(([name, next]): Change[] => {
    const old = before.get(name);
    if (old !== undefined) {
      return compareSchemas(
        { document: documents.old, schema: old.value, path: old.path },
        { document: documents.new, schema: next.value, path: next.path },
        place(name),
      );
    }
    const renamed = removed.findIndex(([, { value }]) => sameShape(value, next.value));
    const [former] = renamed < 0 ? [] : removed.splice(renamed, 1);
    if (former === undefined) return [change(place(name), "model-added", { new: shortly(next) })];
    const names = { old: { ...former[1], value: former[0] }, new: { ...next, value: name } };
    return [change(place(name), "model-renamed", names)];
  });
  return [
    ...changes,
    ...removed.map(([name, old]) => change(place(name), "model-removed", { old: shortly(old) })),
  ];
}

function modelsOf(document: JsonObject): Map<string, Found> {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  return new Map(
    Object.entries(schemas).map(([name, value]) => [name, { value, path: ["components", "schemas", name] }]),
  );
}

/** A model that no operation uses is still exported: its users may write it or read it. */
function directionsOf(name: string, uses: readonly ReadonlyMap<string, Uses>[]): Direction[] {
  const directions = (["request", "response"] as const).filter((direction) =>
    uses.some((each) => (each.get(name)?.[direction].size ?? 0) > 0),
  );
  return directions.length === 0 ? ["request", "response"] : directions;
}

function sameShape(a: Json, b: Json): boolean {
  return isDeepStrictEqual(withoutWords(a), withoutWords(b));
}

function withoutWords(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { description: _, title: __, ...rest } = schema;
  return rest;
}

/** A whole model says less in a line than the names of its properties. */
function shortly(found: Found): Found {
  const properties = isObject(found.value) ? found.value["properties"] : undefined;
  return isObject(properties) ? { ...found, value: Object.keys(properties).join(", ") } : found;
}

/** The operations that a model travels with, by direction. */
export type Uses = Readonly<Record<Direction, Set<string>>>;

/** Which operations write and which read each model, directly and through other models. */
export function modelUses(document: JsonObject): Map<string, Uses> {
  const uses = new Map<string, Uses>();
  const reach = referencedFrom(document);
  const add = (part: JsonObject[string], direction: Direction, operation: string) => {
    for (const name of reach(part)) {
      const entry = uses.get(name) ?? { request: new Set(), response: new Set() };
      entry[direction].add(operation);
      uses.set(name, entry);
    }
  };
  for (const { operation, pathItem } of operationsOf(document)) {
    const id = String(operation["operationId"]);
    for (const part of [pathItem["parameters"], operation["parameters"], operation["requestBody"]]) {
      if (part !== undefined) add(part, "request", id);
    }
    if (operation["responses"] !== undefined) add(operation["responses"], "response", id);
  }
  return uses;
}

/** Finds the models that a part of the document leads to. What one reference leads to is looked up once. */
function referencedFrom(document: JsonObject): (part: JsonObject[string]) => Set<string> {
  const direct = new Map<string, string[]>();
  const targets = (reference: string): string[] => {
    const known = direct.get(reference);
    if (known !== undefined) return known;
    const value = valueAt(document, referencePath(reference) ?? [reference]);
    const found = value === undefined ? [] : referencesIn(value);
    direct.set(reference, found);
    return found;
  };
  return (part) => {
    const seen = new Set(referencesIn(part));
    // A set walks what is added on the way, so this reaches everything, cycles included.
    for (const reference of seen) for (const next of targets(reference)) seen.add(next);
    const models = [...seen].map((reference) => referencePath(reference) ?? []);
    return new Set(models.flatMap(([, group, name]) => (group === "schemas" && name ? [name] : [])));
  };
}

function referencesIn(part: JsonObject[string]): string[] {
  const found: string[] = [];
  walkObjects(part, (object, path) => {
    if (path.includes("x-ms-examples")) return;
    const reference = object["$ref"];
    if (typeof reference === "string") found.push(reference);
    const isMapping = path.at(-1) === "mapping" && path.at(-2) === "discriminator";
    if (!isMapping) return;
    for (const target of Object.values(object)) if (typeof target === "string") found.push(target);
  });
  return found;
}
