import { FabricError } from "./fabric-error.js";

/** Query parameters by name. The gateway does not decode them (protocol §1.2). */
export type Query = ReadonlyMap<string, string>;

/** The first occurrence wins. Pairs with an empty value or a second `=` are dropped (protocol §1.2). */
export function parseQuery(text: string): Query {
  const query = new Map<string, string>();
  for (const pair of text.split("&")) {
    const [name, value, ...rest] = pair.split("=").filter((piece) => piece !== "");
    if (name === undefined || value === undefined || rest.length > 0 || query.has(name)) continue;
    query.set(name, value);
  }
  return query;
}

/** The gateway's default (protocol §5.1). */
const defaultTimeoutSeconds = 60;
const uint32Max = 4_294_967_295;
/** The maximum delay of a timer. */
const longestWaitMs = 2 ** 31 - 1;

/**
 * The time limit of the request in milliseconds. `timeout` is a number of seconds from 0 to 2^32 - 1. Any other value means the
 * default (protocol §5.1).
 */
export function readTimeoutMs(query: Query): number {
  const text = query.get("timeout") ?? "";
  const seconds = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return Math.min((seconds <= uint32Max ? seconds : defaultTimeoutSeconds) * 1000, longestWaitMs);
}

/** The newest api-version of the emulated cluster: the newest one in the public documentation. */
export const defaultApiVersionMax = "11.3";

/** The whole text must be a number: `6.0abc` and `6.1.2` are not. */
const floatingPoint = /^([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?$/i;

/**
 * The request's `api-version`: any number from 1.0 to the cluster's own version. `1.5` is valid, and `6.10` equals `6.1`
 * (protocol §1.1). No image store operation has its own minimum.
 */
export function readApiVersion(query: Query, max: string): number {
  const text = query.get("api-version") ?? "";
  // The cluster trims all trailing characters of this set, not only the word.
  const digits = text.endsWith("-preview") ? text.replace(/[-previw]+$/, "") : text;
  const version = floatingPoint.test(digits) ? Number(digits) : Number.NaN;
  if (version >= 1 && version <= Number.parseFloat(max)) return version;
  throw new FabricError("E_INVALIDARG");
}

/** Whether a text can be the version of an emulated cluster: `major` or `major.minor`. */
export function isApiVersionMax(text: string): boolean {
  return /^[1-9][0-9]{0,2}(\.[0-9]{1,3})?$/.test(text);
}
