import type { Operation, Parameter } from "@sf-image-store/types";
import { InvalidInputError } from "../errors/errors.js";

/** The parameters of a request by kind, as openapi-fetch has them. */
export interface ParameterGroups {
  readonly query?: object;
  readonly header?: object;
  readonly path?: object;
  readonly cookie?: object;
}

/** What the callers of this package write for a parameter of the API. */
const optionNames: Readonly<Record<string, string>> = {
  "session-id": "sessionId",
  timeout: "timeoutSeconds",
  ContinuationToken: "continuationToken",
  contentPath: "storePath",
};

export const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const guidExpectation =
  "must be a GUID of 32 hexadecimal digits in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/** Holds a request to what the specification says of its parameters. Throws InvalidInputError for the first that fails. */
export function validateParameters(operation: Operation, groups: ParameterGroups): void {
  for (const [name, parameter] of Object.entries(operation.parameters)) {
    const values: Readonly<Record<string, unknown>> = { ...groups[parameter.in] };
    const value = values[name];
    const option = optionNames[name] ?? name;
    if (value === undefined || value === null) {
      if (parameter.required) throw new InvalidInputError(option, "is required");
      continue;
    }
    const expectation = violatedBy(value, parameter);
    if (expectation !== undefined) throw new InvalidInputError(option, `${expectation}, got ${shown(value)}`);
  }
}

/** What the parameter should have been, when `value` is not that. */
function violatedBy(value: unknown, parameter: Parameter): string | undefined {
  if (parameter.type === "integer") return integerViolation(value, parameter);
  if (typeof value !== "string") return "must be a text";
  if (parameter.enum !== undefined && !parameter.enum.includes(value)) {
    return `must be one of ${parameter.enum.map(shown).join(", ")}`;
  }
  if (parameter.format === "uuid" && !guid.test(value)) return guidExpectation;
  if (parameter.maxLength !== undefined && value.length > parameter.maxLength) {
    return `must not be longer than ${parameter.maxLength} characters`;
  }
  if (parameter.pattern !== undefined && !new RegExp(parameter.pattern).test(value)) {
    return `must match ${parameter.pattern}`;
  }
  return undefined;
}

function integerViolation(
  value: unknown,
  { minimum = -Infinity, maximum = Infinity }: Parameter,
): string | undefined {
  if (Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum) return undefined;
  return `must be a whole number from ${minimum} to ${maximum}`;
}

function shown(value: unknown): string {
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 99)}…` : value);
}
