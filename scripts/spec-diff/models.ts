import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject } from "../spec/index.js";
import { objectAt } from "../spec/json.js";
import type { Documents } from "./bodies.js";
import { type Change, change, type Found, type Place } from "./change.js";
import { compareSchemas, itself } from "./schemas.js";
import { modelUses, type Uses } from "./uses.js";
import type { Direction } from "./verdict.js";

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
