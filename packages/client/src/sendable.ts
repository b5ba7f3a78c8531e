/** A request that can be made more than once, and elsewhere: each time its body is made anew. */
export interface Sendable {
  readonly url: string;
  /** All but URL and body. */
  readonly init: SendableInit;
  readonly body?: () => Body;
}

export type SendableInit = Omit<RequestInit, "body"> & {
  readonly method: string;
  readonly duplex?: "half";
  /** For a `fetch` of `createNodeFetch`; the platform's own takes no notice. */
  readonly onBodySent?: (bytes: number) => void;
};
export type Send = (request: Sendable) => Promise<Response>;
type Body = NonNullable<RequestInit["body"]>;

/** Takes a request over from openapi-fetch. Its body, if any, is small. */
export async function sendableOf(request: Request): Promise<Sendable> {
  const { url, method, headers, redirect, signal } = request;
  const init = { method, headers, redirect, signal };
  const bytes = method === "GET" ? undefined : new Uint8Array(await request.arrayBuffer());
  return bytes === undefined || bytes.byteLength === 0 ? { url, init } : { url, init, body: () => bytes };
}
