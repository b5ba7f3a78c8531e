import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  objectAt,
  type Path,
  referencePath,
  stringAt,
  valueAt,
} from "./json.js";
import { type Kind, walkStructure } from "./structure.js";

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

/** Every operation of a document with its place in it. */
export function operationsOf(
  document: JsonObject,
): { operation: JsonObject; pathItem: JsonObject; url: string; method: string; path: Path }[] {
  return Object.entries(objectAt(document, "paths")).flatMap(([url, pathItem]) =>
    methods.flatMap((method) => {
      // Beside paths stand extensions, whatever they hold.
      if (!isObject(pathItem) || !url.startsWith("/")) return [];
      const operation = pathItem[method];
      return isObject(operation) ? [{ operation, pathItem, url, method, path: ["paths", url, method] }] : [];
    }),
  );
}

/** The parameters of an operation, resolved: its own, and those of its path that it does not declare anew. */
export function operationParameters(
  document: JsonObject,
  pathItem: JsonObject,
  operation: JsonObject,
): JsonObject[] {
  const resolved = (owner: JsonObject) =>
    arrayAt(owner, "parameters").flatMap((parameter) =>
      isObject(parameter) ? [resolveReference(document, parameter)] : [],
    );
  const own = resolved(operation);
  const isReplaced = (shared: JsonObject) =>
    own.some((parameter) => parameter["name"] === shared["name"] && parameter["in"] === shared["in"]);
  return [...resolved(pathItem).filter((parameter) => !isReplaced(parameter)), ...own];
}

/**
 * The names of the parameters in a URL. A template may say how a value is written, as in `{.format}` and `{path*}`, which is no
 * part of the name.
 */
export function urlParameters(url: string): string[] {
  return [...url.matchAll(/\{[+#./;]?([^{}]+?)\*?\}/g)].map((match) => match[1] ?? "");
}

/** What a parameter is known by among those of its operation: its name, and its place where another has that name too. */
export function parameterKey(parameter: JsonObject, all: readonly JsonObject[]): string {
  const name = String(parameter["name"]);
  const isShared = all.filter((other) => other["name"] === name).length > 1;
  return isShared ? `${String(parameter["in"])}:${name}` : name;
}

/** `object` itself, or what its local `$ref` leads to. */
export function resolveReference(document: JsonObject, object: JsonObject): JsonObject {
  const reference = stringAt(object, "$ref");
  if (reference === undefined) return object;
  const target = valueAt(document, referencePath(reference) ?? [reference]);
  return isObject(target) ? resolveReference(document, target) : object;
}

/** The one type to read a text as: null and the second of two types are never sent as themselves. */
export function typeName(type: Json | undefined): string {
  const named = [type ?? []].flat().filter((name) => name !== "null");
  return String(named[0] ?? "string");
}

/** The schema of a parameter or header, wherever it says it; resolved. */
export function valueSchema(document: JsonObject, { schema, content }: JsonObject): JsonObject {
  if (isObject(schema)) return resolveReference(document, schema);
  const [media] = isObject(content) ? Object.values(content) : [];
  return isObject(media) && isObject(media["schema"]) ? resolveReference(document, media["schema"]) : {};
}

/**
 * The part of an OpenAPI 3.1 document with the operations that one of `only` names (a tag, an operationId, or the beginning
 * of a path, which begins with `/`), and the components that these reach. Undefined when no operation is left.
 */
export function selectOperations(document: JsonObject, only: readonly string[]): JsonObject | undefined {
  const isChosen = (url: string, operation: JsonObject) =>
    only.some((each) =>
      each.startsWith("/")
        ? url.startsWith(each)
        : operation["operationId"] === each || arrayAt(operation, "tags").includes(each),
    );
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
  const visit = (value: JsonObject, kind: Kind): void => {
    walkStructure(
      value,
      (object) => {
        for (const path of referencesIn(object)) {
          const [root, group, name] = path;
          if (root !== "components" || group === undefined || name === undefined) continue;
          const key = JSON.stringify([group, name]);
          if (reached.has(key)) continue;
          reached.add(key);
          const target = valueAt(document, [root, group, name]);
          if (isObject(target)) visit({ [group]: { [name]: target } }, "components");
        }
      },
      kind,
    );
  };
  visit(outside, "document");
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

/** Everything that `object` itself refers to: by `$ref`, by the mapping of a discriminator, or as a security scheme by name. */
function* referencesIn(object: JsonObject): Generator<Path> {
  yield* securitySchemes(object["security"] ?? null);
  const reference = stringAt(object, "$ref");
  const mapped = Object.values(objectAt(objectAt(object, "discriminator"), "mapping"));
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
