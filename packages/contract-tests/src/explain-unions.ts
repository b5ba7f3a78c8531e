import type { ErrorObject } from "ajv/dist/2020.js";

/** Errors that only tell that some other error happened. */
const summaries = new Set(["anyOf", "oneOf", "if"]);

/**
 * The errors that tell a person what to mend. Where alternatives failed, the validator reports what each one would have
 * wanted: those that wanted a value of another type altogether are left out if another alternative came further, and what
 * went unread because of the failure is not held against it.
 */
export function tellingErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
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
