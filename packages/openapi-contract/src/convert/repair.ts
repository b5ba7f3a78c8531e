import { operationParameters, operationsOf, resolveReference, urlParameters } from "../document/document.js";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  objectAt,
  type Path,
  pointer,
  SpecError,
  stringAt,
} from "../document/json.js";

/** What a document is written in. */
export type Format = "2.0" | "3.0" | "3.1" | "3.2";

/**
 * The format of a document, and the document with its version as the format writes it. Throws SpecError when it is
 * something else than Swagger 2.0 or OpenAPI 3.
 */
export function recognize(
  file: string,
  document: JsonObject,
  warn: OnWarning,
): { format: Format; document: JsonObject } {
  const field = document["swagger"] === undefined ? "openapi" : "swagger";
  const written = document[field];
  const text = typeof written === "string" || typeof written === "number" ? String(written).trim() : "";
  const version = field === "swagger" ? /^2(?:\.0)?$/.exec(text) && "2.0" : openapiVersion(text);
  if (version === null || version === undefined) {
    const found = text === "" ? "" : `, got ${field} ${text}`;
    const message = `expected a Swagger 2.0 or an OpenAPI 3.0, 3.1 or 3.2 document${found}`;
    throw new SpecError([{ file, pointer: "#", message }]);
  }
  if (written !== version) {
    const message = `${JSON.stringify(written)} is read as ${JSON.stringify(version)}`;
    warn({ file, pointer: pointer([field]), message });
  }
  const [major, minor] = version.split(".");
  const format =
    (["2.0", "3.0", "3.1", "3.2"] as const).find((each) => each === `${major}.${minor}`) ?? "3.1";
  return { format, document: { ...document, [field]: version } };
}

function openapiVersion(text: string): string | undefined {
  if (/^3\.[0-2]\.\d+(-.+)?$/.test(text)) return text;
  const minor = /^3(?:\.([0-2])(?:\.x)?)?$/.exec(text)?.[1] ?? "0";
  return /^3(\.[0-2](\.x)?)?$/.test(text) ? `3.${minor}.0` : undefined;
}

/** The document with what is missing or ambiguous in its operations decided, each time with a warning that says how. */
export function repairOperations(file: string, document: JsonObject, warn: OnWarning): JsonObject {
  const result = structuredClone(withSlashes(file, document, warn));
  const tell = (path: Path, message: string) => warn({ file, pointer: pointer(path), message });
  dropRepeatedParameters(result, tell);
  declarePathParameters(result, tell);
  nameOperations(result, tell);
  return result;
}

type Tell = (path: Path, message: string) => void;

function withSlashes(file: string, document: JsonObject, warn: OnWarning): JsonObject {
  const paths = objectAt(document, "paths");
  const isWrong = (url: string) => !url.startsWith("/") && !url.startsWith("x-");
  if (!Object.keys(paths).some(isWrong)) return document;
  const named = Object.entries(paths).map(([url, item]): [string, Json] => {
    if (!isWrong(url)) return [url, item];
    const message = `a path begins with a slash; it is read as /${url}`;
    warn({ file, pointer: pointer(["paths", url]), message });
    return [`/${url}`, item];
  });
  return { ...document, paths: Object.fromEntries(named) };
}

function dropRepeatedParameters(document: JsonObject, tell: Tell): void {
  for (const [url, item] of Object.entries(objectAt(document, "paths"))) {
    if (!isObject(item)) continue;
    const owners = operationsOf({ paths: { [url]: item } });
    const lists: [JsonObject, Path][] = owners.map(({ operation, path }) => [operation, path]);
    for (const [owner, path] of [[item, ["paths", url]] as [JsonObject, Path], ...lists]) {
      const seen = new Set<string>();
      const kept = arrayAt(owner, "parameters").filter((parameter, index) => {
        const { in: place, name } = isObject(parameter) ? resolveReference(document, parameter) : {};
        if (typeof name !== "string") return true;
        const key = `${place} ${name}`;
        if (seen.has(key))
          tell(
            [...path, "parameters", index],
            `${place} parameter ${name} is there twice; the first one counts`,
          );
        return seen.size < seen.add(key).size;
      });
      if (owner["parameters"] !== undefined && seen.size > 0) owner["parameters"] = kept;
    }
  }
}

/** What a URL names and nothing declares can only be a text. */
function declarePathParameters(document: JsonObject, tell: Tell): void {
  for (const { operation, pathItem, url, path } of operationsOf(document)) {
    const declared = operationParameters(document, pathItem, operation).flatMap((parameter) =>
      parameter["in"] === "path" ? [parameter["name"]] : [],
    );
    for (const name of new Set(urlParameters(url))) {
      if (declared.includes(name)) continue;
      tell(path, `the path parameter {${name}} is not declared; it is read as a text`);
      const form: JsonObject =
        document["swagger"] === undefined ? { schema: { type: "string" } } : { type: "string" };
      operation["parameters"] = [
        ...arrayAt(operation, "parameters"),
        { name, in: "path", required: true, ...form },
      ];
    }
  }
}

/**
 * Gives every operation without an operationId one made of its method and URL, such as `GetPetsById` for
 * `GET /pets/{id}`, and every operation with the ID of another an ID of its own: everything that is generated goes by that
 * name.
 */
function nameOperations(document: JsonObject, tell: Tell): void {
  const operations = operationsOf(document);
  const taken = new Map<Json, Path>();
  const free = (name: string) =>
    [name, ...operations.map((_, index) => `${name}${index + 2}`)].find((each) => !taken.has(each)) ?? name;
  const all = new Set(operations.flatMap(({ operation }) => stringAt(operation, "operationId") ?? []));
  for (const { operation, path } of operations) {
    const id = operation["operationId"];
    if (id === undefined) continue;
    const earlier = taken.get(id);
    if (typeof id === "string" && id !== "" && earlier === undefined) {
      taken.set(id, path);
      continue;
    }
    if (typeof id !== "string" || id === "") {
      tell(
        [...path, "operationId"],
        `${JSON.stringify(id)} is no name; the operation gets one made of method and URL`,
      );
      delete operation["operationId"];
      continue;
    }
    let name = id;
    for (let number = 2; taken.has(name) || all.has(name); number++) name = `${id}${number}`;
    const place = pointer([...(earlier ?? path), "operationId"]);
    tell(
      [...path, "operationId"],
      `operationId ${id} is used before, at ${place}; here it is renamed ${name}`,
    );
    operation["operationId"] = name;
    taken.set(name, path);
  }
  for (const { operation, method, url, path } of operations) {
    if (operation["operationId"] !== undefined) continue;
    const words = `${method}/${url.replaceAll("{", "by-")}`
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => word !== "");
    const name = free(words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(""));
    operation["operationId"] = name;
    taken.set(name, path);
  }
}
