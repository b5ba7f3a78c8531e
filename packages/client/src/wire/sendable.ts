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
