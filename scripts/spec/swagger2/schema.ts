import {
  arrayAt,
  extensions,
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  objectAt,
  pick,
  stringAt,
} from "../json.js";
import { examplesOf, limits, nullable, sameKeywords, typeOf } from "../schema-forms.js";

/** What of a Swagger parameter or header belongs into its schema: everything that restricts the value. */
export const valueKeywords = [
  "type",
  "format",
  "items",
  "default",
  "enum",
  "maximum",
  "minimum",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "multipleOf",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
] as const;

/**
 * Converts a Swagger 2.0 schema. What stands beside a `$ref` is kept, since 3.1 gives it a meaning; a discriminator only
 * gets its 3.1 form here, the union is made of it later, for all kinds of documents.
 */
export function convertSchema(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const reference = stringAt(schema, "$ref");
  const discriminator = stringAt(schema, "discriminator");
  const { "x-nullable": canBeNull, ...kept } = extensions(schema);
  const converted: JsonObject = {
    ...(reference === undefined ? {} : { $ref: componentReference(reference) }),
    ...(isFile(schema) ? { type: "string", format: "binary" } : typeOf(schema)),
    ...pick(schema, sameKeywords),
    ...limits(schema),
    ...kept,
    ...innerSchemas(schema),
    ...examplesOf(schema),
    ...(discriminator === undefined ? {} : { discriminator: { propertyName: discriminator } }),
    ...values(schema),
  };
  return canBeNull === true ? nullable(converted) : converted;
}

/** `#/definitions/X` and its kin, in their OpenAPI 3 place. */
export function componentReference(reference: string): string {
  return reference
    .replace(/^#\/definitions\//, "#/components/schemas/")
    .replace(/^#\/parameters\//, "#/components/parameters/")
    .replace(/^#\/responses\//, "#/components/responses/");
}

function innerSchemas(schema: JsonObject): JsonObject {
  const inner: JsonObject = {};
  if (schema["properties"] !== undefined)
    inner["properties"] = mapValues(objectAt(schema, "properties"), convertSchema);
  const { items } = schema;
  // A list of schemas, one per place, goes by another name in 2020-12.
  if (Array.isArray(items)) inner["prefixItems"] = items.map(convertSchema);
  else if (items !== undefined) inner["items"] = convertSchema(items);
  if (schema["allOf"] !== undefined) inner["allOf"] = arrayAt(schema, "allOf").map(convertSchema);
  if (schema["additionalProperties"] !== undefined)
    inner["additionalProperties"] = convertSchema(schema["additionalProperties"]);
  return inner;
}

function isFile({ type, format }: JsonObject): boolean {
  return type === "file" || (type === "object" && format === "file");
}

/**
 * `x-ms-enum: { modelAsString: true }` on a model says that servers may send values that the list lacks. The list is
 * kept as the first alternative, so that readers still learn the known values.
 */
function values(schema: JsonObject): JsonObject {
  if (schema["enum"] === undefined) return {};
  const listed = pick(schema, ["enum"]);
  return objectAt(schema, "x-ms-enum")["modelAsString"] === true ? { anyOf: [listed, {}] } : listed;
}
