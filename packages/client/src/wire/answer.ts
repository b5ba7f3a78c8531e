import { ProtocolError, type RequestContext } from "../errors/errors.js";

/** A successful response. */
export interface Answer<Data> {
  /** The parsed content; undefined without content. */
  readonly data: Data | undefined;
  /** The request of this response, which may have been sent to another endpoint. */
  readonly context: RequestContext;
  readonly response: Response;
}

/** Closes the connection of a wrong response, if its `fetch` supports that. */
export function discard(response: Response & { closeConnection?: () => void }): void {
  response.closeConnection?.();
}

/** Decodes a response. Throws ProtocolError if its content is missing or does not match the specification. */
export function decodeAnswer<Data, Value>(answer: Answer<Data>, decode: (data: Data & {}) => Value): Value {
  if (answer.data == null) throw unexpected(answer, "its response is empty");
  try {
    return decode(answer.data);
  } catch (cause) {
    if (!(cause instanceof UnexpectedValue)) throw cause;
    throw unexpected(answer, cause.message, { cause });
  }
}

/** Like decodeAnswer, but returns undefined for status 204. */
export function decodeAnswerIfAny<Data, Value>(
  answer: Answer<Data>,
  decode: (data: Data & {}) => Value,
): Value | undefined {
  return answer.response.status === 204 ? undefined : decodeAnswer(answer, decode);
}

/** For operations whose success has no content. Content means that the response is not from a gateway. */
export function expectNoContent(answer: Answer<unknown>): void {
  if (answer.data !== undefined) throw unexpected(answer, "its response should have no content");
}

/** Closes the connection, because the next response on it may also belong to another request. */
export function unexpected(
  { context, response }: Omit<Answer<unknown>, "data">,
  what: string,
  options?: ErrorOptions,
): ProtocolError {
  discard(response);
  return new ProtocolError(`${context.request} succeeded, but ${what}.`, context, options);
}

/** A value in a response does not match the API. `decodeAnswer` turns this into a ProtocolError. */
export class UnexpectedValue extends Error {
  constructor(property: string, expectation: string, value: unknown) {
    super(`${property} should be ${expectation}, got ${JSON.stringify(value) ?? "nothing"}`);
  }
}

/** A 64-bit number in a string. Throws above 2^53 - 1, where a JavaScript number would silently lose precision. */
export function wireInteger(property: string, value: unknown): number {
  const number = isDigits(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) {
    throw new UnexpectedValue(property, "a whole number up to 2^53 - 1 in a string", value);
  }
  return number;
}

/** A number that servers send as a string or as a number. */
export function wireCount(property: string, value: unknown): number {
  return wireInteger(property, typeof value === "number" ? String(value) : value);
}

/** A 64-bit number in a string, without an upper limit. */
export function wireBigInt(property: string, value: unknown): bigint {
  if (!isDigits(value)) throw new UnexpectedValue(property, "a whole number in a string", value);
  return BigInt(value);
}

export function wireDate(property: string, value: unknown): Date {
  // Date.parse also accepts "1" and "June 5", the latter in local time.
  const ms = typeof value === "string" && isoDate.test(value) ? parseDate(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new UnexpectedValue(property, "a date and time in UTC", value);
  return new Date(ms);
}

const isoDate = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d+)?Z$/;

/** Date.parse takes three times as long, a tenth of the time of a listing. */
function parseDate(date: string): number {
  const pair = (at: number) => 10 * date.charCodeAt(at) + date.charCodeAt(at + 1) - 528;
  const year = 100 * pair(0) + pair(2);
  // Servers send exactly three decimals (protocol §1.1). Date.UTC adds 1900 to years with two digits.
  if (date.length !== 24 || year < 100) return Date.parse(date);
  const ms = 10 * pair(20) + date.charCodeAt(22) - 48;
  return Date.UTC(year, pair(5) - 1, pair(8), pair(11), pair(14), pair(17), ms);
}

export function wireString(property: string, value: unknown): string {
  if (typeof value !== "string") throw new UnexpectedValue(property, "a string", value);
  return value;
}

export function wireObject<Item extends object>(property: string, value: Item | undefined): Item {
  if (!isObject(value)) throw new UnexpectedValue(property, "an object", value);
  return value;
}

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

/**
 * Decodes the text of a response. Servers encode a character outside the basic plane as two surrogates of three bytes each,
 * which is not UTF-8 (protocol §1.6). TextDecoder would silently put replacement characters into names.
 */
export function decodeServerText(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return "";
  const parts: string[] = [];
  const decoder = new TextDecoder();
  let done = 0;
  for (let at = bytes.indexOf(0xed); at >= 0 && at + 5 < bytes.length; at = bytes.indexOf(0xed, at + 1)) {
    const high = surrogate(bytes, at, 0xa0);
    const low = surrogate(bytes, at + 3, 0xb0);
    if (high === undefined || low === undefined) continue;
    parts.push(decoder.decode(bytes.subarray(done, at)), String.fromCharCode(high, low));
    done = at + 6;
    at += 5;
  }
  return [...parts, decoder.decode(bytes.subarray(done))].join("");
}

/** The surrogate encoded in the three bytes at `at`. `second` is the lowest second byte of its range. */
function surrogate(bytes: Uint8Array, at: number, second: number): number | undefined {
  const [first = 0, middle = 0, last = 0] = bytes.subarray(at, at + 3);
  if (first !== 0xed || middle < second || middle > second + 0x0f || (last & 0xc0) !== 0x80) return undefined;
  return 0xd000 | ((middle & 0x3f) << 6) | (last & 0x3f);
}

/** Parses JSON. Servers escape U+000B as `\v`, which is not valid JSON (protocol §1.6). Throws SyntaxError. */
export function parseServerJson(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    // Match whole escapes: the backslash of a path such as `App\v1` is escaped as two backslashes.
    return JSON.parse(
      text.replaceAll(/\\([\s\S])/g, (pair, letter: string) => (letter === "v" ? "\\u000b" : pair)),
    );
  }
}

/** The delay in a `Retry-After` header, in milliseconds from `now`. The header has seconds or a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
