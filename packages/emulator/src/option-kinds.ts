/** The values that an option accepts, as a flag of the command and as an option of `startEmulator`. */
export interface Kind<T> {
  readonly type: "string" | "number" | "boolean";
  /** Completes "must be …" in error messages. */
  readonly requirement: string;
  /** The same for the flag, if its unit differs. */
  readonly flagRequirement?: string;
  readonly choices?: readonly string[];
  /** For a flag that may be repeated: what each value must be. */
  readonly item?: Kind<unknown>;
  accepts(value: unknown): value is T;
  /** Converts the text after a flag. `accepts` then checks the result. */
  fromText(text: string): unknown;
}

export const text: Kind<string> = {
  type: "string",
  requirement: "a string",
  accepts: (value) => typeof value === "string",
  fromText: (given) => given,
};

/** `startEmulator` takes the content of the file instead, so its checks skip this kind. */
export const fileName: Kind<string> = { ...text, requirement: "the path of a file" };

export const onOff: Kind<boolean> = {
  type: "boolean",
  requirement: "true or false",
  accepts: (value) => typeof value === "boolean",
  fromText: () => true,
};

export const milliseconds: Kind<number> = {
  type: "number",
  requirement: "a number of milliseconds above 0",
  flagRequirement: "a number of seconds above 0",
  accepts: (value): value is number => typeof value === "number" && Number.isFinite(value) && value > 0,
  fromText: (given) => (/^[0-9]{1,7}(\.[0-9]{1,3})?$/.test(given) ? Number(given) * 1000 : Number.NaN),
};

/** A number by which something is multiplied. */
export const factor: Kind<number> = {
  type: "number",
  requirement: "a number above 0",
  accepts: (value): value is number => typeof value === "number" && Number.isFinite(value) && value > 0,
  fromText: (given) => (/^[0-9]{1,7}(\.[0-9]{1,3})?$/.test(given) ? Number(given) : Number.NaN),
};

export function integer(requirement: string, least: number, most: number): Kind<number> {
  return {
    type: "number",
    requirement,
    accepts: (value): value is number =>
      Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
    fromText: (given) => (/^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN),
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Kind<T> {
  return {
    ...text,
    requirement: choices.join(" or "),
    choices,
    accepts: (value): value is T => choices.some((choice) => choice === value),
  };
}

export function matching(requirement: string, matches: (value: string) => boolean): Kind<string> {
  return {
    ...text,
    requirement,
    accepts: (value): value is string => typeof value === "string" && matches(value),
  };
}

export function listOf<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    ...item,
    requirement: "an array",
    flagRequirement: item.requirement,
    item,
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.every((each) => item.accepts(each)),
  };
}
