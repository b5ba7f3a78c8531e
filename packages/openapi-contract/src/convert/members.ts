import { isObject, type JsonObject, objectAt, type Path, stringAt } from "../document/json.js";
import { type ConvertPart, type Kind, mapParts } from "../document/structure.js";

/** The members that the objects of OpenAPI 3.1 have, beside extensions. Schemas may have any. */
const known: Partial<Readonly<Record<Kind, string>>> = {
  document: "openapi info jsonSchemaDialect servers paths webhooks components security tags externalDocs",
  components:
    "schemas responses parameters examples requestBodies headers securitySchemes links callbacks pathItems",
  pathItem: "$ref summary description servers parameters get put post delete options head patch trace",
  operation:
    "tags summary description externalDocs operationId parameters requestBody responses callbacks deprecated security servers",
  parameter:
    "name in description required deprecated allowEmptyValue style explode allowReserved schema content example examples",
  header: "description required deprecated style explode schema content example examples",
  body: "description content required",
  response: "description headers content links",
  media: "schema example examples encoding",
  encoding: "contentType headers style explode allowReserved",
  example: "summary description value externalValue",
  link: "operationRef operationId parameters requestBody description server",
  securityScheme: "type description name in scheme bearerFormat flows openIdConnectUrl",
};

const members = new Map(Object.entries(known).map(([kind, names]) => [kind, new Set(names.split(" "))]));

/** Members that OpenAPI 3.2 has and whose loss changes what can be sent or received. */
const lost: Readonly<Record<string, string>> = {
  query: "an operation of the method QUERY",
  additionalOperations: "an operation of another method",
  itemSchema: "the schema of the items of a stream",
  itemEncoding: "the encoding of the items of a stream",
  prefixEncoding: "the encoding of parts by their place",
};

/**
 * A copy of an OpenAPI 3 document with nothing in it that has no place in 3.1. Each thing that is left out, or added because
 * the format asks for it, is told.
 */
export function withKnownMembers(
  document: JsonObject,
  tell: (path: Path, message: string) => void,
): JsonObject {
  const convert: ConvertPart = (part, kind, path) => {
    if (kind === "schema" || !isObject(part)) return part;
    if (kind === "parameter" && !isParameter(part)) {
      tell(
        path,
        `a parameter needs a name and one of the places query, path, header, cookie; it is left out`,
      );
      return undefined;
    }
    return mapParts(completed(allowed(modern(part, kind), kind, path, tell), kind), kind, convert, path);
  };
  const own = allowed(document, "document", [], tell);
  return mapParts(own, "document", convert, []);
}

function isParameter(parameter: JsonObject): boolean {
  if (parameter["$ref"] !== undefined) return true;
  const isPlace = ["query", "path", "header", "cookie"].includes(stringAt(parameter, "in") ?? "");
  return isPlace && typeof parameter["name"] === "string";
}

function allowed(
  object: JsonObject,
  kind: Kind,
  path: Path,
  tell: (path: Path, message: string) => void,
): JsonObject {
  const names = members.get(kind);
  if (names === undefined) return object;
  const isReference = object["$ref"] !== undefined && kind !== "pathItem";
  const isKnown = (name: string) =>
    isReference
      ? ["$ref", "summary", "description"].includes(name)
      : names.has(name) || name.startsWith("x-");
  return Object.fromEntries(
    Object.entries(object).filter(([name]) => {
      if (isKnown(name)) return true;
      const what = lost[name] ?? name;
      const reason = isReference
        ? "has no meaning beside a reference"
        : `has no place in ${article(kind)} of OpenAPI 3.1`;
      tell([...path, name], `${what} ${reason}; it is left out`);
      return false;
    }),
  );
}

function article(kind: Kind): string {
  const long: Partial<Readonly<Record<Kind, string>>> = { body: "request body", media: "media type" };
  const words = long[kind] ?? kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return /^[aeiou]/.test(words) ? `an ${words}` : `a ${words}`;
}

/** What OpenAPI 3.2 says in a way of its own. */
function modern(object: JsonObject, kind: Kind): JsonObject {
  if (kind === "example" && object["dataValue"] !== undefined) {
    const { dataValue, serializedValue: _, ...rest } = object;
    return { ...rest, value: dataValue };
  }
  if (kind === "response" && object["summary"] !== undefined) {
    const { summary, ...rest } = object;
    return { description: summary, ...rest };
  }
  return object;
}

/** What OpenAPI 3.1 asks for and documents forget, where only one thing can be meant. */
function completed(object: JsonObject, kind: Kind): JsonObject {
  if (object["$ref"] !== undefined) return object;
  if (kind === "response" && typeof object["description"] !== "string") return { description: "", ...object };
  if (kind === "body" && !isObject(object["content"])) return { ...object, content: {} };
  const isValue = kind === "parameter" || kind === "header";
  if (!isValue) return object;
  const hasContent = Object.keys(objectAt(object, "content")).length > 0;
  const { content, ...rest } = object;
  const form: JsonObject =
    object["schema"] === undefined ? (hasContent ? { content: content ?? {} } : { schema: {} }) : {};
  return { ...rest, ...form, ...(object["in"] === "path" ? { required: true } : {}) };
}
