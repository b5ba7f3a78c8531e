import type { IncomingMessage } from "node:http";
import { TransportError } from "./options.js";

/** Up to here the content of an answer is read at once, which frees the connection and costs a fraction of a stream. */
const bufferedBytes = 64 * 1024;

/** The begin of an answer's content, or all of it. */
export interface Collected {
  readonly bytes: Buffer;
  readonly isAll: boolean;
}

/** Calls back once all of a short answer is there, or too much of a long one; never when the connection fails first. */
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

/** The content of a long answer. Who cancels it ends the connection. */
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

/** The content of a long answer whose rest nobody waited for. */
export function cutOff(begin: Uint8Array): ReadableStream<Uint8Array> {
  let isGiven = false;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (isGiven) {
          const message =
            "the server answered before it had the whole request: the rest of a long answer is lost";
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
