import { operationParameters, operationsOf, resolveReference } from "../document/document.js";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type Path,
  pointer,
  referencePath,
  valueAt,
} from "../document/json.js";
import { isMembers, type Members, mediaOf } from "./values.js";

export const coverageKinds = [
  "operations",
  "success statuses",
  "error statuses",
  "parameters",
  "properties",
  "enum values",
  // Reported, not counted: a server may respond with others, so no list of examples is complete.
  "values of open enums",
] as const;

export type CoverageKind = (typeof coverageKinds)[number];

/** Something that the document describes and an example may show. */
export interface CoverageItem {
  readonly kind: CoverageKind;
  /** Such as `GetPet`, `GetPet 200`, `GetPet limit`, `Pet.name` or `Pet.kind = "cat"`. */
  readonly name: string;
  readonly operationId: string | undefined;
  /** Where it stands in the OpenAPI 3.1 form of the document. */
  readonly pointer: string;
}

/** What is known of one use of an operation, from an example or from real traffic. */
export interface Use {
  readonly operationId: string;
  readonly parameters: Members;
  readonly responses: Members;
}

export interface Coverage {
  readonly shown: number;
  readonly total: number;
  /** Of 100, rounded down to one decimal: 100 means that everything is shown. */
  readonly percent: number;
  readonly kinds: Readonly<Record<CoverageKind, { readonly shown: number; readonly total: number }>>;
  readonly missing: readonly CoverageItem[];
}

/** Measures which parts of a document examples show. Everything counts the same. */
export function measureCoverage(document: JsonObject, uses: Iterable<Use>): Coverage {
  const survey = new Survey(document);
  for (const use of uses) survey.note(use);
  const all = [...survey.items.values()];
  const missing = all.filter(({ key }) => !survey.shown.has(key)).map(({ item }) => item);
  const totalOf = (kind: CoverageKind) => all.filter(({ item }) => item.kind === kind).length;
  return coverageOf(missing, totalOf);
}

/** What the examples of several documents show together. */
export function sumCoverage(all: readonly Coverage[]): Coverage {
  const missing = all.flatMap((each) => each.missing);
  return coverageOf(missing, (kind) => all.reduce((sum, { kinds }) => sum + kinds[kind].total, 0));
}

function coverageOf(missing: readonly CoverageItem[], totalOf: (kind: CoverageKind) => number): Coverage {
  const kinds = Object.fromEntries(
    coverageKinds.map((kind) => {
      const total = totalOf(kind);
      return [kind, { total, shown: total - missing.filter((item) => item.kind === kind).length }];
    }),
  ) as Coverage["kinds"];
  const counted = coverageKinds.filter((kind) => kind !== "values of open enums").map((kind) => kinds[kind]);
  const total = counted.reduce((sum, each) => sum + each.total, 0);
  const shown = counted.reduce((sum, each) => sum + each.shown, 0);
  return {
    total,
    shown,
    percent: total === 0 ? 100 : Math.floor((shown / total) * 1000) / 10,
    kinds,
    missing,
  };
}

/** A place in the document: schemas are known by where they stand, so that a shared model counts once. */
type Place = Path;

/** An operation, with the places of what it consists of. */
interface Surveyed {
  readonly path: Place;
  readonly parameters: ReadonlyMap<string, Place>;
  readonly body: Place | undefined;
  readonly bodyName: string;
  /** By status; undefined for one without a JSON body. */
  readonly responses: ReadonlyMap<string, Place | undefined>;
}

class Survey {
  readonly items = new Map<string, { key: string; item: CoverageItem }>();
  readonly shown = new Set<string>();
  readonly #operations = new Map<string, Surveyed>();
  readonly #visited = new Set<string>();

  constructor(readonly document: JsonObject) {
    for (const { operation, pathItem, path } of operationsOf(document))
      this.#addOperation(operation, pathItem, path);
  }

