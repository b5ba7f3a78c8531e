import { isObject, type Json, type JsonObject } from "../json.js";
import { type Path, pointer } from "../pointer.js";
import type { Problem } from "../problem.js";
import { sameKeywords } from "../schema-forms.js";
import { mapInnerSchemas, mapSchemas, schemaMembers } from "../schema-places.js";

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
