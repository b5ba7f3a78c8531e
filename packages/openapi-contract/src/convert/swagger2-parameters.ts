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
} from "../document/json.js";
import { examplesOf, limits, nullable, sameKeywords, typeOf } from "../document/schemas.js";

/** What of a Swagger parameter or header belongs into its schema: everything that restricts the value. */
const valueKeywords = [
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
  const { "x-nullable": marked, ...kept } = extensions(schema);
  const canBeNull = marked === true || schema["nullable"] === true;
  const converted: JsonObject = {
    ...(reference === undefined ? {} : { $ref: componentReference(reference) }),
    ...(isFile(schema) ? { type: "string", format: "binary" } : typeOf(schema)),
    ...pick(schema, [...sameKeywords, "const"]),
    ...limits(schema),
    ...kept,
    ...innerSchemas(schema),
    ...examplesOf(schema),
    ...(discriminator === undefined ? {} : { discriminator: { propertyName: discriminator } }),
    ...values(schema),
  };
  return canBeNull ? nullable(converted) : converted;
}

/** `#/definitions/X` and its kin, in their OpenAPI 3 place. */
function componentReference(reference: string): string {
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
  // Swagger 2.0 has only allOf, but what documents mean by the others is beyond doubt.
  for (const keyword of ["allOf", "anyOf", "oneOf"])
    if (schema[keyword] !== undefined) inner[keyword] = arrayAt(schema, keyword).map(convertSchema);
  for (const keyword of ["not", "propertyNames"])
    if (schema[keyword] !== undefined) inner[keyword] = convertSchema(schema[keyword]);
  if (schema["patternProperties"] !== undefined)
    inner["patternProperties"] = mapValues(objectAt(schema, "patternProperties"), convertSchema);
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

/** Converts a parameter that OpenAPI 3 still calls one: in the query, the path, a header. */
export function convertParameter(parameter: JsonObject): JsonObject {
  const reference = stringAt(parameter, "$ref");
  if (reference !== undefined) return { $ref: componentReference(reference) };
  return {
    ...pick(parameter, ["name", "in", "description", "required", "allowEmptyValue"]),
    ...serialization(parameter),
    ...(parameter["in"] === "path" ? { required: true } : {}),
    schema: convertSchema(parameter["schema"] ?? pick(parameter, valueKeywords)),
    ...extensions(parameter),
  };
}

/** The request body that the body or form parameters of an operation stand for; undefined without any. */
export function convertBody(
  parameters: readonly JsonObject[],
  consumes: readonly string[],
): JsonObject | undefined {
  const body = parameters.find((parameter) => parameter["in"] === "body");
  if (body !== undefined) return bodyOf(body, consumes);
  const fields = parameters.filter((parameter) => parameter["in"] === "formData");
  return fields.length === 0 ? undefined : formOf(fields, consumes);
}

function bodyOf(body: JsonObject, consumes: readonly string[]): JsonObject {
  const media = { schema: convertSchema(body["schema"] ?? {}) };
  const types = consumes.length === 0 ? ["application/json"] : consumes;
  return {
    ...pick(body, ["description", "required"]),
    content: Object.fromEntries(types.map((type) => [type, structuredClone(media)])),
    // OpenAPI 3 has no name for a body, but examples and generated code speak of it by name.
    "x-body-name": body["name"] ?? "body",
    ...extensions(body),
  };
}

function formOf(fields: readonly JsonObject[], consumes: readonly string[]): JsonObject {
  const hasFile = fields.some((field) => field["type"] === "file");
  const types = consumes.filter((type) => type.startsWith("multipart/") || type.endsWith("urlencoded"));
  const fallback = hasFile ? "multipart/form-data" : "application/x-www-form-urlencoded";
  const required = fields.flatMap((field) => (field["required"] === true ? [field["name"] ?? ""] : []));
  const properties: JsonObject = {};
  for (const field of fields) {
    const schema = { ...pick(field, [...valueKeywords, "description"]), ...extensions(field) };
    properties[String(field["name"])] = convertSchema(schema);
  }
  const schema = { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
  const media = { schema, ...encodingOf(fields) };
  return {
    ...(required.length > 0 ? { required: true } : {}),
    content: Object.fromEntries(
      (types.length === 0 ? [fallback] : types).map((type) => [type, structuredClone(media)]),
    ),
  };
}

/** How the arrays among the fields of a form are written. */
function encodingOf(fields: readonly JsonObject[]): JsonObject {
  const arrays = fields.filter((field) => field["type"] === "array");
  if (arrays.length === 0) return {};
  return {
    encoding: Object.fromEntries(arrays.map((field) => [String(field["name"]), styleOf(field)])),
  };
}

const styles: Readonly<Record<string, JsonObject>> = {
  csv: { style: "form", explode: false },
  multi: { style: "form", explode: true },
  ssv: { style: "spaceDelimited", explode: false },
  pipes: { style: "pipeDelimited", explode: false },
};

/** How an array is written. In paths and headers the comma is the only way and OpenAPI 3's default. */
function serialization(parameter: JsonObject): JsonObject {
  if (parameter["in"] !== "query") return {};
  return {
    ...(parameter["type"] === "array" ? styleOf(parameter) : {}),
    // OpenAPI 3 has a word for it in queries only; elsewhere the extension alone says it.
    ...(parameter["x-ms-skip-url-encoding"] === true ? { allowReserved: true } : {}),
  };
}

function styleOf(parameter: JsonObject): JsonObject {
  return styles[stringAt(parameter, "collectionFormat") ?? "csv"] ?? {};
}

export function convertResponse(response: JsonObject, produces: readonly string[]): JsonObject {
  const reference = stringAt(response, "$ref");
  if (reference !== undefined) return { $ref: componentReference(reference) };
  const headers = Object.entries(objectAt(response, "headers")).map(([name, header]): [string, Json] => [
    name,
    isObject(header)
      ? {
          ...pick(header, ["description"]),
          schema: convertSchema(pick(header, valueKeywords)),
          ...extensions(header),
        }
      : header,
  ]);
  return {
    description: response["description"] ?? "",
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    ...contentOf(response, produces),
    ...extensions(response),
  };
}

function contentOf(response: JsonObject, produces: readonly string[]): JsonObject {
  const examples = objectAt(response, "examples");
  const types = new Set([...(response["schema"] === undefined ? [] : produces), ...Object.keys(examples)]);
  if (types.size === 0) return {};
  const schema = response["schema"];
  const media = (type: string): JsonObject => ({
    ...(schema === undefined ? {} : { schema: convertSchema(schema) }),
    ...(examples[type] === undefined ? {} : { example: examples[type] }),
  });
  return { content: Object.fromEntries([...types].map((type) => [type, media(type)])) };
}

/** The media types that `owner` names under `key`, else those of the document, else `fallback`. */
export function mediaTypes(owner: JsonObject, document: JsonObject, key: "consumes" | "produces"): string[] {
  const named = owner[key] === undefined ? document : owner;
  return arrayAt(named, key).flatMap((type) => (typeof type === "string" ? [type] : []));
}
