import type { Operation, Parameter } from "@sf-image-store/types";
import { InvalidInputError } from "../errors/errors.js";

/** The names of all options of an interface. The compiler rejects missing and unknown names. */
export type OptionNames<Options extends object> = Readonly<Record<keyof Options, true>>;

/**
 * Throws InvalidInputError for unknown options: a misspelled option would otherwise be silently ignored.
 * @param owner The name of the method. The message contains it.
 * @param prefix The option that contains these options, if they are nested.
 */
export function requireOptions(
  owner: string,
  given: unknown,
  names: Readonly<Record<string, true>>,
  prefix = "",
): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw prefix === ""
      ? new InvalidInputError("options", `of ${owner} must be an object`)
      : new InvalidInputError(prefix, "must be an object");
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    const maxDifference = Math.min(3, Math.ceil(name.length / 3));
    const suggestion = known.find(
      (one) => difference(one.toLowerCase(), name.toLowerCase()) <= maxDifference,
    );
    const hint =
      suggestion === undefined ? `, which takes ${known.join(", ")}` : `: did you mean ${suggestion}?`;
    throw new InvalidInputError(
      prefix === "" ? name : `${prefix}.${name}`,
      `is not an option of ${prefix === "" ? owner : prefix}${hint}`,
    );
  }
  if ("abortSignal" in given) requireSignal(given.abortSignal);
}

/** The number of letters that differ between two names, if the difference is in one place. */
function difference(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return Math.max(a.length, b.length) - start - end;
}

/** Throws InvalidInputError if the value is not an AbortSignal, for example an AbortController. */
export function requireSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || isSignal(value)) return value;
  throw new InvalidInputError("abortSignal", "must be an AbortSignal");
}

/** instanceof is false for signals from another realm. */
function isSignal(value: unknown): value is AbortSignal {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}

/** The parameters of a request by kind. */
export type ParameterGroups = Readonly<Partial<Record<Parameter["in"], object | undefined>>>;

/** API parameters that have another name in the options of this package. */
const optionNames: Readonly<Record<string, string>> = {
  "session-id": "sessionId",
  timeout: "timeoutSeconds",
  ContinuationToken: "continuationToken",
  contentPath: "storePath",
};

export const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const guidExpectation = "must be a GUID: 32 hexadecimal digits, grouped 8-4-4-4-12";

/** Checks the parameters of a request against the specification. Throws InvalidInputError for the first invalid one. */
export function validateParameters(operation: Operation, groups: ParameterGroups): void {
  for (const [name, parameter] of Object.entries(operation.parameters)) {
    const group = groups[parameter.in];
    const value: unknown = group === undefined ? undefined : Reflect.get(group, name);
    const option = optionNames[name] ?? name;
    if (value === undefined || value === null) {
      if (parameter.required) throw new InvalidInputError(option, "is required");
      continue;
    }
    const expectation = violation(value, parameter);
    if (expectation !== undefined)
      throw new InvalidInputError(option, `${expectation}, got ${formatValue(value)}`);
  }
}

/** What the parameter must be, if `value` is invalid. */
function violation(value: unknown, parameter: Parameter): string | undefined {
  if (parameter.type === "integer") return integerViolation(value, parameter);
  if (typeof value !== "string") return "must be a string";
  if (parameter.enum !== undefined && !parameter.enum.includes(value)) {
    return `must be one of ${parameter.enum.map(formatValue).join(", ")}`;
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

function formatValue(value: unknown): string {
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 99)}…` : value);
}
