import { isObject, type Json, type JsonObject } from "../spec/index.js";

/** The chosen paths of a Swagger 2.0 document, and what they need of its other sections. */
export function reachableParts(document: JsonObject, isChosen: (url: string) => boolean): JsonObject {
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
