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

/** Keywords that mean the same in a Swagger 2.0 schema and in JSON Schema 2020-12. */
const sameKeywords = [
  "title",
  "description",
  "default",
  "multipleOf",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
  "maxProperties",
  "minProperties",
  "required",
  "readOnly",
  "xml",
  "externalDocs",
] as const;

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

/** From a discriminator's value to the definition it stands for, per base definition. */
export type DiscriminatorMapping = (base: string) => JsonObject;

/** Converts a Swagger 2.0 schema. `name` is given for a definition: only those can be a base with a discriminator. */
export function convertSchema(schema: Json, mapping: DiscriminatorMapping, name?: string): Json {
  if (!isObject(schema)) return schema;
  const convert = (inner: Json) => convertSchema(inner, mapping);
  const reference = stringAt(schema, "$ref");
  if (reference !== undefined) {
    return nullable(schema, {
      $ref: componentReference(reference),
      ...pick(schema, ["title", "description"]),
    });
  }
  const result: JsonObject = {
    ...typeOf(schema),
    ...pick(schema, sameKeywords),
    ...limits(schema),
    ...extensions(schema),
  };
  delete result["x-nullable"];
  if (schema["properties"] !== undefined)
    result["properties"] = mapValues(objectAt(schema, "properties"), convert);
  if (schema["items"] !== undefined) result["items"] = convert(schema["items"]);
  if (schema["allOf"] !== undefined) result["allOf"] = arrayAt(schema, "allOf").map(convert);
  if (schema["additionalProperties"] !== undefined) {
    result["additionalProperties"] = convert(schema["additionalProperties"]);
  }
  if (schema["example"] !== undefined) result["examples"] = [schema["example"]];
  const discriminator = stringAt(schema, "discriminator");
  if (discriminator !== undefined) {
    result["discriminator"] = { propertyName: discriminator, ...(name === undefined ? {} : mapping(name)) };
  }
  return nullable(schema, { ...result, ...values(schema) });
}

/** `#/definitions/X` and its kin, in their OpenAPI 3 place. */
export function componentReference(reference: string): string {
  return reference
    .replace(/^#\/definitions\//, "#/components/schemas/")
    .replace(/^#\/parameters\//, "#/components/parameters/")
    .replace(/^#\/responses\//, "#/components/responses/");
}

/** Documents leave `type: object` out of models; the properties tell. `file` is a run of bytes. */
function typeOf(schema: JsonObject): JsonObject {
  const { type, format } = schema;
  if (type === "file" || (type === "object" && format === "file"))
    return { type: "string", format: "binary" };
  const named = pick(schema, ["type", "format"]);
  return type === undefined && schema["properties"] !== undefined ? { type: "object", ...named } : named;
}

/** In JSON Schema 2020-12 an exclusive limit is a number of its own, not a flag beside the limit. */
function limits(schema: JsonObject): JsonObject {
  const limit = (
    name: "maximum" | "minimum",
    exclusive: "exclusiveMaximum" | "exclusiveMinimum",
  ): JsonObject => {
    const value = schema[name];
    if (value === undefined) return {};
    return schema[exclusive] === true ? { [exclusive]: value } : { [name]: value };
  };
  return { ...limit("minimum", "exclusiveMinimum"), ...limit("maximum", "exclusiveMaximum") };
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

function nullable(schema: JsonObject, converted: JsonObject): JsonObject {
  if (schema["x-nullable"] !== true) return converted;
  const { type } = converted;
  if (typeof type !== "string" || "anyOf" in converted) return { anyOf: [converted, { type: "null" }] };
  const listed = converted["enum"];
  return {
    ...converted,
    type: [type, "null"],
    ...(Array.isArray(listed) ? { enum: [...listed, null] } : {}),
  };
}
