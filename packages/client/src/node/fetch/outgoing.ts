import { type OutgoingBody, readBody } from "./outgoing-body.js";
import { hasHeader, readHeaders } from "./outgoing-headers.js";

/** A request, ready to be sent. */
export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  /** Whether a server has pointed here. */
  readonly isRedirected: boolean;
  /** Names in lower case; neither `host` nor anything else that belongs to the connection. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: OutgoingBody | undefined;
  /** Told of further bytes of the body that have been handed to the system. */
  readonly onBodySent: ((bytes: number) => void) | undefined;
  readonly redirect: NonNullable<RequestInit["redirect"]>;
  readonly signal: AbortSignal | undefined;
}

/** On Node 20 a Request's signal follows the caller's only as long as the Request lives: it shall live as long as its signal. */
const requests = new WeakMap<AbortSignal, readonly Request[]>();

/** Reads what fetch was called with. Throws TypeError, as fetch does, without repeating what may be a secret. */
export async function readOutgoing(input: string | URL | Request, init?: RequestInit): Promise<Outgoing> {
  if (typeof input === "string" || input instanceof URL) return outgoing(input, init ?? {});
  const request = init === undefined ? input : new Request(input, init);
  const { url, method, headers, redirect, signal } = request;
  requests.set(signal, [request, input]);
  // A Request does not tell how long its body is, unless a header does: only then can it be sent as it is read.
  const body =
    request.body === null || headers.has("content-length") ? request.body : await request.arrayBuffer();
  return outgoing(url, { method, headers, redirect, signal, body });
}

async function outgoing(
  input: string | URL,
  init: RequestInit & { readonly onBodySent?: (bytes: number) => void },
): Promise<Outgoing> {
  const { redirect = "follow" } = init;
  if (redirect !== "follow" && redirect !== "manual" && redirect !== "error") {
    throw new TypeError("redirect must be follow, manual or error");
  }
  const url = readUrl(input);
  const method = readMethod(init.method ?? "GET");
  const { list: headers, announced } = readHeaders(init.headers);
  const body = await readBody(init.body, announced);
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`A ${method} request cannot have a body`);
  }
  if (body?.contentType !== undefined && !hasHeader(headers, "content-type")) {
    headers.push(["content-type", body.contentType]);
  }
  const length = body?.length ?? (announcesEmptyBody.has(method) ? 0 : undefined);
  if (length !== undefined) headers.push(["content-length", String(length)]);
  const signal = init.signal ?? undefined;
  const { onBodySent } = init;
  return { method, url, isRedirected: false, headers, body, onBodySent, redirect, signal };
}

/** Servers expect a body with these, and want to be told when there is none. */
const announcesEmptyBody = new Set(["PUT", "POST", "PATCH"]);

const lowerCased = /^(delete|get|head|options|post|put)$/i;

function readMethod(method: string): string {
  if (/^(connect|trace|track)$/i.test(method)) throw new TypeError(`fetch sends no ${method} requests`);
  return lowerCased.test(method) ? method.toUpperCase() : method;
}

function readUrl(input: string | URL): URL {
  const url = parseUrl(input);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`fetch needs a URL that begins with http:// or https://, not with ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("fetch sends no user name or password that stands in a URL");
  }
  return url;
}

/** The platform's own error repeats the text. */
function parseUrl(input: string | URL): URL {
  try {
    return new URL(input);
  } catch {
    throw new TypeError("fetch needs an absolute URL");
  }
}
