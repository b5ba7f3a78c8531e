/** Called with the number of body bytes handed to the operating system since the last call. May return a promise to wait for. */
export type OnBodySent = (bytes: number) => void | Promise<void>;

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  /** Whether this request follows a redirect. */
  readonly isRedirected: boolean;
  /** Names in lower case, without `host` and other connection headers. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: OutgoingBody | undefined;
  /** See BodySender. */
  readonly onBodySent: OnBodySent | undefined;
  readonly redirect: NonNullable<RequestInit["redirect"]>;
  readonly signal: AbortSignal | undefined;
}

/** Keeps a Request alive as long as its signal: on Node 20, garbage collection of the Request unlinks the caller's signal. */
const requests = new WeakMap<AbortSignal, readonly Request[]>();

/** Reads the arguments of fetch. Throws TypeError like fetch; the message never contains secrets. */
export function readOutgoing(
  input: string | URL | Request,
  init?: RequestInit,
): Outgoing | Promise<Outgoing> {
  if (typeof input === "string" || input instanceof URL) return outgoing(input, init ?? {});
  return readRequest(input, init);
}

async function readRequest(input: Request, init?: RequestInit): Promise<Outgoing> {
  const request = init === undefined ? input : new Request(input, init);
  const { url, method, headers, redirect, signal } = request;
  requests.set(signal, [request, input]);
  // A Request does not expose the length of its body. Stream it only if a header has the length.
  const body =
    request.body === null || headers.has("content-length") ? request.body : await request.arrayBuffer();
  return outgoing(url, { method, headers, redirect, signal, body });
}

type Init = RequestInit & { readonly onBodySent?: OnBodySent };

function outgoing(input: string | URL, init: Init): Outgoing | Promise<Outgoing> {
  const { body } = init;
  // Loads the platform's fetch only for bodies other than bytes and strings.
  if (body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array) {
    return ready(input, init, body ?? undefined);
  }
  if (!(body instanceof FormData)) return ready(input, init, body);
  return new Response(body).blob().then((blob) => ready(input, init, blob));
}

function ready(input: string | URL, init: Init, given: Exclude<RequestInit["body"], null>): Outgoing {
  const { redirect = "follow" } = init;
  if (redirect !== "follow" && redirect !== "manual" && redirect !== "error") {
    throw new TypeError("redirect must be follow, manual or error");
  }
  const url = readUrl(input);
  const method = readMethod(init.method ?? "GET");
  const { list: headers, announced } = readHeaders(init.headers);
  const body = readBody(given, announced);
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

/** Methods that need `content-length: 0` if there is no body. */
const announcesEmptyBody = new Set(["PUT", "POST", "PATCH"]);

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~\w]+$/;

const caseInsensitiveMethods = /^(delete|get|head|options|post|put)$/i;

function readMethod(method: string): string {
  if (/^(connect|trace|track)$/i.test(method))
    throw new TypeError(`fetch does not support the method ${method}`);
  if (!token.test(method)) throw new TypeError("The method must be a token, such as PUT");
  return caseInsensitiveMethods.test(method) ? method.toUpperCase() : method;
}

