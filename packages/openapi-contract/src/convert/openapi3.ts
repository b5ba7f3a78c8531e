import {
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  type Path,
  pointer,
  stringAt,
} from "../document/json.js";
import {
  examplesOf,
  limits,
  mapInnerSchemas,
  mapSchemas,
  nullable,
  sameKeywords,
  typeOf,
} from "../document/schemas.js";
import { schemaMembers } from "../document/structure.js";
import { withKnownMembers } from "./members.js";
import type { Format } from "./repair.js";

/**
 * Converts an OpenAPI 3 document to 3.1, and tells of everything in it that 3.1 cannot say or that has a form the format
 * does not give it. `nullable` counts wherever it stands, beside a `$ref` too, where 3.0 ignores it by the letter and nobody
 * writes it for nothing.
 */
export function upgradeDocument(
  file: string,
  document: JsonObject,
  format: Format = "3.0",
  warn: OnWarning = () => undefined,
): JsonObject {
  const notes = new Notes(file, warn);
  if (format !== "3.0") checkDialect(document, notes);
  const convert = (schema: Json, path: Path): Json => {
    if (!isObject(schema)) return schema;
    const tidy = tidied(schema, path, notes);
    const inner = mapInnerSchemas(tidy, convert, path);
    return format === "3.0" ? upgradeSchema(tidy, inner) : modernSchema(inner, path, notes);
  };
  const converted = mapSchemas(withKnownMembers(document, notes.tell), convert);
  notes.flush();
  const version = format === "3.1" ? String(document["openapi"]) : "3.1.0";
  return { ...converted, openapi: version };
}

/** One warning for each thing to say, however often it is to be said. */
class Notes {
  readonly #first = new Map<string, { path: Path; count: number }>();

  constructor(
    readonly file: string,
    readonly warn: OnWarning,
  ) {}

  readonly tell = (path: Path, message: string): void => {
    const known = this.#first.get(message);
    if (known === undefined) this.#first.set(message, { path, count: 1 });
    else known.count++;
  };

  flush(): void {
    for (const [message, { path, count }] of this.#first) {
      const more = count === 1 ? "" : ` (and at ${count - 1} more places)`;
      this.warn({ file: this.file, pointer: pointer(path), message: message + more });
    }
  }
}

function upgradeSchema(schema: JsonObject, inner: JsonObject): JsonObject {
  const {
    nullable: canBeNull,
    example: _example,
    minimum: _minimum,
    maximum: _maximum,
    exclusiveMinimum: _exclusiveMinimum,
    exclusiveMaximum: _exclusiveMaximum,
    ...same
  } = inner;
  const upgraded = { ...typeOf(schema), ...same, ...limits(schema), ...examplesOf(schema) };
  return canBeNull === true ? nullable(upgraded) : upgraded;
}

/** A schema of 3.1 with words of 3.0, which have no meaning there by the letter and are not written for nothing. */
function modernSchema(schema: JsonObject, path: Path, notes: Notes): JsonObject {
  const { nullable: canBeNull, ...rest } = schema;
  const isOld =
    typeof rest["exclusiveMinimum"] === "boolean" || typeof rest["exclusiveMaximum"] === "boolean";
  if (canBeNull !== undefined)
    notes.tell(
      [...path, "nullable"],
      "nullable is a keyword of OpenAPI 3.0; it is read as it is meant there",
    );
  if (isOld) notes.tell(path, "an exclusive limit is a number in OpenAPI 3.1; the flag is read as in 3.0");
  const { minimum: _, maximum: __, exclusiveMinimum: ___, exclusiveMaximum: ____, ...others } = rest;
  const modern = isOld ? { ...others, ...limits(rest) } : rest;
  return canBeNull === true ? nullable(modern) : modern;
}

const types = new Set(["string", "number", "integer", "boolean", "array", "object", "null"]);

