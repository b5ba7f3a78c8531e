import { isDeepStrictEqual } from "node:util";
import { type Document, isSeq, parseDocument, visit } from "yaml";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type Path,
  pointer,
  referencePath,
  stringAt,
  valueAt,
} from "../document/json.js";

/** What stays ours wherever it stands: words, and examples. */
const kept = new Set([
  ...["description", "summary", "title", "externalDocs", "x-ms-summary"],
  ...["x-ms-examples", "example", "examples"],
]);

/** Members of the root that say something about every operation. */
const ofEveryOperation = ["basePath", "schemes", "consumes", "produces", "security"];

/** One thing that an update takes over. */
export interface Taken {
  readonly kind: "added" | "removed" | "changed";
  readonly pointer: string;
  /** What is there now; undefined for what was removed. */
  readonly value?: Json;
}

export interface Update {
  /** Our document after it; the same text when nothing was taken over. */
  readonly text: string;
  readonly taken: readonly Taken[];
}

/**
 * Our document with the structure that theirs gives our operations now, and all whose path begins with one of `prefixes`. What did
 * not change stays as it was written, comments and words included. What is new comes without their words and examples:
 * those are ours to write.
 */
export function updateDocument(text: string, theirs: JsonObject, prefixes: readonly string[]): Update {
  const document = parseDocument(text);
  const ours: JsonObject = document.toJS();
  const isOurs = (url: string) =>
    Object.hasOwn(objectAt(ours, "paths"), url) || Object.hasOwn(objectAt(ours, "x-ms-paths"), url);
  const parts = reachableParts(
    theirs,
    (url) => prefixes.some((prefix) => url.startsWith(prefix)) || isOurs(url),
  );
  const merging = new Merging(document);
  for (const section of sectionsOf(ours, parts)) {
    const [before, after] = [ours, parts].map((part) => valueAt(part, section));
    merging.merge(section, isObject(before) ? before : {}, isObject(after) ? after : {});
  }
  for (const name of ofEveryOperation) merging.mergeMember([], name, ours[name], theirs[name]);
  const version = objectAt(theirs, "info")["version"];
  if (version !== undefined)
    merging.mergeMember(["info"], "version", objectAt(ours, "info")["version"], version);
  const { taken } = merging;
  return { text: taken.length === 0 ? text : written(document, text), taken };
}

/** The changed document. Texts of several lines are as they were written: the YAML library would wrap them in another way. */
function written(document: Document, text: string): string {
  if (text.trimStart().startsWith("{")) {
    const indent = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1] ?? "";
    return `${JSON.stringify(document.toJS(), null, indent)}${text.endsWith("\n") ? "\n" : ""}`;
  }
  const sources: string[] = [];
  visit(document, {
    Scalar(_, node) {
      const [start = 0, end = 0] = node.range ?? [];
      const source = text.slice(start, end).replace(/\n$/, "");
      if (!source.includes("\n")) return;
      node.value = `UPDATE-KEEPS-${sources.length}-`;
      node.type = "PLAIN";
      sources.push(source);
    },
  });
  const flowCollectionPadding = /[{[] \S/.test(text);
  return document
    .toString({ lineWidth: 120, flowCollectionPadding })
    .replaceAll(/UPDATE-KEEPS-(\d+)-/g, (token, index) => sources[Number(index)] ?? token);
}

/** Takes over what differs, place by place. */
class Merging {
  readonly taken: Taken[] = [];

  constructor(readonly document: Document) {}

  merge(place: Path, ours: Json, theirs: Json): void {
    if (isDeepStrictEqual(withoutWords(ours, place), withoutWords(theirs, place))) return;
    if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
      for (const [at, each] of ours.entries()) this.merge([...place, at], each, theirs[at] ?? null);
    } else if (isObject(ours) && isObject(theirs)) {
      const isWord = wordsOf(place, theirs);
      for (const name of new Set([...Object.keys(theirs), ...Object.keys(ours)]))
        if (!isWord(name)) this.mergeMember(place, name, ours[name], theirs[name]);
    } else this.#put("changed", place, theirs);
  }

  mergeMember(owner: Path, name: string, ours: Json | undefined, theirs: Json | undefined): void {
    const place = [...owner, name];
    if (ours !== undefined && theirs !== undefined) this.merge(place, ours, theirs);
    else if (theirs !== undefined) this.#put("added", place, theirs);
    else if (ours !== undefined) {
      this.document.deleteIn(place);
      this.taken.push({ kind: "removed", pointer: pointer(place) });
    }
  }

  #put(kind: "added" | "changed", place: Path, theirs: Json): void {
    const value = withoutWords(theirs, place);
    const node = this.document.createNode(value);
    // A list of names reads best in one line.
    if (isSeq(node) && Array.isArray(value) && value.length < 5)
      node.flow = value.every((each) => typeof each === "string");
    this.document.setIn(place, node);
    this.taken.push({ kind, pointer: pointer(place), value });
  }
}

function withoutWords(value: Json, place: Path): Json {
  if (Array.isArray(value)) return value.map((each, at) => withoutWords(each, [...place, at]));
  if (!isObject(value)) return place.at(-2) === "scopes" ? "" : value;
  const isWord = wordsOf(place, value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) =>
      isWord(key) ? [] : [[key, withoutWords(each, [...place, key])]],
    ),
  );
}