  #add(kind: CoverageKind, place: Place, name: string, operationId?: string): void {
    const key = `${kind} ${pointer(place)}`;
    this.items.set(key, { key, item: { kind, name, operationId, pointer: pointer(place) } });
  }

  #addOperation(operation: JsonObject, pathItem: JsonObject, path: Place): void {
    const id = String(operation["operationId"]);
    this.#add("operations", path, id, id);
    const responses = new Map<string, Place | undefined>();
    for (const [status, response] of Object.entries(objectAt(operation, "responses"))) {
      const place = [...path, "responses", status];
      this.#add(/^[123]/.test(status) ? "success statuses" : "error statuses", place, `${id} ${status}`, id);
      const schema = this.#schemaOf(response, place);
      responses.set(status, schema);
      if (schema !== undefined) this.#addSchema(schema, `${id} ${status}`);
    }
    const parameters = new Map<string, Place>();
    for (const parameter of operationParameters(this.document, pathItem, operation)) {
      const name = String(parameter["name"]);
      const place = [...path, "parameters", name];
      this.#add("parameters", place, `${id} ${name}`, id);
      parameters.set(name, place);
      const schema = resolveReference(this.document, objectAt(parameter, "schema"));
      const listed = isObject(schema["items"]) ? schema["items"] : schema;
      for (const value of enumOf(listed).map((each) => JSON.stringify(each)))
        this.#add("enum values", [...place, value], `${id} ${name} = ${value}`, id);
    }
    const requestBody = operation["requestBody"];
    const body = this.#schemaOf(requestBody, [...path, "requestBody"]);
    if (body !== undefined) this.#addSchema(body, `${id} body`);
    const bodyName = isObject(requestBody)
      ? String(resolveReference(this.document, requestBody)["x-body-name"] ?? "body")
      : "body";
    this.#operations.set(id, { path, parameters, body, bodyName, responses });
  }

  /** Where the schema of a body or response stands. */
  #schemaOf(owner: Json | undefined, place: Place): Place | undefined {
    if (!isObject(owner)) return undefined;
    const own = typeof owner["$ref"] === "string" ? (referencePath(owner["$ref"]) ?? place) : place;
    const resolved = resolveReference(this.document, owner);
    const media = mediaOf(resolved);
    return media === undefined || !media.contentType.includes("json")
      ? undefined
      : [...own, "content", media.contentType, "schema"];
  }

  #schemaAt(place: Place): { schema: JsonObject; place: Place } | undefined {
    const schema = valueAt(this.document, place);
    if (!isObject(schema)) return undefined;
    const target = typeof schema["$ref"] === "string" ? referencePath(schema["$ref"]) : undefined;
    return target === undefined || Object.keys(schema).length > 1
      ? { schema, place }
      : this.#schemaAt(target);
  }

  /** An enum beside an alternative that takes any text is open. */
  #enumKind(place: Place): CoverageKind {
    const isAlternative = place.at(-2) === "anyOf" || place.at(-2) === "oneOf";
    const siblings = isAlternative ? valueAt(this.document, place.slice(0, -1)) : [];
    const isAnyText = (part: Json) =>
      isObject(part) &&
      enumOf(part).length === 0 &&
      (part["type"] ?? "string") === "string" &&
      part["$ref"] === undefined;
    return Array.isArray(siblings) && siblings.some(isAnyText) ? "values of open enums" : "enum values";
  }

  #addSchema(start: Place, name: string): void {
    const found = this.#schemaAt(start);
    if (found === undefined) return;
    const { schema, place } = found;
    const key = pointer(place);
    if (this.#visited.has(key)) return;
    this.#visited.add(key);
    const own = place[0] === "components" && place.length === 3 ? String(place[2]) : name;
    for (const value of enumOf(schema).map((each) => JSON.stringify(each)))
      this.#add(this.#enumKind(place), [...place, value], `${own} = ${value}`);
    for (const property of Object.keys(objectAt(schema, "properties"))) {
      const at = [...place, "properties", property];
      this.#add("properties", at, `${own}.${property}`);
      this.#addSchema(at, `${own}.${property}`);
    }
    for (const part of partsOf(schema, place)) this.#addSchema(part, own);
    for (const inner of innerOf(schema, place)) this.#addSchema(inner, `${own}[]`);
  }

  note({ operationId, parameters, responses }: Use): void {
    const operation = this.#operations.get(operationId);
    if (operation === undefined) return;
    const path =
      operationsOf(this.document).find(({ operation: each }) => each["operationId"] === operationId)?.path ??
      [];
    this.#mark("operations", path);
    for (const [name, value] of Object.entries(parameters)) {
      const place = operation.parameters.get(name);
      if (place !== undefined) {
        this.#mark("parameters", place);
        for (const each of [value].flat()) this.#mark("enum values", [...place, JSON.stringify(each)]);
      } else if (name === operation.bodyName && operation.body !== undefined)
        this.#noteValue(value, operation.body);
    }
    for (const [status, response] of Object.entries(responses)) {
      const known = [status, `${status.charAt(0)}XX`, "default"].find((each) =>
        operation.responses.has(each),
      );
      if (known === undefined) continue;
      const kind = /^[123]/.test(known) ? "success statuses" : "error statuses";
      this.#mark(kind, [...path, "responses", known]);
      const schema = operation.responses.get(known);
      if (schema !== undefined && isMembers(response)) this.#noteValue(response["body"], schema);
    }
  }

  #mark(kind: CoverageKind, place: Place): void {
    const key = `${kind} ${pointer(place)}`;
    if (this.items.has(key)) this.shown.add(key);
  }

  #noteValue(value: unknown, start: Place): void {
    const found = this.#schemaAt(start);
    if (found === undefined || value === undefined || value === null) return;
    const { schema, place } = found;
    if (!isMembers(value) && !Array.isArray(value))
      this.#mark(this.#enumKind(place), [...place, JSON.stringify(value)]);
    if (isMembers(value)) {
      const declared = objectAt(schema, "properties");
      for (const [name, member] of Object.entries(value)) {
        const known = Object.hasOwn(declared, name);
        const at = [...place, "properties", name];
        if (known) this.#mark("properties", at);
        if (known) this.#noteValue(member, at);
        else if (isObject(schema["additionalProperties"]))
          this.#noteValue(member, [...place, "additionalProperties"]);
      }
    }
    if (Array.isArray(value)) for (const item of value) this.#noteValue(item, [...place, "items"]);
    for (const part of partsOf(schema, place)) {
      const isAlternative = ["anyOf", "oneOf"].includes(String(part.at(-2)));
      if (!isAlternative || this.#isPossible(value, part)) this.#noteValue(value, part);
    }
  }

  /** Whether a value could be of an alternative: it has what that requires, and no constant speaks against it. */
  #isPossible(value: unknown, start: Place): boolean {
    const found = this.#schemaAt(start);
    if (found === undefined || !isMembers(value)) return true;
    const { schema, place } = found;
    if (arrayAt(schema, "required").some((name) => typeof name === "string" && !Object.hasOwn(value, name)))
      return false;
    const isDenied = ([name, property]: [string, Json]) => {
      const listed = isObject(property) ? enumOf(resolveReference(this.document, property)) : [];
      return Object.hasOwn(value, name) && listed.length > 0 && !listed.some((each) => each === value[name]);
    };
    if (Object.entries(objectAt(schema, "properties")).some(isDenied)) return false;
    return arrayAt(schema, "allOf").every((_, index) => this.#isPossible(value, [...place, "allOf", index]));
  }
}

/** The schemas that describe the same value. */
function partsOf(schema: JsonObject, place: Place): Place[] {
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((keyword) =>
    arrayAt(schema, keyword).map((_, index) => [...place, keyword, index]),
  );
  const reference = typeof schema["$ref"] === "string" ? referencePath(schema["$ref"]) : undefined;
  return reference === undefined ? lists : [...lists, reference];
}

/** The schemas of what a value holds without a name of its own. */
function innerOf(schema: JsonObject, place: Place): Place[] {
  return ["items", "additionalProperties"].flatMap((keyword) =>
    isObject(schema[keyword]) ? [[...place, keyword]] : [],
  );
}

/** The values that a schema lists. A single constant offers no choice, but discriminators and versions use it. */
function enumOf(schema: JsonObject): Json[] {
  if (schema["const"] !== undefined) return [schema["const"]];
  return arrayAt(schema, "enum").filter((value) => value !== null);
}