/** A schema whose keywords have values of the right form. What has another is left out, unless its meaning is clear. */
function tidied(schema: JsonObject, path: Path, notes: Notes): JsonObject {
  const result = { ...schema };
  const drop = (keyword: string, message: string) => {
    notes.tell([...path, keyword], `${message}; it is left out`);
    delete result[keyword];
  };
  for (const keyword of Object.keys(schema)) {
    if (!known.has(keyword) && !keyword.startsWith("x-"))
      notes.tell([...path, keyword], `${keyword} is not a keyword that is known here; nothing is made of it`);
  }
  const { type, required, discriminator, items } = schema;
  const named = [type ?? []].flat();
  const wrong = named.filter((name) => typeof name !== "string" || !types.has(name));
  if (wrong.length > 0) drop("type", `${JSON.stringify(wrong[0])} is not a type`);
  if (required !== undefined && !isTexts(required)) drop("required", "required must be a list of names");
  for (const keyword of ["enum", "examples"])
    if (schema[keyword] !== undefined && !Array.isArray(schema[keyword]))
      drop(keyword, `${keyword} must be a list`);
  if (typeof schema["pattern"] === "string" && !isPattern(schema["pattern"]))
    drop("pattern", "this pattern is not a regular expression of JavaScript");
  if (typeof discriminator === "string") {
    notes.tell(
      [...path, "discriminator"],
      "a discriminator is an object in OpenAPI 3; the text is read as its propertyName",
    );
    result["discriminator"] = { propertyName: discriminator };
  } else if (
    discriminator !== undefined &&
    stringAt(isObject(discriminator) ? discriminator : {}, "propertyName") === undefined
  ) {
    drop("discriminator", "a discriminator needs a propertyName");
  } else if (isObject(discriminator) && discriminator["defaultMapping"] !== undefined) {
    const { defaultMapping: _, ...kept } = discriminator;
    notes.tell([...path, "discriminator"], "defaultMapping has no form in OpenAPI 3.1; it is left out");
    result["discriminator"] = kept;
  }
  if (Array.isArray(items)) {
    notes.tell([...path, "items"], "items is a list; it is read as prefixItems");
    delete result["items"];
    result["prefixItems"] = items;
  }
  return result;
}

function isTexts(value: Json): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isPattern(text: string): boolean {
  return ["u", ""].some((flags) => {
    try {
      return new RegExp(text, flags) !== undefined;
    } catch {
      return false;
    }
  });
}

/** Keywords without schemas in them that may stand in a schema of an OpenAPI 3.1 document, beside those of 3.0. */
const plainKeywords = [
  ...sameKeywords,
  "$ref",
  "$comment",
  "$schema",
  "type",
  "format",
  "enum",
  "const",
  "examples",
  "example",
  "nullable",
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
  "https://spec.openapis.org/oas/3.2/dialect/base",
  "https://json-schema.org/draft/2020-12/schema",
]);

function isKnownDialect(dialect: Json): boolean {
  return (
    typeof dialect === "string" &&
    (dialects.has(dialect.replace(/#$/, "")) ||
      /^https:\/\/spec\.openapis\.org\/oas\/3\.[12]\/dialect\//.test(dialect))
  );
}

/** References by other dialects of JSON Schema could mean anything; their keywords mostly mean the same. */
function checkDialect(document: JsonObject, notes: Notes): void {
  const dialect = document["jsonSchemaDialect"];
  const message = "is a dialect of JSON Schema that is not known here; it is read as draft 2020-12";
  if (dialect !== undefined && !isKnownDialect(dialect))
    notes.tell(["jsonSchemaDialect"], `${String(dialect)} ${message}`);
  mapSchemas(document, function visit(schema, path): Json {
    if (!isObject(schema)) return schema;
    const { $schema } = schema;
    if ($schema !== undefined && !isKnownDialect($schema))
      notes.tell([...path, "$schema"], `${String($schema)} ${message}`);
    return mapInnerSchemas(schema, visit, path);
  });
}
