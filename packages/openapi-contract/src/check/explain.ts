import type { Ajv2020, ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { escapePart } from "../document/json.js";
import type { ViolationCode } from "./codes.js";
import { isMembers, missing, shown, type Violation, violation } from "./values.js";

/** Where the part of a schema that an error tells of stands in the document; undefined where that has no name. */
export type SchemaPlace = (part: unknown) => string | undefined;

/** The validator's errors as violations below `base`, one for each place and reason. */
export function explain(errors: readonly ErrorObject[], base: string, placeOf: SchemaPlace): Violation[] {
  const violations = tellingErrors(errors).map((error) =>
    violationOf(error, base, placeOf(error.parentSchema)),
  );
  return [...new Map(violations.map((each) => [each.pointer + each.message, each])).values()];
}

function violationOf(error: ErrorObject, base: string, schema: string | undefined): Violation {
  const { keyword, instancePath, params } = error;
  const place = `${base}${instancePath}`;
  switch (keyword) {
    case "required": {
      const name = shown(params["missingProperty"]);
      return missing("REQUIRED_PROPERTY_MISSING", place, `the property ${name}`, schema);
    }
    case "propertyNames": {
      const name = String(params["propertyName"]);
      const expected = `no property named ${shown(name)}`;
      const pointer = `${place}/${escapePart(name)}`;
      return violation({ code: "PROPERTY_NAME_INVALID", pointer, expected, schema });
    }
    case "dependencies":
    case "dependentRequired": {
      const { missingProperty, property } = params;
      const what = `the property ${shown(missingProperty)}, which ${shown(property)} requires`;
      return violation({ code: "DEPENDENT_PROPERTY_MISSING", pointer: place, expected: what, schema });
    }
    case "unevaluatedProperties":
    case "additionalProperties": {
      const name = String(params["unevaluatedProperty"] ?? params["additionalProperty"]);
      const pointer = `${place}/${escapePart(name)}`;
      return violation({ code: "UNKNOWN_PROPERTY", pointer, expected: "no property of this name", schema });
    }
    default: {
      const { code, expected, hidesValue } = wrongValue(error);
      const actual = hidesValue ? {} : { actual: error.data };
      return violation({ code, pointer: place, expected, schema, ...actual });
    }
  }
}

interface WrongValue {
  readonly code: ViolationCode;
  readonly expected: string;
  /** What was found may be a secret. */
  readonly hidesValue?: boolean;
}

function wrongValue({ keyword, params, parentSchema, data, message }: ErrorObject): WrongValue {
  const limit = String(params["limit"]);
  switch (keyword) {
    case "type":
      return { code: "TYPE_INVALID", expected: [params["type"]].flat().join(" or ") };
    case "enum":
      return {
        code: enumCode(params["allowedValues"], data, parentSchema),
        expected: `one of ${listed(params["allowedValues"])}`,
      };
    case "const":
      return { code: "CONSTANT_MISMATCH", expected: shown(params["allowedValue"]) };
    case "anyOf":
      return { code: "NO_ALTERNATIVE_MATCHES", expected: "a value that fits one of the alternatives" };
    case "oneOf":
      return {
        code: params["passingSchemas"] === null ? "NO_ALTERNATIVE_MATCHES" : "SEVERAL_ALTERNATIVES_MATCH",
        expected: "exactly one of the alternatives to fit",
      };
    case "not":
    case "false schema":
      return notAllowed(parentSchema);
    case "format": {
      const format = String(params["format"]);
      return { code: "FORMAT_INVALID", expected: formatNames[format] ?? format };
    }
    case "pattern":
      return { code: "PATTERN_MISMATCH", expected: `a text that matches ${String(params["pattern"])}` };
    case "minimum":
    case "exclusiveMinimum":
      return { code: "NUMBER_TOO_SMALL", expected: `a number ${params["comparison"]} ${limit}` };
    case "maximum":
    case "exclusiveMaximum":
      return { code: "NUMBER_TOO_LARGE", expected: `a number ${params["comparison"]} ${limit}` };
    case "multipleOf":
      return { code: "NUMBER_NOT_MULTIPLE", expected: `a multiple of ${String(params["multipleOf"])}` };
    case "minLength":
      return { code: "TEXT_TOO_SHORT", expected: `a text of at least ${limit} characters` };
    case "maxLength":
      return { code: "TEXT_TOO_LONG", expected: `a text of at most ${limit} characters` };
    case "minItems":
      return { code: "TOO_FEW_ITEMS", expected: `at least ${limit} items` };
    case "maxItems":
      return { code: "TOO_MANY_ITEMS", expected: `at most ${limit} items` };
    case "items":
    case "unevaluatedItems":
      return { code: "UNKNOWN_ITEM", expected: `at most ${String(params["limit"] ?? params["len"])} items` };
    case "contains":
      return { code: "ITEM_MISSING", expected: "a list that contains an item of the required kind" };
    case "uniqueItems":
      return {
        code: "ITEMS_NOT_UNIQUE",
        expected: `different items; ${params["j"]} and ${params["i"]} are equal`,
      };
    case "propertyNames":
      return {
        code: "PROPERTY_NAME_INVALID",
        expected: `no property named ${shown(params["propertyName"])}`,
      };
    case "minProperties":
      return { code: "TOO_FEW_PROPERTIES", expected: `at least ${limit} properties` };
    case "maxProperties":
      return { code: "TOO_MANY_PROPERTIES", expected: `at most ${limit} properties` };
    default:
      return {
        code: "SCHEMA_VIOLATED",
        expected: `a value that keeps ${keyword} (${message ?? "no details"})`,
      };
  }
}

function enumCode(allowed: unknown, value: unknown, schema: unknown): ViolationCode {
  if (isMembers(schema) && schema[marks.discriminator] === true) return "DISCRIMINATOR_VALUE_UNKNOWN";
  const lower = typeof value === "string" ? value.toLowerCase() : undefined;
  const isCase = [allowed].flat().some((each) => typeof each === "string" && each.toLowerCase() === lower);
  return isCase ? "ENUM_CASE_MISMATCH" : "ENUM_VALUE_UNKNOWN";
}

/** What `strict-schema.ts` leaves in schemas for the explanation of their errors. */
export const marks = {
  discriminator: "x-contract-discriminator",
  writeOnly: "x-contract-write-only",
  secret: "x-contract-secret",
  readOnly: "x-contract-read-only",
} as const;

function notAllowed(schema: unknown): WrongValue {
  const expected = "nothing here";
  if (isMembers(schema) && schema[marks.secret] === true)
    return { code: "SECRET_PROPERTY_IN_RESPONSE", expected, hidesValue: true };
  if (isMembers(schema) && schema[marks.writeOnly] === true)
    return { code: "WRITE_ONLY_PROPERTY_IN_RESPONSE", expected, hidesValue: true };
  const forbidden = isMembers(schema) && schema["not"] !== undefined;
  return forbidden
    ? { code: "VALUE_NOT_ALLOWED", expected: "a value that the schema does not forbid" }
    : { code: "VALUE_NOT_ALLOWED", expected, hidesValue: true };
}

function listed(values: unknown): string {
  const all = Array.isArray(values) ? values.map(shown) : [];
  return all.length > 5 ? `${all.slice(0, 5).join(", ")} and ${all.length - 5} more` : all.join(", ");
}

/** Errors that only tell that some other error happened. */
const summaries = new Set(["anyOf", "oneOf", "if"]);

/**
 * The errors that say what to fix. Where alternatives failed, the validator reports what each one would have
 * wanted: those that wanted a value of another type altogether are left out if another alternative came further, and what
 * went unread because of the failure is not held against it.
 */
function tellingErrors(all: readonly ErrorObject[]): readonly ErrorObject[] {
  const errors = all.filter((error) => !isExplainedElsewhere(error, all));
  const unions = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
  const places = new Set(unions.map(({ instancePath }) => instancePath));
  const telling = errors.filter((error) => {
    const { keyword, instancePath } = error;
    if (summaries.has(keyword)) return false;
    if (!places.has(instancePath)) return true;
    if (keyword === "unevaluatedProperties") return false;
    return keyword !== "type" || !errors.some((other) => cameFurther(other, instancePath));
  });
  return telling.length > 0 ? mergeTypes(telling, places) : errors;
}

/** What a name, or an item that `contains` looks at, would have needed: the keyword itself has an error that says it. */
function isExplainedElsewhere(
  { propertyName, schemaPath }: ErrorObject,
  all: readonly ErrorObject[],
): boolean {
  if (propertyName !== undefined) return true;
  return all.some((other) => other.keyword === "contains" && schemaPath.startsWith(`${other.schemaPath}/`));
}

/** An error inside the value, or one that only a value of the right type can have. */
function cameFurther({ keyword, instancePath }: ErrorObject, place: string): boolean {
  if (instancePath.startsWith(`${place}/`)) return true;
  return (
    instancePath === place &&
    !summaries.has(keyword) &&
    keyword !== "type" &&
    keyword !== "unevaluatedProperties"
  );
}

/** Alternatives that differ in type are one expectation: "string or null". */
function mergeTypes(errors: readonly ErrorObject[], places: ReadonlySet<string>): ErrorObject[] {
  const merged = new Map<string, ErrorObject>();
  const others: ErrorObject[] = [];
  for (const error of errors) {
    const { keyword, instancePath } = error;
    const earlier = merged.get(instancePath);
    if (keyword !== "type" || !places.has(instancePath)) others.push(error);
    else {
      const types = new Set([earlier?.params["type"] ?? [], error.params["type"]].flat());
      merged.set(instancePath, { ...error, params: { ...error.params, type: [...types] } });
    }
  }
  return [...merged.values(), ...others];
}

const limits: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

const isNumber = (text: string) => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^(NaN|-?Infinity)$/i.test(text);

/** A time span of ISO 8601. Its smallest part may have a fraction, as the servers of this API write it. */
const duration = /^-?P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?$/;

/** The name under which a format of numbers is checked in a text: JSON Schema formats hold for one type only. */
export function inText(format: string): string {
  return Object.hasOwn(limits, format) || format === "double" || format === "float"
    ? `${format} in a text`
    : format;
}

/**
 * The formats of OpenAPI. This API writes 64-bit numbers as strings of digits (protocol §3), which JSON Schema libraries
 * let pass unread.
 */
export function addOpenApiFormats(ajv: Ajv2020): void {
  addFormats.default(ajv);
  ajv.addFormat("duration", duration);
  // The library's own takes urn:uuid: in front, servers take exactly 36 characters (protocol §3).
  ajv.addFormat("uuid", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  for (const name of ["double", "float"]) ajv.addFormat(inText(name), isNumber);
  for (const [name, [least, most]] of Object.entries(limits)) {
    ajv.addFormat(
      inText(name),
      (text) => /^-?\d+$/.test(text) && BigInt(text) >= least && BigInt(text) <= most,
    );
  }
}

/** What a format asks for, for people. */
const formatNames: Readonly<Record<string, string>> = {
  uuid: "a GUID in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
  "date-time": "a date and time such as 2017-09-28T17:06:37.260Z",
  duration: "a time span such as PT1H30M",
  "int32 in a text": "the digits of a 32-bit integer",
  "int64 in a text": "the digits of a 64-bit integer",
  "double in a text": "a number in a text",
  "float in a text": "a number in a text",
};
