import { operationsOf, resolveReference } from "../document/document.js";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  referencePath,
  stringAt,
  valueAt,
} from "../document/json.js";
import { mapInnerSchemas } from "../document/schemas.js";

/** What a type is for: a response, which is read, or a request, which is written. `any` for what is neither. */
export type Direction = "read" | "write" | "any";

/**
 * Which models differ between requests and responses, because of `readOnly` and `writeOnly` in them or in the models they
 * refer to, and the names of both forms: `Pet` in responses and `PetInput` in requests. A model that only requests or only
 * responses use has one form, under its own name.
 */
export class Variants {
  readonly #document: JsonObject;
  readonly #schemas: JsonObject;
  readonly #differing: ReadonlySet<string>;
  readonly #reached: Readonly<Record<"read" | "write", ReadonlySet<string>>>;
  readonly #inputs = new Map<string, string>();

  constructor(document: JsonObject) {
    this.#document = document;
    this.#schemas = objectAt(objectAt(document, "components"), "schemas");
    this.#differing = this.#differingSchemas();
    this.#reached =
      this.#differing.size === 0 ? { read: new Set(), write: new Set() } : reachedFrom(document);
    const taken = new Set(Object.keys(this.#schemas));
    for (const name of this.#differing) {
      if (!this.#reached.read.has(name) || !this.#reached.write.has(name)) continue;
      let input = `${name}Input`;
      for (let number = 2; taken.has(input); number++) input = `${name}Input${number}`;
      taken.add(input);
      this.#inputs.set(name, input);
    }
  }

  /** The name of the form of a model that values in `direction` have. */
  nameOf(name: string, direction: Direction): string {
    return (direction === "write" ? this.#inputs.get(name) : undefined) ?? name;
  }

  /** The forms of a model, by name. */
  formsOf(name: string): { readonly name: string; readonly direction: Direction }[] {
    const input = this.#inputs.get(name);
    if (input !== undefined)
      return [
        { name, direction: "read" },
        { name: input, direction: "write" },
      ];
    if (!this.#differing.has(name)) return [{ name, direction: "any" }];
    const direction = (["write", "read"] as const).find((each) => this.#reached[each].has(name)) ?? "any";
    return [{ name, direction }];
  }

  /** Whether values in `direction` do not have a property with this schema. */
  isLeftOut(property: Json, direction: Direction): boolean {
    if (direction === "any" || !isObject(property)) return false;
    const flag = direction === "read" ? "writeOnly" : "readOnly";
    const target = property["$ref"] === undefined ? property : resolveReference(this.#document, property);
    // What tells the members of a union apart is sent, too.
    if (property["const"] !== undefined || target["const"] !== undefined) return false;
    return property[flag] === true || target[flag] === true;
  }

  #differingSchemas(): Set<string> {
    const users = new Map<string, Set<string>>();
    const found = new Set<string>();
    for (const [name, schema] of Object.entries(this.#schemas)) {
      const visit = (inner: Json, _: unknown, keyword = ""): Json => {
        if (!isObject(inner)) return inner;
        const used = referencePath(stringAt(inner, "$ref") ?? "")?.at(2);
        if (used !== undefined) users.set(used, (users.get(used) ?? new Set()).add(name));
        if (keyword === "properties" && (this.isLeftOut(inner, "read") || this.isLeftOut(inner, "write")))
          found.add(name);
        mapInnerSchemas(inner, visit);
        return inner;
      };
      visit(schema, undefined);
    }
    // A set is walked in the order of insertion, additions included.
    for (const name of found) for (const user of users.get(name) ?? []) found.add(user);
    return found;
  }
}

/** The models that requests and responses refer to, directly or through other models. */
function reachedFrom(document: JsonObject): Record<"read" | "write", Set<string>> {
  const reached = { read: new Set<string>(), write: new Set<string>() };
  const seen = { read: new Set<string>(), write: new Set<string>() };
  const visit = (value: Json | undefined, direction: "read" | "write"): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, direction);
    if (!isObject(value)) return;
    const reference = stringAt(value, "$ref");
    if (reference !== undefined && !seen[direction].has(reference)) {
      seen[direction].add(reference);
      const path = referencePath(reference) ?? [];
      const [root, group, name] = path;
      if (root === "components" && group === "schemas" && name !== undefined) reached[direction].add(name);
      visit(valueAt(document, path), direction);
    }
    for (const [name, member] of Object.entries(value)) {
      if (maps.has(name) && isObject(member)) visit(Object.values(member), direction);
      else if (!data.has(name) && !name.startsWith("x-")) visit(member, direction);
    }
  };
  for (const { operation, pathItem } of operationsOf(document)) {
    visit([...arrayAt(pathItem, "parameters"), ...arrayAt(operation, "parameters")], "write");
    visit(operation["requestBody"], "write");
    visit(operation["responses"], "read");
  }
  return reached;
}

/** Members whose own members have any name. */
const maps = new Set([
  "properties",
  "patternProperties",
  "dependentSchemas",
  "responses",
  "content",
  "headers",
]);
/** Members that hold values, not schemas. */
const data = new Set(["example", "examples", "default", "enum", "const"]);
