import type { Ajv2020, ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { escapePart } from "../document/json.js";
import { shown, type Violation } from "./values.js";

/** The validator's errors as violations below `base`, one for each place and reason. */
export function explain(errors: readonly ErrorObject[], base: string): Violation[] {
  const violations = tellingErrors(errors).map((error) => violationOf(error, base));
  return [
    ...new Map(violations.map((violation) => [violation.pointer + violation.message, violation])).values(),
  ];
}

function violationOf({ keyword, instancePath, params, data, message }: ErrorObject, base: string): Violation {
  const place = `${base}${instancePath}`;
  const got = `got ${shown(data)}`;
  switch (keyword) {
    case "required":
      return {
        pointer: place,
        message: `expected the property ${shown(params["missingProperty"])}, which is missing`,
      };
    case "unevaluatedProperties":
    case "additionalProperties": {
      const name = String(params["unevaluatedProperty"] ?? params["additionalProperty"]);
      return { pointer: `${place}/${escapePart(name)}`, message: "expected no property of this name" };
    }
    case "type":
      return { pointer: place, message: `expected ${[params["type"]].flat().join(" or ")}, ${got}` };
    case "enum":
      return { pointer: place, message: `expected one of ${listed(params["allowedValues"])}, ${got}` };
    case "const":
      return { pointer: place, message: `expected ${shown(params["allowedValue"])}, ${got}` };
    case "oneOf":
      return { pointer: place, message: `expected exactly one of the alternatives to fit, ${got}` };
    case "false schema":
      return { pointer: place, message: "expected nothing here" };
    case "format": {
      const format = String(params["format"]);
      return { pointer: place, message: `expected ${formatNames[format] ?? format}, ${got}` };
    }
    case "pattern":
      return { pointer: place, message: `expected a text that matches ${String(params["pattern"])}, ${got}` };
    case "minimum":
    case "maximum":
      return {
        pointer: place,
        message: `expected a number ${params["comparison"]} ${params["limit"]}, ${got}`,
      };
    default:
      return { pointer: place, message: `${message ?? `breaks ${keyword}`}, ${got}` };
  }
}

function listed(values: unknown): string {
  const all = Array.isArray(values) ? values.map(shown) : [];
  return all.length > 5 ? `${all.slice(0, 5).join(", ")} and ${all.length - 5} more` : all.join(", ");
}

/** Errors that only tell that some other error happened. */
const summaries = new Set(["anyOf", "oneOf", "if"]);

/**
 * The errors that tell a person what to mend. Where alternatives failed, the validator reports what each one would have
 * wanted: those that wanted a value of another type altogether are left out if another alternative came further, and what
 * went unread because of the failure is not held against it.
 */
function tellingErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
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
