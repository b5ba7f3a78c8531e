import { isObject, type Json, type JsonObject, type Path, type Problem, pointer } from "../document/json.js";
import {
  examplesOf,
  limits,
  mapInnerSchemas,
  mapSchemas,
  nullable,
  sameKeywords,
  schemaMembers,
  typeOf,
} from "../document/schemas.js";

/**
 * Converts a valid OpenAPI 3.0 document to 3.1. Only schemas differ. `nullable` counts wherever it stands, beside a `$ref`
 * too, where 3.0 ignores it by the letter and nobody writes it for nothing.
 */
export function upgradeDocument(document: JsonObject): JsonObject {
  return { ...mapSchemas(document, upgradeSchema), openapi: "3.1.0" };
}

function upgradeSchema(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const {
    nullable: canBeNull,
    example: _example,
    minimum: _minimum,
    maximum: _maximum,
    exclusiveMinimum: _exclusiveMinimum,
    exclusiveMaximum: _exclusiveMaximum,
    ...same
  } = mapInnerSchemas(schema, upgradeSchema);
  const upgraded = { ...typeOf(schema), ...same, ...limits(schema), ...examplesOf(schema) };
  return canBeNull === true ? nullable(upgraded) : upgraded;
}

/** Keywords without schemas in them that may stand in a schema of an OpenAPI 3.1 document, beside those of 3.0. */
const plainKeywords = [
  ...sameKeywords,
  "$ref",
  "$comment",
  "type",
  "format",
  "enum",
  "const",
  "examples",
  "example",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minContains",
  "maxContains",
  "dependentRequired",
  "contentEncoding",
  "contentMediaType",
  "discriminator",
] as const;

const known = new Set<string>([...plainKeywords, ...Object.keys(schemaMembers)]);

const dialects = new Set([
  "https://spec.openapis.org/oas/3.1/dialect/base",
  "https://json-schema.org/draft/2020-12/schema",
]);

/**
 * Schemas of 3.1 may hold any keyword. One that no step reads would be lost in types and checks without a word:
 * references by anchor, other dialects, misspelt names.
 */
export function unknownKeywords(file: string, document: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const visit = (schema: Json, path: Path): Json => {
    if (!isObject(schema)) return schema;
    for (const keyword of Object.keys(schema)) {
      if (known.has(keyword) || keyword.startsWith("x-")) continue;
      const message = "is not a keyword that is known here (extensions begin with x-)";
      problems.push({ file, pointer: pointer([...path, keyword]), message });
    }
    return mapInnerSchemas(schema, visit, path);
  };
  mapSchemas(document, visit);
  const dialect = document["jsonSchemaDialect"];
  if (dialect !== undefined && !dialects.has(String(dialect))) {
    const message = "is a dialect of JSON Schema that is not known here";
    problems.push({ file, pointer: pointer(["jsonSchemaDialect"]), message });
  }
  return problems;
}
