import { operationsOf } from "./document.js";
import { arrayAt, isObject, type Json, type JsonObject, mapValues, objectAt, stringAt } from "./json.js";
import { type Path, referencePath, valueAt } from "./pointer.js";

/**
 * The part of an OpenAPI 3.1 document with the operations that have the tag `only`, or whose path begins with it, and the
 * components that these reach. Undefined when no operation is left.
 */
export function selectOperations(document: JsonObject, only: string): JsonObject | undefined {
  const isChosen = (url: string, operation: JsonObject) =>
    only.startsWith("/") ? url.startsWith(only) : arrayAt(operation, "tags").includes(only);
  const dropped = new Map<string, Set<string>>();
  let chosen = 0;
  for (const { url, method, operation } of operationsOf(document)) {
    if (isChosen(url, operation)) chosen++;
    else dropped.set(url, (dropped.get(url) ?? new Set()).add(method));
  }
  if (chosen === 0) return undefined;
  const paths = Object.entries(objectAt(document, "paths")).flatMap(([url, item]): [string, Json][] => {
    if (!isObject(item)) return [[url, item]];
    const left = without(item, dropped.get(url) ?? new Set());
    return operationsOf({ paths: { [url]: left } }).length > 0 ? [[url, left]] : [];
  });
  const { webhooks: _, ...rest } = document;
  const tags = arrayAt(document, "tags").filter((tag) => isUsedTag(tag, paths));
  return prune({
    ...rest,
    paths: Object.fromEntries(paths),
    ...(document["tags"] === undefined ? {} : { tags }),
  });
}

function without(item: JsonObject, methods: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !methods.has(name)));
}

function isUsedTag(tag: Json, paths: readonly [string, Json][]): boolean {
  const used = operationsOf({ paths: Object.fromEntries(paths) }).flatMap(({ operation }) =>
    arrayAt(operation, "tags"),
  );
  return isObject(tag) && tag["name"] !== undefined && used.includes(tag["name"]);
}

/** Drops components that nothing outside of the components reaches, through however many others. */
function prune(document: JsonObject): JsonObject {
  const { components, ...outside } = document;
  if (!isObject(components)) return document;
  const reached = new Set<string>();
  const visit = (value: Json): void => {
    for (const path of referencesIn(value)) {
      const [root, group, name] = path;
      if (root !== "components" || group === undefined || name === undefined) continue;
      const key = JSON.stringify([group, name]);
      if (reached.has(key)) continue;
      reached.add(key);
      visit(valueAt(document, [root, group, name]) ?? null);
    }
  };
  visit(outside);
  const kept = mapValues(components, (group, groupName) =>
    isObject(group) && !groupName.startsWith("x-")
      ? Object.fromEntries(
          Object.entries(group).filter(([name]) => reached.has(JSON.stringify([groupName, name]))),
        )
      : group,
  );
  const filled = Object.entries(kept).filter(
    ([, group]) => !isObject(group) || Object.keys(group).length > 0,
  );
  return filled.length === 0 ? outside : { ...outside, components: Object.fromEntries(filled) };
}

/** Everything that `value` refers to: by `$ref`, by the mapping of a discriminator, or as a security scheme by name. */
function* referencesIn(value: Json): Generator<Path> {
  if (Array.isArray(value)) for (const item of value) yield* referencesIn(item);
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === "x-ms-examples") continue;
    if (name === "security") yield* securitySchemes(member);
    yield* referencesIn(member);
  }
  const reference = stringAt(value, "$ref");
  const mapped = Object.values(objectAt(objectAt(value, "discriminator"), "mapping"));
  for (const target of [reference, ...mapped]) {
    if (typeof target === "string") yield referencePath(target) ?? ["components", "schemas", target];
  }
}

function* securitySchemes(requirements: Json): Generator<Path> {
  for (const requirement of Array.isArray(requirements) ? requirements : []) {
    if (!isObject(requirement)) continue;
    for (const name of Object.keys(requirement)) yield ["components", "securitySchemes", name];
  }
}