const holdNames = new Set([
  ...["properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas"],
  ...["paths", "x-ms-paths", "webhooks", "callbacks", "responses", "parameters", "headers", "requestBodies"],
  ...["securityDefinitions", "securitySchemes", "scopes", "mapping", "content", "encoding", "variables"],
]);

/** Below `properties` and the like, a key is a name and not a word, whatever it is called. */
function wordsOf(place: Path, owner: JsonObject): (key: string) => boolean {
  if (holdNames.has(String(place.at(-1))) && place.at(-2) !== "properties") return () => false;
  const isListOfWords = place.at(-1) === "x-ms-enum" && onlyDescribes(owner["values"]);
  return (key) => kept.has(key) || (isListOfWords && key === "values");
}

/** `x-ms-enum.values` that give each value a description and nothing else. The values themselves are in `enum`. */
function onlyDescribes(values: Json | undefined): boolean {
  return (
    Array.isArray(values) &&
    values.every(
      (each) => isObject(each) && Object.keys(each).every((key) => key === "value" || kept.has(key)),
    )
  );
}

/** The groups of shared parts in either document, and the paths. */
function sectionsOf(ours: JsonObject, parts: JsonObject): Path[] {
  const groups = new Set([
    ...Object.keys(objectAt(ours, "components")),
    ...Object.keys(objectAt(parts, "components")),
  ]);
  const own = ["paths", "x-ms-paths", "parameters", "definitions", "responses", "securityDefinitions"];
  return [
    ...own.filter((name) => ours[name] !== undefined || parts[name] !== undefined).map((name) => [name]),
    ...[...groups].filter((name) => !kept.has(name)).map((name) => ["components", name]),
  ];
}

/** The chosen paths of a document, and what they need of its shared parts. */
function reachableParts(document: JsonObject, isChosen: (url: string) => boolean): JsonObject {
  const parts: JsonObject = {};
  let visited = 0;
  const take = (place: Path, found: Json): void => {
    if (valueAt(parts, place) !== undefined) return;
    visited++;
    put(parts, place, found);
    visit(found);
  };
  const visit = (value: Json): void => {
    for (const place of partsIn(value, document)) {
      const found = valueAt(document, place);
      if (found !== undefined) take(place, found);
    }
  };
  for (const section of ["paths", "x-ms-paths"]) {
    const chosen = Object.entries(objectAt(document, section)).filter(([url]) => isChosen(url));
    if (document[section] !== undefined) parts[section] = Object.fromEntries(chosen);
    for (const [, item] of chosen) visit(item);
  }
  visit({ security: document["security"] ?? [] });
  // A base refers to none of its subtypes, but a value of it is one of them.
  for (let before = -1; before !== visited; ) {
    before = visited;
    for (const [place, model] of subtypesOf(document, parts)) take(place, model);
  }
  return parts;
}

/** The models that are not taken yet, and extend one that is and has a discriminator, or extends one with it. */
function subtypesOf(document: JsonObject, parts: JsonObject): [Path, Json][] {
  const section: Path = document["swagger"] === undefined ? ["components", "schemas"] : ["definitions"];
  const models = valueAt(document, section);
  if (!isObject(models)) return [];
  const isToldApart = (name: string, seen: readonly string[] = []): boolean => {
    const model = objectAt(models, name);
    if (model["discriminator"] !== undefined) return true;
    return basesOf(model).some((base) => !seen.includes(base) && isToldApart(base, [...seen, name]));
  };
  return Object.entries(models).flatMap(([name, model]): [Path, Json][] => {
    const isTaken = (each: string) => valueAt(parts, [...section, each]) !== undefined;
    const bases = isObject(model) && !isTaken(name) ? basesOf(model) : [];
    return bases.some((base) => isTaken(base) && isToldApart(base)) ? [[[...section, name], model]] : [];
  });
}

/** The names of the models that a model extends. */
function basesOf(model: JsonObject): string[] {
  return arrayAt(model, "allOf").flatMap((base) => {
    const path = isObject(base) ? referencePath(stringAt(base, "$ref") ?? "") : undefined;
    return path === undefined ? [] : [String(path.at(-1))];
  });
}

function put(parts: JsonObject, place: Path, value: Json): void {
  let owner = parts;
  for (const name of place.slice(0, -1)) {
    const next = objectAt(owner, String(name));
    owner[name] = next;
    owner = next;
  }
  owner[String(place.at(-1))] = value;
}

/** The shared parts that a value refers to: by reference, or as a security scheme by its name. */
function partsIn(value: Json, document: JsonObject): Path[] {
  if (Array.isArray(value)) return value.flatMap((each) => partsIn(each, document));
  if (!isObject(value)) return [];
  const schemes: Path =
    document["swagger"] === undefined ? ["components", "securitySchemes"] : ["securityDefinitions"];
  return Object.entries(value).flatMap(([key, each]): Path[] => {
    const path = key === "$ref" && typeof each === "string" ? referencePath(each) : undefined;
    if (path !== undefined) return [path.slice(0, path[0] === "components" ? 3 : 2)];
    if (key !== "security" || !Array.isArray(each)) return partsIn(each, document);
    return each.filter(isObject).flatMap((names) => Object.keys(names).map((name) => [...schemes, name]));
  });
}