function readUrl(input: string | URL): URL {
  const url = parseUrl(input);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(
      `fetch requires a URL that starts with http:// or https://, not with ${url.protocol}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("fetch does not support a user name or password in a URL");
  }
  return url;
}

/** Without the platform's own error, which contains the text. */
function parseUrl(input: string | URL): URL {
  try {
    return new URL(input);
  } catch {
    throw new TypeError("fetch requires an absolute URL");
  }
}

/** Headers that control the connection. Setting them would break the framing of requests. */
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
  /** Names in lower case, without `content-length`. */
  readonly list: [name: string, value: string][];
  /** The value of the `content-length` header, if any. */
  readonly announced: number | undefined;
}

/** Copies the caller's headers and adds those of fetch. Throws TypeError. */
function readHeaders(given: RequestInit["headers"]): OutgoingHeaders {
  const list: OutgoingHeaders["list"] = [];
  let announced: number | undefined;
  for (const header of normalized(given)) {
    const [name, value] = header;
    if (ownedByConnection.has(name)) {
      throw new TypeError(`The header ${name} cannot be set, because it controls the connection`);
    }
    if (name === "content-length") announced = readLength(value);
    else list.push(header);
  }
  if (!hasHeader(list, "accept")) list.push(["accept", "*/*"]);
  return { list, announced };
}

/** Like the platform's Headers, which are much slower and take about 25 ms to load. */
function normalized(given: RequestInit["headers"]): Iterable<[name: string, value: string]> {
  const headers = new Map<string, string>();
  for (const [given_, value_] of entriesOf(given)) {
    const name = lowerCaseName(String(given_));
    const text = String(value_);
    const value = plainValue.test(text) ? text : trimmedValue(name, text);
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** Headers of earlier requests. */
const knownNames = new Map<string, string>();

function lowerCaseName(given: string): string {
  const known = knownNames.get(given);
  if (known !== undefined) return known;
  const name = given.toLowerCase();
  if (!token.test(name)) throw new TypeError("The name of a header must be a token");
  if (knownNames.size < 100) knownNames.set(given, name);
  return name;
}

/** Most values need no change. */
const plainValue = /^[!-~]+(?: [!-~]+)*$/;

function trimmedValue(name: string, given: string): string {
  const value = given.replaceAll(/^[\t\r\n ]+|[\t\r\n ]+$/g, "");
  if (!/[^\t\x20-\x7e\x80-\xff]/.test(value)) return value;
  throw new TypeError(`The header ${name} contains a character that headers cannot have`);
}

function entriesOf(given: RequestInit["headers"]): Iterable<readonly unknown[]> {
  if (given === undefined) return [];
  return Symbol.iterator in given ? given : Object.entries(given);
}

function hasHeader(list: OutgoingHeaders["list"], name: string): boolean {
  return list.some((header) => header[0] === name);
}

function readLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new TypeError("The content-length header must be a number of bytes");
  return Number(value);
}

/** A body with its exact length: bytes in memory, or a stream. */
export type OutgoingBody = { readonly length: number; readonly contentType: string | undefined } & (
  | { readonly bytes: Uint8Array }
  | { readonly stream: ReadableStream<Uint8Array> }
);

/** @param announced The `content-length` header, which must match the body. Throws TypeError. */
function readBody(body: RequestInit["body"], announced: number | undefined): OutgoingBody | undefined {
  const read = readAnyBody(body, announced);
  if (announced !== undefined && announced !== (read?.length ?? 0)) {
    throw new TypeError(
      `The content-length header says ${announced}, but the body has ${read?.length ?? 0} bytes`,
    );
  }
  return read;
}

function readAnyBody(body: RequestInit["body"], announced: number | undefined): OutgoingBody | undefined {
  if (body === undefined || body === null) return undefined;
  if (body instanceof Uint8Array) return ofBytes(body);
  if (typeof body === "string") return ofBytes(Buffer.from(body), "text/plain;charset=UTF-8");
  if (ArrayBuffer.isView(body)) return ofBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  if (body instanceof ArrayBuffer) return ofBytes(new Uint8Array(body));
  if (body instanceof ReadableStream) {
    if (announced !== undefined) return { length: announced, contentType: undefined, stream: body };
    throw new TypeError(
      "A stream body requires a content-length header, because gateways need the length first",
    );
  }
  if (body instanceof URLSearchParams) {
    return ofBytes(Buffer.from(String(body)), "application/x-www-form-urlencoded;charset=UTF-8");
  }
  if (body instanceof Blob) return ofBlob(body);
  throw new TypeError(
    "The body must be bytes, a string, a Blob, URLSearchParams, FormData or a ReadableStream",
  );
}

function ofBytes(bytes: Uint8Array, contentType?: string): OutgoingBody {
  return { length: bytes.byteLength, contentType, bytes };
}

function ofBlob(blob: Blob): OutgoingBody {
  const contentType = blob.type === "" ? undefined : blob.type;
  return { length: blob.size, contentType, stream: blob.stream() };
}
