import { isObject, type Json, type JsonObject } from "../spec/index.js";

/** What a schema is to a caller in TypeScript: `unknown` where that cannot be said for sure. */
export function typeText(schema: Json | undefined): string {
  if (!isObject(schema)) return "unknown";
  const { $ref: reference, allOf, oneOf, anyOf, type } = schema;
  if (typeof reference === "string") return modelText(reference);
  if (isOpenList(schema)) return "string";
  if (Array.isArray(allOf)) return joined([...allOf, withoutAllOf(schema)].map(typeText), "&");
  const union = oneOf ?? anyOf;
  if (Array.isArray(union)) return joined(union.map(typeText), "|");
  const literals = literalsOf(schema);
  if (literals.length > 0) return literals.join(" | ");
  if (Array.isArray(type))
    return joined(
      type.map((each) => typeText({ ...schema, type: each })),
      "|",
    );
  return singleType(schema);
}

/** The values of a closed list, as literals. */
export function literalsOf(schema: Json | undefined): string[] {
  if (!isObject(schema)) return [];
  const listed = schema["const"] === undefined ? schema["enum"] : [schema["const"]];
  return Array.isArray(listed) ? listed.map((value) => JSON.stringify(value)) : [];
}

/** The values beside which a server may send others. They are texts to the compiler. */
function isOpenList({ anyOf, "x-ms-enum": named }: JsonObject): boolean {
  const [listed] = Array.isArray(anyOf) ? anyOf : [];
  return named !== undefined && isObject(listed) && Array.isArray(listed["enum"]);
}

function modelText(reference: string): string {
  const name = /^#\/components\/schemas\/([^/]+)$/.exec(reference)?.[1];
  return name === undefined ? "unknown" : `Schemas[${JSON.stringify(decodeURIComponent(name))}]`;
}

function withoutAllOf({ allOf: _, ...rest }: JsonObject): Json {
  return rest["properties"] === undefined ? {} : rest;
}

function joined(texts: readonly string[], sign: "&" | "|"): string {
  // `unknown` adds nothing to an intersection; a union with it is nothing but unknown.
  const known = texts.filter((text) => text !== "unknown");
  if (known.length === 0 || (sign === "|" && known.length < texts.length)) return "unknown";
  return known.length === 1 ? known.join() : known.map((text) => `(${text})`).join(` ${sign} `);
}

function singleType(schema: JsonObject): string {
  switch (schema["type"]) {
    case "string":
      return schema["format"] === "binary" ? "Blob | Uint8Array" : "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
    case "null":
      return schema["type"];
    case "array":
      return listText(typeText(schema["items"]));
    default:
      return isObject(schema["properties"]) ? objectText(schema, schema["properties"]) : "unknown";
  }
}

function listText(entry: string): string {
  return entry === "unknown" ? "unknown" : `(${entry})[]`;
}

function objectText(schema: JsonObject, properties: JsonObject): string {
  const required = requiredOf(schema);
  const members = Object.entries(properties).map(
    ([name, property]) => `${JSON.stringify(name)}${required.has(name) ? "" : "?"}: ${typeText(property)}`,
  );
  return `{ ${members.join("; ")} }`;
}

export function requiredOf(schema: JsonObject): Set<string> {
  const { required } = schema;
  return new Set(Array.isArray(required) ? required.map(String) : []);
}
