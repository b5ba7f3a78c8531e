/** A request that can be made more than once, and elsewhere: each time its body is made anew. */
export interface Sendable {
  readonly url: string;
  /** All but URL and body. Its signal is the caller's. */
  readonly init: SendableInit;
  readonly body?: () => Body;
  readonly limits: Limits;
}

/** How long one attempt at a request may take, and how large its answer may be. */
export interface Limits {
  readonly ms: number;
  readonly answerBytes: number;
}

/** An answer, read. */
export interface Received {
  readonly response: Response;
  /** The content, or the beginning of one that is too large. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isTooLarge: boolean;
}

export type SendableInit = Omit<RequestInit, "body"> & {
  readonly method: string;
  readonly duplex?: "half";
  /** For a `fetch` of `createNodeFetch`; the platform's own takes no notice. */
  readonly onBodySent?: (bytes: number) => void;
};
export type Send = (request: Sendable) => Promise<Received>;
type Body = NonNullable<RequestInit["body"]>;

/** Takes a request over from openapi-fetch. Its body, if any, is small. */
export async function sendableOf(
  request: Request,
  signal: AbortSignal | undefined,
  limits: Limits,
): Promise<Sendable> {
  const { url, method, headers, redirect } = request;
  const init = { method, headers, redirect, ...(signal === undefined ? {} : { signal }) };
  const bytes = method === "GET" ? undefined : new Uint8Array(await request.arrayBuffer());
  return {
    url,
    init,
    limits,
    ...(bytes === undefined || bytes.byteLength === 0 ? {} : { body: () => bytes }),
  };
}

/** A URL template with its path parameters filled in. */
export function serializePath(
  template: string,
  values: Readonly<Record<string, unknown>>,
  encode: (value: unknown) => string,
): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encode(values[name]));
}

/**
 * Servers send the token escaped for a URL and take it back byte for byte (protocol §1.3). (A URL's own rules still turn a
 * bare `'` into `%27`, which servers decode.)
 */
const sentAsItCame = "ContinuationToken";

export function serializeQuery(query: Readonly<Record<string, unknown>>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${name === sentAsItCame ? value : encodeURIComponent(String(value))}`)
    .join("&");
}
