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

/** They say how bytes go over one connection: that is this side's business, and a second opinion would break the framing. */
const ownedByConnection = new Set([
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export interface OutgoingHeaders {
  /** Names in lower case; without the length. */
  readonly list: [name: string, value: string][];
  /** What a `content-length` header says. */
  readonly announced: number | undefined;
}

/** A copy of the caller's headers, and what fetch adds to them. Throws TypeError. */
function readHeaders(given: RequestInit["headers"]): OutgoingHeaders {
  const list: OutgoingHeaders["list"] = [];
  let announced: number | undefined;
  for (const header of new Headers(given)) {
    const [name, value] = header;
    if (ownedByConnection.has(name)) {
      throw new TypeError(`The header ${name} belongs to the connection: it cannot be set`);
    }
    if (name === "content-length") announced = readLength(value);
    else list.push(header);
  }
  if (!hasHeader(list, "accept")) list.push(["accept", "*/*"]);
  return { list, announced };
}

function hasHeader(list: OutgoingHeaders["list"], name: string): boolean {
  return list.some((header) => header[0] === name);
}

function readLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new TypeError("The content-length header must be a number of bytes");
  return Number(value);
}

/** What is sent, with its exact length: bytes as they lie in memory, or a stream that is read as they go out. */
export type OutgoingBody = { readonly length: number; readonly contentType: string | undefined } & (
  | { readonly bytes: Uint8Array }
  | { readonly stream: ReadableStream<Uint8Array> }
);

/** @param announced the `content-length` header, which must be right. Throws TypeError. */
async function readBody(
  body: RequestInit["body"],
  announced: number | undefined,
): Promise<OutgoingBody | undefined> {
  const read = await readAnyBody(body, announced);
  if (announced !== undefined && announced !== (read?.length ?? 0)) {
    throw new TypeError(
      `The content-length header says ${announced}, but the body has ${read?.length ?? 0} bytes`,
    );
  }
  return read;
}

async function readAnyBody(
  body: RequestInit["body"],
  announced: number | undefined,
): Promise<OutgoingBody | undefined> {
  if (body === undefined || body === null) return undefined;
  if (body instanceof Uint8Array) return ofBytes(body);
  if (typeof body === "string") return ofBytes(Buffer.from(body), "text/plain;charset=UTF-8");
  if (ArrayBuffer.isView(body)) return ofBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  if (body instanceof ArrayBuffer) return ofBytes(new Uint8Array(body));
  if (body instanceof ReadableStream) {
    if (announced !== undefined) return { length: announced, contentType: undefined, stream: body };
    throw new TypeError(
      "A stream as body needs a content-length header: gateways want to know the length first",
    );
  }
  if (body instanceof URLSearchParams) {
    return ofBytes(Buffer.from(String(body)), "application/x-www-form-urlencoded;charset=UTF-8");
  }
  if (body instanceof Blob) return ofBlob(body);
  if (body instanceof FormData) return ofBlob(await new Response(body).blob());
  throw new TypeError("The body must be bytes, text, a Blob, URLSearchParams, FormData or a ReadableStream");
}

function ofBytes(bytes: Uint8Array, contentType?: string): OutgoingBody {
  return { length: bytes.byteLength, contentType, bytes };
}

function ofBlob(blob: Blob): OutgoingBody {
  const contentType = blob.type === "" ? undefined : blob.type;
  return { length: blob.size, contentType, stream: blob.stream() };
}
