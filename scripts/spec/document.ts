import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from "./json.js";
import { type Path, referencePath, valueAt } from "./pointer.js";

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

/** `object` itself, or what its local `$ref` leads to. */
export function resolveReference(document: JsonObject, object: JsonObject): JsonObject {
  const reference = stringAt(object, "$ref");
  if (reference === undefined) return object;
  const target = valueAt(document, referencePath(reference) ?? [reference]);
  return isObject(target) ? resolveReference(document, target) : object;
}
