import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import ts from "typescript";
import { isObject, type Json, type JsonObject, mapValues } from "../spec/index.js";
import { hoistDefinitions } from "./hoist-definitions.js";
import { nameRecursiveTypes } from "./recursive-types.js";

const { factory } = ts;

/** The schema types of a document, by openapi-typescript, with two meanings it does not know. */
export async function emitTypes(document: JsonObject): Promise<string> {
  const copy = forTypes(hoistDefinitions(document));
  if (!isOpenApi3(copy)) throw new Error("types are made from OpenAPI 3 documents only");
  const nodes = await openapiTS(copy, {
    silent: true,
    // A default is what the server assumes, not what a caller must write.
    defaultNonNullable: false,
    // An object nobody describes may hold anything; the other reading is that it is empty.
    emptyObjectsUnknown: true,
    transform: (schema) => (isBinary(schema) ? bytes() : openEnum(schema)),
  });
  return astToString(nameRecursiveTypes(nodes));
}

/**
 * A copy without what types are not made from. Discriminators are among it: the types that they tell apart have their
 * constants already, and openapi-typescript would write them a second time, in another way.
 */
function forTypes(document: JsonObject): JsonObject {
  const strip = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(strip);
    if (!isObject(value)) return value;
    const kept = Object.entries(withSchema(value)).filter(
      ([name, member]) => name !== "x-ms-examples" && !(name === "discriminator" && isDiscriminator(member)),
    );
    return Object.fromEntries(kept.map(([name, member]) => [name, strip(member)]));
  };
  return mapValues(document, strip);
}

/** A parameter that has its schema below a content type is taken for a text otherwise. */
function withSchema(value: JsonObject): JsonObject {
  const { name, in: place, content } = value;
  if (typeof name !== "string" || typeof place !== "string" || !isObject(content)) return value;
  const [media] = Object.values(content);
  return isObject(media) && isObject(media["schema"]) ? { ...value, schema: media["schema"] } : value;
}

function isDiscriminator(value: Json): boolean {
  return isObject(value) && typeof value["propertyName"] === "string";
}

/** The pipeline has validated the document against the official schema before it comes here. */
function isOpenApi3(document: JsonObject): document is JsonObject & OpenAPI3 {
  return String(document["openapi"]).startsWith("3.");
}

function isBinary(schema: object): boolean {
  return "format" in schema && schema.format === "binary";
}

function bytes(): ts.TypeNode {
  const types = ["Blob", "Uint8Array"].map((name) => factory.createTypeReferenceNode(name));
  return factory.createUnionTypeNode(types);
}

/** `"A" | "B" | (string & {})`: an editor offers the known values, the compiler lets every other text pass. */
function openEnum(schema: object): ts.TypeNode | undefined {
  if (!("x-ms-enum" in schema) || !("anyOf" in schema) || !Array.isArray(schema.anyOf)) return undefined;
  const [listed] = schema.anyOf;
  const known = listed?.enum;
  if (!Array.isArray(known) || !known.every((value) => typeof value === "string")) return undefined;
  const literals = known.map((value) => factory.createLiteralTypeNode(factory.createStringLiteral(value)));
  const anyText = factory.createIntersectionTypeNode([
    factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword),
    factory.createTypeLiteralNode([]),
  ]);
  return factory.createUnionTypeNode([...literals, factory.createParenthesizedType(anyText)]);
}
