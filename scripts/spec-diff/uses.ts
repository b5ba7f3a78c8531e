import { type JsonObject, operationsOf } from "../spec/index.js";
import { referencePath, valueAt, walkObjects } from "../spec/pointer.js";
import type { Direction } from "./verdict.js";

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
