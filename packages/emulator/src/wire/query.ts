import { FabricError } from "./fabric-error.js";

/** Query parameters by name, as sent: the gateway does not decode them (protocol §1.2). */
export type Query = ReadonlyMap<string, string>;

/** First occurrence wins; a pair with an empty value or a second `=` is dropped (protocol §1.2). */
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
/** The longest wait a timer can be set for. */
const longestWaitMs = 2 ** 31 - 1;

/**
 * How long the request's work may take, in milliseconds. `timeout` is a count of seconds up to 2^32 - 1; zero is taken as
 * it stands, and anything else silently means the default (protocol §5.1).
 */
export function readTimeoutMs(query: Query): number {
  const text = query.get("timeout") ?? "";
  const seconds = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return Math.min((seconds <= uint32Max ? seconds : defaultTimeoutSeconds) * 1000, longestWaitMs);
}

/** The newest version the emulated cluster speaks: the newest the public documents describe. */
export const defaultApiVersionMax = "11.3";

/** The whole text must be a number: `6.0abc` and `6.1.2` are none. */
const floatingPoint = /^([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?$/i;

/**
 * The request's `api-version`. It is a number between 1.0 and the cluster's own version, nothing more: `1.5` is fine and
 * `6.10` is `6.1` (protocol §1.1). No image store operation has a minimum of its own.
 */
export function readApiVersion(query: Query, max: string): number {
  const text = query.get("api-version") ?? "";
  // The cluster trims every trailing character out of the set, not the word.
  const digits = text.endsWith("-preview") ? text.replace(/[-previw]+$/, "") : text;
  const version = floatingPoint.test(digits) ? Number(digits) : Number.NaN;
  if (version >= 1 && version <= Number.parseFloat(max)) return version;
  throw new FabricError("E_INVALIDARG");
}

/** Whether a text can be the version of an emulated cluster: `major` or `major.minor`. */
export function isApiVersionMax(text: string): boolean {
  return /^[1-9][0-9]{0,2}(\.[0-9]{1,3})?$/.test(text);
}
