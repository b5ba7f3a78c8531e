import type { IncomingMessage } from "node:http";
import { TransportError } from "./options.js";

/** Shorter responses are buffered, which frees the connection and is much cheaper than a stream. */
const bufferedBytes = 64 * 1024;

/** The beginning of a response's content, or all of it. */
export interface Collected {
  readonly bytes: Buffer;
  readonly isAll: boolean;
}

/** Calls `done` when a short response is complete or a long one exceeds the buffer; never if the connection fails first. */
export function collect(incoming: IncomingMessage, done: (collected: Collected) => void): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const onEnd = () => done({ bytes: Buffer.concat(pieces), isAll: true });
  const onData = (piece: Buffer) => {
    pieces.push(piece);
    size += piece.byteLength;
    if (size <= bufferedBytes) return;
    incoming.off("data", onData).off("end", onEnd).pause();
    done({ bytes: Buffer.concat(pieces), isAll: false });
  };
  incoming.on("data", onData).on("end", onEnd);
}

/** The content of a long response. Canceling the stream closes the connection. */
export function streamRest(
  begin: Uint8Array,
  incoming: IncomingMessage,
  explain: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const rest: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(begin),
      async pull(controller) {
        try {
          const { done, value } = await rest.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(explain(error));
        }
      },
      cancel: () => void incoming.destroy(),
    },
    { highWaterMark: 0 },
  );
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
  #made: Response | undefined;

  /** Throws RangeError for a status that Response does not support. */
  constructor(
    { statusCode = 0, statusMessage = "", rawHeaders }: IncomingMessage,
    { url, isRedirected }: { readonly url: URL; readonly isRedirected: boolean },
    content: Uint8Array | ReadableStream<Uint8Array>,
  ) {
    if (statusCode < 200 || statusCode > 599)
      throw new RangeError(`the server responded with the invalid status ${statusCode}`);
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

  /** All of the content, if it is in memory. Reading it here does not create the platform's Response. */
  get buffered(): Uint8Array | undefined {
    return this.#content instanceof Uint8Array ? this.#content : undefined;
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

// Makes instanceof work.
Object.setPrototypeOf(LazyResponse.prototype, Response.prototype);
