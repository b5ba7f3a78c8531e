/** The answer's content is not what the API promises. Becomes a ProtocolError where the request is known. */
export class UnexpectedValue extends Error {
  constructor(property: string, expectation: string, value: unknown) {
    super(`${property} should be ${expectation}, got ${JSON.stringify(value) ?? "nothing"}`);
  }
}

/** A 64-bit number in a string. Refused above 2^53 - 1, where a JavaScript number would silently be another one. */
export function wireInteger(property: string, value: unknown): number {
  const number = isDigits(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) {
    throw new UnexpectedValue(property, "a whole number up to 2^53 - 1 in a string", value);
  }
  return number;
}

/** A number that servers are known to send in either form, as string or as number. */
export function wireCount(property: string, value: unknown): number {
  return wireInteger(property, typeof value === "number" ? String(value) : value);
}

/** A 64-bit number in a string, whatever its size. */
export function wireBigInt(property: string, value: unknown): bigint {
  if (!isDigits(value)) throw new UnexpectedValue(property, "a whole number in a string", value);
  return BigInt(value);
}

export function wireDate(property: string, value: unknown): Date {
  // Date alone takes "1" and "June 5", the latter in local time.
  const isIso = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value);
  const date = new Date(isIso ? value : Number.NaN);
  if (Number.isNaN(date.getTime())) throw new UnexpectedValue(property, "a date and time in UTC", value);
  return date;
}

export function wireText(property: string, value: unknown): string {
  if (typeof value !== "string") throw new UnexpectedValue(property, "a text", value);
  return value;
}

export function wireObject<Item extends object>(property: string, value: Item | undefined): Item {
  if (!isObject(value)) throw new UnexpectedValue(property, "an object", value);
  return value;
}

/** The objects of a list. */
export function wireList<Item extends object>(
  property: string,
  value: readonly Item[] | undefined,
): readonly Item[] {
  if (!Array.isArray(value) || !value.every(isObject))
    throw new UnexpectedValue(property, "a list of objects", value);
  return value;
}

function isObject<Item>(value: Item): value is Item & object {
  return typeof value === "object" && value !== null;
}

function isDigits(value: unknown): value is string {
  return typeof value === "string" && /^\d+$/.test(value);
}
