import type { IncomingMessage } from "node:http";

const withoutContent = new Set([204, 205, 304]);

/**
 * A Response that is only made when somebody wants more than its status: the platform's costs about as much as sending a
 * small file, and an upload looks at no more than that.
 */
export class LazyResponse implements Response {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly type = "basic";
  readonly #rawHeaders: readonly string[];
  readonly #content: Uint8Array | ReadableStream<Uint8Array>;
  #made: Response | undefined;

  /** Throws RangeError for a status that no Response can have. */
  constructor(
    { statusCode = 0, statusMessage = "", rawHeaders }: IncomingMessage,
    { url, isRedirected }: { readonly url: URL; readonly isRedirected: boolean },
    content: Uint8Array | ReadableStream<Uint8Array>,
  ) {
    if (statusCode < 200 || statusCode > 599)
      throw new RangeError(`the server answered with status ${statusCode}`);
    this.status = statusCode;
    this.statusText = statusMessage;
    this.url = url.href;
    this.redirected = isRedirected;
    this.#rawHeaders = rawHeaders;
    this.#content = content;
  }

  get ok(): boolean {
    return this.status < 300;
  }

  get headers(): Headers {
    return this.#full.headers;
  }

  get body(): Response["body"] {
    return this.#body() === null ? null : this.#full.body;
  }

  get bodyUsed(): boolean {
    return this.#made?.bodyUsed ?? false;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    // Content that is none can be read as often as one likes.
    return this.#body() === null ? Promise.resolve(new ArrayBuffer(0)) : this.#full.arrayBuffer();
  }

  blob(): ReturnType<Response["blob"]> {
    return this.#full.blob();
  }

  bytes(): Promise<Uint8Array> {
    return this.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }

  formData(): Promise<FormData> {
    return this.#full.formData();
  }

  json(): Promise<unknown> {
    return this.#full.json();
  }

  text(): Promise<string> {
    return this.#full.text();
  }

  clone(): Response {
    return this.#full.clone();
  }

  get #full(): Response {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Response {
    const headers: [string, string][] = [];
    for (let i = 0; i + 1 < this.#rawHeaders.length; i += 2) {
      headers.push([this.#rawHeaders[i] ?? "", this.#rawHeaders[i + 1] ?? ""]);
    }
    const { status, statusText } = this;
    return new Response(this.#body(), { status, statusText, headers });
  }

  /** Without content there is no stream to make. */
  #body(): Uint8Array | ReadableStream<Uint8Array> | null {
    if (withoutContent.has(this.status)) return null;
    return this.#content instanceof Uint8Array && this.#content.byteLength === 0 ? null : this.#content;
  }
}

// For whoever asks by instanceof.
Object.setPrototypeOf(LazyResponse.prototype, Response.prototype);
