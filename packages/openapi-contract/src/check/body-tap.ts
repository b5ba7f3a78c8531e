import type { IncomingMessage } from "node:http";
import { Transform, type TransformCallback } from "node:stream";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { UnreadBody } from "./values.js";

const isText = /json|xml|urlencoded|^text\//i;
const decoders = new Map([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)],
]);

/** Sees a body go by: keeps a text up to a limit, and counts the rest. */
export class BodyTap extends Transform {
  readonly #headers: IncomingMessage["headers"];
  readonly #limit: number;
  #kept: Buffer[] | undefined;
  #length = 0;
  #isComplete = false;

  constructor({ headers }: IncomingMessage, limit: number) {
    super();
    this.#headers = headers;
    this.#limit = limit;
    this.#kept = isText.test(headers["content-type"] ?? "") ? [] : undefined;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#length += chunk.byteLength;
    if (this.#length > this.#limit) this.#kept = undefined;
    else this.#kept?.push(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#isComplete = true;
    done();
  }

  /** The whole body; without its content when it was too long, no text, not sent to its end, or compressed beyond the limit. */
  async body(): Promise<Uint8Array | UnreadBody> {
    const length = this.#isComplete ? this.#length : Number(this.#headers["content-length"] ?? this.#length);
    if (this.#kept === undefined || !this.#isComplete) return new UnreadBody(length);
    const encoding = this.#headers["content-encoding"]?.toLowerCase() ?? "identity";
    const bytes = Buffer.concat(this.#kept);
    if (encoding === "identity" || bytes.byteLength === 0) return bytes;
    try {
      return (
        (await decoders.get(encoding)?.(bytes, { maxOutputLength: this.#limit })) ?? new UnreadBody(length)
      );
    } catch {
      return new UnreadBody(length);
    }
  }

  async text(): Promise<string | UnreadBody> {
    const body = await this.body();
    if (body.byteLength === 0) return "";
    return body instanceof UnreadBody ? body : new TextDecoder().decode(body);
  }
}
