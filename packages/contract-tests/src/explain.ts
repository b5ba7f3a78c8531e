import { escapePart } from "@sf-image-store/scripts/spec";
import type { ErrorObject } from "ajv/dist/2020.js";
import { tellingErrors } from "./explain-unions.js";
import { formatNames } from "./formats.js";
import { shown, type Violation } from "./violation.js";

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
