/** Where an example or an exchange breaks the contract, and what the contract expects there. */
export interface Violation {
  /** JSON pointer into the example, with a leading `#`. */
  readonly pointer: string;
  /** What was expected and what was found, in one line. */
  readonly message: string;
}

/** Checks a value; `pointer` says where it stands. */
export type Check = (value: unknown, pointer: string) => Violation[];

/** A value as it may stand in a one-line message. */
export function shown(value: unknown): string {
  const text =
    value instanceof Uint8Array ? `${value.byteLength} bytes` : (JSON.stringify(value) ?? "nothing");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** An object of unknown origin, by the names of its members. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
