/** A request that can be sent again, also to another endpoint. `body` creates a new body for each attempt. */
export interface Sendable {
  readonly url: string;
  /** Everything except the URL and the body. The signal is the caller's. */
  readonly init: SendableInit;
  readonly body?: () => Body;
  readonly limits: Limits;
}

/** How long one attempt at a request may take, and how large the response may be. */
export interface Limits {
  readonly ms: number;
  readonly answerBytes: number;
}

/** A response whose body has been read. */
export interface Received {
  readonly response: Response;
  /** The body, or the beginning of a body that is too large. */
  readonly bytes: Uint8Array;
  readonly isTooLarge: boolean;
}

export type SendableInit = Omit<RequestInit, "body" | "headers"> & {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly duplex?: "half";
  /** Called by the `fetch` of `createNodeFetch`, which waits for a returned promise; the platform's `fetch` ignores it. */
  readonly onBodySent?: (bytes: number) => void | Promise<void>;
};
export type Send = (request: Sendable) => Promise<Received>;
export type Body = NonNullable<RequestInit["body"]>;

/** A URL template with its path parameters filled in. */
export function serializePath(
  template: string,
  values: Readonly<Record<string, unknown>>,
  encode: (value: unknown) => string,
): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encode(values[name]));
}

/**
 * Servers send the token already escaped and expect it back unchanged (protocol §1.3). (`URL` still turns a bare `'` into
 * `%27`, which servers decode.)
 */
const unescapedParameter = "ContinuationToken";

export function serializeQuery(query: Readonly<Record<string, unknown>>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(
      ([name, value]) => `${name}=${name === unescapedParameter ? value : encodeURIComponent(String(value))}`,
    )
    .join("&");
}
