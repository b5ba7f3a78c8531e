import { isDeepStrictEqual } from "node:util";
import { type Document, parseDocument } from "yaml";
import { isObject, type Json, type JsonObject } from "../document/json.js";

/** What stays ours wherever it stands: words, and our own examples. */
const kept = new Set(["description", "summary", "title", "externalDocs", "x-ms-examples"]);
const sections = ["paths", "parameters", "definitions", "responses"] as const;

/**
 * Our specification with the structure that the vendor's document gives our operations now, and all below `prefix`. What
 * did not change stays as it was written, comments and words included. What is new comes without words: those are ours to
 * write.
 */
export function updateSpecification(text: string, upstream: JsonObject, prefix: string): string {
  const document = parseDocument(text);
  const ours = document.toJS();
  const theirs = reachableParts(upstream, (url) => url.startsWith(prefix) || Object.hasOwn(ours.paths, url));
  for (const section of sections) {
    const [before, after] = [ours[section], theirs[section]].map((part) => (isObject(part) ? part : {}));
    merge(document, [section], before ?? {}, after ?? {});
  }
  const version = isObject(upstream["info"]) ? upstream["info"]["version"] : undefined;
  if (version !== undefined && version !== ours.info.version) document.setIn(["info", "version"], version);
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}

type Place = readonly (string | number)[];

function merge(document: Document, place: Place, ours: Json, theirs: Json): void {
  if (isDeepStrictEqual(withoutWords(ours, place), withoutWords(theirs, place))) return;
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
    for (const [at, each] of ours.entries()) merge(document, [...place, at], each, theirs[at] ?? null);
  } else if (isObject(ours) && isObject(theirs)) {
    mergeMembers(document, place, ours, theirs);
  } else {
    document.setIn(place, document.createNode(withoutWords(theirs, place)));
  }
}

function mergeMembers(document: Document, place: Place, ours: JsonObject, theirs: JsonObject): void {
  const isWord = wordsOf(place);
  for (const [key, value] of Object.entries(theirs)) {
    if (isWord(key)) continue;
    const before = ours[key];
    if (before !== undefined) merge(document, [...place, key], before, value);
    else document.setIn([...place, key], document.createNode(withoutWords(value, [...place, key])));
  }
  for (const key of Object.keys(ours)) {
    if (!isWord(key) && theirs[key] === undefined) document.deleteIn([...place, key]);
  }
}

function withoutWords(value: Json, place: Place): Json {
  if (Array.isArray(value)) return value.map((each, at) => withoutWords(each, [...place, at]));
  if (!isObject(value)) return value;
  const isWord = wordsOf(place);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) =>
      isWord(key) ? [] : [[key, withoutWords(each, [...place, key])]],
    ),
  );
}

/** Below `properties` and the like, a key is a name and not a word, whatever it is called. */
function wordsOf(place: Place): (key: string) => boolean {
  const holdsNames = ["properties", "definitions", "parameters", "paths"].includes(String(place.at(-1)));
  return (key) => !holdsNames && kept.has(key);
}

/** The chosen paths of a Swagger 2.0 document, and what they need of its other sections. */
function reachableParts(document: JsonObject, isChosen: (url: string) => boolean): JsonObject {
  const paths = Object.entries(membersOf(document["paths"])).filter(([url]) => isChosen(url));
  const parts: Record<string, Record<string, Json>> = { paths: Object.fromEntries(paths) };
  const visit = (value: Json): void => {
    for (const [section, name] of referencesIn(value)) {
      const found = membersOf(document[section])[name];
      if (found === undefined || parts[section]?.[name] !== undefined) continue;
      parts[section] = { ...parts[section], [name]: found };
      visit(found);
    }
  };
  for (const [, item] of paths) visit(item);
  return parts;
}

function referencesIn(value: Json): (readonly [section: string, name: string])[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const target = key === "$ref" && /^#\/(\w+)\/(.+)$/.exec(String(each));
    return target ? [[target[1] ?? "", target[2] ?? ""] as const] : referencesIn(each);
  });
}

function membersOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
