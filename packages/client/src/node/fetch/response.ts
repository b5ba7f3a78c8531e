import type { Socket } from "node:net";
import { TransportError } from "./options.js";
import type { ResponseHead } from "./response-parser.js";

/** The result of an exchange. */
export type Outcome =
  | { readonly response: Response }
  | {
      readonly error: unknown;
      /**
       * Whether a kept connection caused the error: `unsent` if nothing was sent, so that any request may be sent again; `stale`
       * if the server closed the connection before it received the request.
       */
      readonly fault: "unsent" | "stale" | undefined;
    };

/**
 * Shorter responses are buffered, which frees the connection and is much cheaper than a stream. A page of a listing has 3 MiB
 * (protocol §1.3). A response to a request that is not sent yet is cut off at fewer bytes, because the request waits for it.
 */
export const bufferedBytes = { sent: 4 * 1024 * 1024, unsent: 64 * 1024 } as const;

/** The content of a long response, which arrives as fast as it is read. Canceling the stream closes the connection. */
export class RestOfResponse {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #socket: Socket;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** @param begin What has already arrived. */
  constructor(begin: Uint8Array, socket: Socket) {
    this.#socket = socket.pause();
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          controller.enqueue(begin);
        },
        pull: () => void socket.resume(),
        cancel: () => {
          // After the end, the connection may already carry another request.
          if (this.#controller !== undefined) socket.destroy();
          this.#controller = undefined;
        },
      },
      { highWaterMark: 0 },
    );
  }

  add(piece: Uint8Array): void {
    this.#socket.pause();
    // Calls `pull` if the stream is being read.
    this.#controller?.enqueue(piece);
  }

  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
    this.#socket.resume();
  }

  fail(error: unknown): void {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}

/** The content of a long response whose rest was lost. */
export function cutOff(begin: Uint8Array): ReadableStream<Uint8Array> {
  let isGiven = false;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (isGiven) {
          const message =
            "the server responded before it had the whole request: the rest of its response is lost";
          controller.error(
            new TypeError("terminated", { cause: new TransportError("ERR_ANSWER_CUT_OFF", message) }),
          );
        } else {
          isGiven = true;
          controller.enqueue(begin);
        }
      },
    },
    { highWaterMark: 0 },
  );
}

const withoutContent = new Set([204, 205, 304]);

/**
 * A Response that creates the platform's Response only if more than the status is used. Creating one costs about as much as
 * sending a small file, and uploads only need the status.
 */
export class LazyResponse implements Response {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly type = "basic";
  readonly #rawHeaders: readonly string[];
  readonly #content: Uint8Array | ReadableStream<Uint8Array>;
  readonly #socket: Socket;
  #made: Response | undefined;

  /** Throws RangeError for a status that Response does not support. */
  constructor(
    { status, statusText, rawHeaders }: ResponseHead,
    { url, isRedirected }: { readonly url: URL; readonly isRedirected: boolean },
    content: Uint8Array | ReadableStream<Uint8Array>,
    socket: Socket,
  ) {
    if (status < 200 || status > 599) {
      throw new RangeError(`the server responded with the invalid status ${status}`);
    }
    this.status = status;
    this.statusText = statusText;
    this.url = url.href;
    this.redirected = isRedirected;
    this.#rawHeaders = rawHeaders;
    this.#content = content;
    this.#socket = socket;
  }

  /** For a caller that distrusts the response: the next one on the connection may be wrong, too. */
  closeConnection(): void {
    this.#socket.destroy();
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

  /** All of the content, if it is in memory. Reading it here does not create the platform's Response. */
  get buffered(): Uint8Array | undefined {
    return this.#content instanceof Uint8Array ? this.#content : undefined;
  }

  /** The value of a header, like `headers.get`, but without creating the platform's Response. */
  header(name: string): string | null {
    const values: string[] = [];
    for (let i = 0; i + 1 < this.#rawHeaders.length; i += 2) {
      if (this.#rawHeaders[i]?.toLowerCase() === name) values.push(this.#rawHeaders[i + 1] ?? "");
    }
    return values.length === 0 ? null : values.join(", ");
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    // Without content, the body can be read repeatedly.
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

  #body(): Uint8Array | ReadableStream<Uint8Array> | null {
    if (withoutContent.has(this.status)) return null;
    return this.#content instanceof Uint8Array && this.#content.byteLength === 0 ? null : this.#content;
  }
}

// Makes instanceof work, but does not load the platform's fetch, which takes about 25 ms, until it is used.
Object.setPrototypeOf(LazyResponse.prototype, new Proxy({}, { getPrototypeOf: () => Response.prototype }));
