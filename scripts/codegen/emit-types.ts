import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import ts from "typescript";
import type { JsonObject } from "../spec/index.js";

const { factory } = ts;

/** The schema types of a document, by openapi-typescript, with two meanings it does not know. */
export async function emitTypes(document: JsonObject): Promise<string> {
  const copy = structuredClone(document);
  if (!isOpenApi3(copy)) throw new Error("types are made from OpenAPI 3 documents only");
  const nodes = await openapiTS(copy, {
    silent: true,
    // A default is what the server assumes, not what a caller must write.
    defaultNonNullable: false,
    transform: (schema) => (isBinary(schema) ? bytes() : openEnum(schema)),
  });
  return astToString(nodes);
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
