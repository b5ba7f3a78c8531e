import { InvalidInputError } from "./errors.js";

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
    const meant = known.find((one) => distance(one.toLowerCase(), name.toLowerCase()) <= furthest);
    const hint = meant === undefined ? `, which takes ${known.join(", ")}` : `: did you mean ${meant}?`;
    throw new InvalidInputError(
      prefix === "" ? name : `${prefix}.${name}`,
      `is not an option of ${prefix === "" ? owner : prefix}${hint}`,
    );
  }
  const { abortSignal }: { abortSignal?: unknown } = given;
  if (abortSignal !== undefined && !isSignal(abortSignal)) {
    throw new InvalidInputError("abortSignal", "must be an AbortSignal, the signal of an AbortController");
  }
}

function isSignal(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "addEventListener" in value &&
    typeof value.addEventListener === "function"
  );
}

/** How many letters have to be added, taken away or replaced to make one name of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Refuses what only the entry point for Node.js takes. Throws InvalidInputError. */
export function refusePath(parameter: string, value: unknown): void {
  if (typeof value !== "string" && !(value instanceof URL)) return;
  throw new InvalidInputError(
    parameter,
    'must not be a path here: to upload files and directories of this machine, import createImageStoreClient from "@sf-image-store/client/node"',
  );
}
