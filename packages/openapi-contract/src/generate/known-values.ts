import { arrayAt, isObject, type Json, type JsonObject, objectAt } from "../document/json.js";
import { literal, type Type, unionOf } from "./type-text.js";

/** The values that lists which may grow have today, under the names they get in the generated types. */
export class KnownValues {
  readonly lists = new Map<string, { readonly name: string; readonly type: Type }>();
  readonly #names = new Set<string>();

  add(schema: JsonObject, values: readonly Json[]): void {
    const type = unionOf(values.filter((value) => value !== null).map(literal));
    const named = objectAt(schema, "x-ms-enum")["name"] ?? schema["title"];
    if (typeof named !== "string") return;
    const wanted = named.replaceAll(/[^A-Za-z0-9_]/g, "");
    const key = `${wanted} ${type.text}`;
    if (wanted === "" || this.lists.has(key)) return;
    const base = `Known${wanted.charAt(0).toUpperCase()}${wanted.slice(1)}`;
    let name = base;
    for (let number = 2; this.#names.has(name); number++) name = `${base}${number}`;
    this.#names.add(name);
    this.lists.set(key, { name, type });
  }
}

/** The values of a list that may grow: `x-ms-enum` with `modelAsString`, or what the conversion makes of it. */
export function openValues(schema: JsonObject): Json[] | undefined {
  if (!isObject(schema["x-ms-enum"])) return undefined;
  const isOpen = schema["x-ms-enum"]["modelAsString"] === true;
  const [listed] = arrayAt(schema, "anyOf");
  const values = isObject(listed) ? listed["enum"] : isOpen ? schema["enum"] : undefined;
  const isPlain = (value: Json) => value === null || typeof value === "string" || typeof value === "number";
  return Array.isArray(values) && values.every(isPlain) ? values : undefined;
}
