import { closeSync, openSync, writeSync } from "node:fs";
import { SpecError } from "../document/json.js";
import { displayPath } from "../document/load.js";
import type { Exchange } from "./exchange.js";
import type { Redactor } from "./redact.js";
import { bodyLength } from "./values.js";

const end = "\n]}}\n";

/** When an exchange began, and how long its parts took, in milliseconds. */
export interface Timing {
  readonly startedAt: Date;
  readonly send: number;
  readonly wait: number;
  readonly receive: number;
}

/** Writes an HTTP archive (HAR 1.2) entry by entry, without secrets. The file is complete after each entry. */
export class HarWriter {
  readonly #file: number;
  readonly #redactor: Redactor;
  #position: number;
  #isFirst = true;

  /** Throws SpecError when the file exists already: recordings are not overwritten. */
  constructor(path: string, redactor: Redactor, version: string) {
    this.#redactor = redactor;
    try {
      // Not for others to read: what a recording still holds is between two machines.
      this.#file = openSync(path, "wx", 0o600);
    } catch (cause) {
      const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
      const message =
        reason === "EEXIST"
          ? "exists already; delete it or choose another name"
          : `cannot be written (${reason})`;
      throw new SpecError([{ file: displayPath(path), pointer: "", message }], { cause });
    }
    const head = `{"log":{"version":"1.2","creator":${JSON.stringify({ name: "openapi-contract", version })},"entries":[`;
    this.#position = writeSync(this.#file, head, 0);
    writeSync(this.#file, end, this.#position);
  }

  add(exchange: Exchange, timing: Timing): void {
    const text = `${this.#isFirst ? "\n" : ",\n"}${JSON.stringify(harEntry(exchange, timing, this.#redactor))}`;
    this.#isFirst = false;
    const bytes = Buffer.from(text + end);
    writeSync(this.#file, bytes, 0, bytes.byteLength, this.#position);
    this.#position += bytes.byteLength - Buffer.byteLength(end);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function harEntry({ request, response }: Exchange, timing: Timing, redactor: Redactor): object {
  const { startedAt, send, wait, receive } = timing;
  const headers = (all: Headers) =>
    [...all].map(([name, value]) => ({ name, value: redactor.header(name, value) }));
  const sentType = request.headers.get("content-type") ?? "";
  const gotType = response.headers.get("content-type") ?? "";
  const sent = request.body instanceof Uint8Array ? new TextDecoder().decode(request.body) : undefined;
  const got = typeof response.body === "string" ? response.body : undefined;
  const url = redactor.url(request.url);
  const [, query = ""] = /\?([^#]*)/.exec(url) ?? [];
  const pairs = query.split("&").filter((pair) => pair !== "");
  const size = bodyLength(response.body) ?? 0;
  return {
    startedDateTime: startedAt.toISOString(),
    time: send + wait + receive,
    request: {
      method: request.method,
      url,
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: headers(request.headers),
      queryString: pairs.map((pair) => {
        const [name = "", ...value] = pair.split("=");
        return { name, value: value.join("=") };
      }),
      ...(sent === undefined
        ? {}
        : { postData: { mimeType: sentType, text: redactor.body(sent, sentType) } }),
      headersSize: -1,
      bodySize: bodyLength(request.body) ?? 0,
    },
    response: {
      status: response.status,
      statusText: "",
      httpVersion: "HTTP/1.1",
      cookies: [],
      headers: headers(response.headers),
      content: {
        size,
        mimeType: gotType,
        ...(got === undefined ? {} : { text: redactor.body(got, gotType) }),
      },
      redirectURL: "",
      headersSize: -1,
      bodySize: size,
    },
    cache: {},
    timings: { send, wait, receive },
  };
}
