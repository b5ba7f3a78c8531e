import { isDeepStrictEqual } from "node:util";
import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  objectAt,
  pointer,
  referencePath,
  valueAt,
  walkObjects,
} from "../document/json.js";
import type { Documents } from "./bodies.js";
import { type Change, change, type Direction, type Found, type Place } from "./change.js";
import { endpointsOf, isReversed } from "./endpoints.js";
import { compareSchemas, itself } from "./schemas.js";
import { withoutWords } from "./unions.js";

/** Compares the models, which are exported by name, each judged by how operations of either contract use it. */
export function compareModels(documents: Documents): Change[] {
  const [before, after] = [modelsOf(documents.old), modelsOf(documents.new)];
  const uses = [modelUses(documents.old), modelUses(documents.new)];
  const place = (name: string): Place => ({
    subject: { kind: "model", name },
    what: itself,
    ...travelOf(name, uses),
  });
  const changes = [...after].flatMap(([name, next]): Change[] => {
    const old = before.get(name);
    if (old === undefined) return [change(place(name), "model-added", { new: shortly(next) })];
    return compareSchemas(
      { document: documents.old, schema: old.value, path: old.path },
      { document: documents.new, schema: next.value, path: next.path },
      place(name),
    );
  });
  const removed = [...before].filter(([name]) => !after.has(name));
  const [usedBefore] = uses;
  return [
    ...changes,
    ...removed.map(([name, old]) =>
      change(place(name), usedBefore?.has(name) ? "model-removed" : "unused-model-removed", {
        old: shortly(old),
      }),
    ),
  ];
}

/**
 * The old document with the names that its models have in the new one, where only the name changed. A renamed model is one
 * change, not one at every place that refers to it.
 */
export function withSameNames({ old, new: next }: Documents): { document: JsonObject; changes: Change[] } {
  const changes: Change[] = [];
  const uses = [modelUses(old), modelUses(next)];
  let document = old;
  for (;;) {
    const [before, after] = [modelsOf(document), modelsOf(next)];
    const removed = [...before].filter(([name]) => !after.has(name));
    const renames = new Map<string, string>();
    for (const [name, model] of after) {
      if (before.has(name)) continue;
      const index = removed.findIndex(([, { value }]) => sameShape(value, model.value));
      const [former] = index < 0 ? [] : removed.splice(index, 1);
      if (former === undefined) continue;
      renames.set(former[0], name);
      const place: Place = {
        subject: { kind: "model", name },
        what: itself,
        ...travelOf(name, uses, former[0]),
      };
      const names = { old: { ...former[1], value: former[0] }, new: { ...model, value: name } };
      changes.push(change(place, "model-renamed", names));
    }
    if (renames.size === 0) return { document, changes };
    // The shape of what refers to them is the same now too.
    document = renameModels(document, renames);
  }
}

function renameModels(document: JsonObject, renames: ReadonlyMap<string, string>): JsonObject {
  const references = new Map(
    [...renames].map(([from, to]) => [modelReference(from), modelReference(to)] as const),
  );
  const rename = (value: Json): Json => {
    if (typeof value === "string") return references.get(value) ?? value;
    if (Array.isArray(value)) return value.map(rename);
    return isObject(value) ? mapValues(value, rename) : value;
  };
  const components = objectAt(document, "components");
  const schemas = Object.entries(objectAt(components, "schemas")).map(([name, value]): [string, Json] => [
    renames.get(name) ?? name,
    value,
  ]);
  return {
    ...document,
    ...mapValues(
      { ...document, components: { ...components, schemas: Object.fromEntries(schemas) } },
      rename,
    ),
  };
}

function modelReference(name: string): string {
  return pointer(["components", "schemas", name]);
}

function modelsOf(document: JsonObject): Map<string, Found> {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  return new Map(
    Object.entries(schemas).map(([name, value]) => [name, { value, path: ["components", "schemas", name] }]),
  );
}

/** A model that no operation uses is still exported: its users may write it or read it, but they send nothing of it. */
function travelOf(
  name: string,
  uses: readonly ReadonlyMap<string, Uses>[],
  formerName = name,
): Pick<Place, "directions" | "isUnused"> {
  const directions = (["request", "response"] as const).filter((direction) =>
    uses.some((each) => [name, formerName].some((known) => (each.get(known)?.[direction].size ?? 0) > 0)),
  );
  if (directions.length > 0) return { directions };
  return { directions: ["request", "response"], isUnused: true };
}

function sameShape(a: Json, b: Json): boolean {
  return isDeepStrictEqual(withoutWords(a), withoutWords(b));
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
  for (const { operation, pathItem, subject } of endpointsOf(document)) {
    const [sent, answered]: Direction[] = isReversed(subject)
      ? ["response", "request"]
      : ["request", "response"];
    for (const part of [pathItem["parameters"], operation["parameters"], operation["requestBody"]]) {
      if (part !== undefined && sent !== undefined) add(part, sent, subject.name);
    }
    if (operation["responses"] !== undefined && answered !== undefined)
      add(operation["responses"], answered, subject.name);
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
