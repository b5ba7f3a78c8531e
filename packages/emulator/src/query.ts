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
