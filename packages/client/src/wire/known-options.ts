import { InvalidInputError } from "../errors/errors.js";

/** The names of options, held to their interface by the compiler: none is missing, and none is invented. */
export type OptionNames<Options extends object> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses options that a method does not have: a misspelled one would be ignored without a word. Throws InvalidInputError.
 * @param owner The method, as its callers write it.
 * @param prefix The option that these belong to, if they are not the method's own.
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
    const furthest = Math.min(3, Math.ceil(name.length / 3));
    const meant = known.find((one) => difference(one.toLowerCase(), name.toLowerCase()) <= furthest);
    const hint = meant === undefined ? `, which takes ${known.join(", ")}` : `: did you mean ${meant}?`;
    throw new InvalidInputError(
      prefix === "" ? name : `${prefix}.${name}`,
      `is not an option of ${prefix === "" ? owner : prefix}${hint}`,
    );
  }
  if ("abortSignal" in given) requireSignal(given.abortSignal);
}

/** By how many letters the names differ, if they differ in one place. */
function difference(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return Math.max(a.length, b.length) - start - end;
}

/** Throws InvalidInputError for what is no signal, such as its controller. */
export function requireSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || isSignal(value)) return value;
  throw new InvalidInputError("abortSignal", "must be an AbortSignal, the signal of an AbortController");
}

/** Not by its class alone: signals come from other realms, too. */
function isSignal(value: unknown): value is AbortSignal {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}
