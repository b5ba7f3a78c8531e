/** The head of a final response. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  /** Whether the server keeps the connection open after this response. */
  readonly isPersistent: boolean;
  /** How long the server keeps an idle connection open, if it says so. */
  readonly keepAliveSeconds: number | undefined;
}

/** What a ResponseParser calls. */
export interface ResponseEvents {
  /** A response with a status from 100 to 199, which precedes the final response. */
  onInformation(status: number): void;
  onHead(head: ResponseHead): void;
  onContent(piece: Buffer): void;
}

/** The response is not valid HTTP. Has the codes of Node.js's HTTP parser, which describe the same errors. */
class InvalidResponseError extends Error {
  override readonly name = "InvalidResponseError";
  readonly code: `HPE_${string}`;

  constructor(code: `HPE_${string}`, message: string) {
    super(message);
    this.code = code;
  }
}

/** The same limit as in node:http, for a head, a chunk's first line or the trailers. */
const maxHeadBytes = 16 * 1024;

type State = "head" | "content" | "untilClose" | "chunk" | "chunkContent" | "chunkEnd" | "trailers";

/**
 * Reads one response of HTTP/1.0 or 1.1 (RFC 9112). Rejects everything ambiguous, because a wrong end of a response would make
 * its rest look like the response to another request: other line ends than CRLF, folded headers, several lengths, a length
 * together with chunks, and other transfer codings than `chunked`.
 */
export class ResponseParser {
  /** Whether the response has ended. */
  isComplete = false;
  readonly #events: ResponseEvents;
  readonly #isHead: boolean;
  #state: State = "head";
  #held: Buffer | undefined;
  /** The missing bytes of the content or of a chunk. */
  #left = 0;
  #trailerBytes = 0;

  constructor(method: string, events: ResponseEvents) {
    this.#isHead = method === "HEAD";
    this.#events = events;
  }

  /** Reads bytes. Returns how many bytes follow the end of the response. Throws InvalidResponseError. */
  push(data: Buffer): number {
    let rest = this.#held === undefined ? data : Buffer.concat([this.#held, data]);
    this.#held = undefined;
    while (!this.isComplete && rest.byteLength > 0) {
      const used = this.#read(rest);
      if (used === 0) {
        if (rest.byteLength > maxHeadBytes) throw tooLong();
        this.#held = rest;
        return 0;
      }
      rest = rest.subarray(used);
    }
    return rest.byteLength;
  }

  /** The server closed its side. Returns whether the response is complete. */
  close(): boolean {
    if (this.#state === "untilClose") this.isComplete = true;
    return this.isComplete;
  }

  /** Returns the number of bytes used, or 0 if more are needed. */
  #read(bytes: Buffer): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes);
      case "untilClose":
        this.#events.onContent(bytes);
        return bytes.byteLength;
      case "content":
      case "chunkContent":
        return this.#readContent(bytes);
      case "chunk":
        return this.#readChunkSize(bytes);
      case "chunkEnd":
        return this.#readChunkEnd(bytes);
      case "trailers":
        return this.#readTrailers(bytes);
    }
  }

  #readContent(bytes: Buffer): number {
    const piece = bytes.byteLength <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= piece.byteLength;
    if (this.#left === 0) {
      if (this.#state === "content") this.isComplete = true;
      else this.#state = "chunkEnd";
    }
    this.#events.onContent(piece);
    return piece.byteLength;
  }

  #readChunkSize(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n");
    if (end > maxHeadBytes) throw tooLong();
    // A line break in front of the size is an error at once.
    const seen = bytes.toString("latin1", 0, end < 0 ? Math.min(bytes.byteLength, maxHeadBytes) : end);
    const line = end < 0 ? seen.replace(/\r$/, "") : seen;
    const size = /^[0-9a-f]{1,12}(?=$|[\t ;])/i.exec(line)?.[0];
    if (size === undefined || forbidden.test(line)) {
      if (end < 0 && line === "") return 0;
      throw new InvalidResponseError("HPE_INVALID_CHUNK_SIZE", "a chunk of the response has no valid size");
    }
    if (end < 0) return 0;
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailers" : "chunkContent";
    return end + 2;
  }

  #readChunkEnd(bytes: Buffer): number {
    const [first, second] = bytes;
    if (first !== 13 || (second ?? 10) !== 10) {
      throw new InvalidResponseError(
        "HPE_STRICT",
        "a chunk of the response does not have the length it announced",
      );
    }
    if (second === undefined) return 0;
    this.#state = "chunk";
    return 2;
  }

  /** Trailers are checked and ignored. */
  #readTrailers(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n");
    if (end < 0) return 0;
    this.#trailerBytes += end + 2;
    if (this.#trailerBytes > maxHeadBytes) throw tooLong();
    if (end === 0) this.isComplete = true;
    else readHeader(bytes.toString("latin1", 0, end));
    return end + 2;
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) {
      // What is not HTTP may never contain the end of a head.
      if (!"HTTP/1.".startsWith(bytes.toString("latin1", 0, 7))) throw notHttp();
      return 0;
    }
    if (end > maxHeadBytes) throw tooLong();
    const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
    const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(first);
    if (status === null || forbidden.test(first)) throw notHttp();
    const [, minor, code, statusText = ""] = status;
    this.#begin(Number(code), { isOld: minor === "0", statusText, fields: readFields(lines) });
    return end + 4;
  }

  #begin(
    status: number,
    { isOld, statusText, fields }: { isOld: boolean; statusText: string; fields: Fields },
  ): void {
    if (status < 200) return void this.#events.onInformation(status);
    const { rawHeaders, length, coding, connection, keepAliveSeconds } = fields;
    if (coding !== undefined && (isOld || coding.toLowerCase() !== "chunked")) {
      throw new InvalidResponseError(
        "HPE_INVALID_TRANSFER_ENCODING",
        "the response has an unknown transfer coding",
      );
    }
    if (coding !== undefined && length !== undefined) {
      throw new InvalidResponseError(
        "HPE_UNEXPECTED_CONTENT_LENGTH",
        "the response has both a length and a transfer coding",
      );
    }
    const isEmpty = this.#isHead || status === 204 || status === 304 || length === 0;
    if (isEmpty) this.isComplete = true;
    else if (coding !== undefined) this.#state = "chunk";
    else if (length !== undefined) {
      this.#state = "content";
      this.#left = length;
    } else this.#state = "untilClose";
    const isPersistent =
      this.#state !== "untilClose" &&
      (isOld ? /(^|,)\s*keep-alive\s*(,|$)/i : /^(?!(.*,)?\s*close\s*(,|$))/i).test(connection);
    this.#events.onHead({ status, statusText, rawHeaders, isPersistent, keepAliveSeconds });
  }
}

interface Fields {
  readonly rawHeaders: string[];
  length: number | undefined;
  coding: string | undefined;
  connection: string;
  keepAliveSeconds: number | undefined;
}

function readFields(lines: readonly string[]): Fields {
  const fields: Fields = {
    rawHeaders: [],
    length: undefined,
    coding: undefined,
    connection: "",
    keepAliveSeconds: undefined,
  };
  for (const line of lines) {
    const [name, value] = readHeader(line);
    fields.rawHeaders.push(name, value);
    // Only these lengths matter.
    if (name.length === 10 || name.length === 14 || name.length === 17) readFraming(fields, name, value);
  }
  return fields;
}

function readFraming(fields: Fields, name: string, value: string): void {
  switch (name.toLowerCase()) {
    case "connection":
      fields.connection = fields.connection === "" ? value : `${fields.connection},${value}`;
      break;
    case "keep-alive": {
      const seconds = /(?:^|[\s,;])timeout=(\d{1,9})/i.exec(value)?.[1];
      if (seconds !== undefined) fields.keepAliveSeconds = Number(seconds);
      break;
    }
    case "content-length":
      if (fields.length !== undefined) {
        throw new InvalidResponseError("HPE_UNEXPECTED_CONTENT_LENGTH", "the response has two lengths");
      }
      if (!/^\d{1,15}$/.test(value)) {
        throw new InvalidResponseError(
          "HPE_INVALID_CONTENT_LENGTH",
          "the length of the response is not a number",
        );
      }
      fields.length = Number(value);
      break;
    case "transfer-encoding":
      fields.coding = fields.coding === undefined ? value : `${fields.coding},${value}`;
      break;
  }
}

/** Control characters other than tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what it looks for
const forbidden = /[\0-\x08\x0a-\x1f\x7f]/;
const header = /^([!#$%&'*+\-.^_`|~\w]+):[\t ]*(.*?)[\t ]*$/;

function readHeader(line: string): readonly [name: string, value: string] {
  const match = forbidden.test(line) ? null : header.exec(line);
  if (match === null) {
    throw new InvalidResponseError("HPE_INVALID_HEADER_TOKEN", "the response has an invalid header");
  }
  return [match[1] ?? "", match[2] ?? ""];
}

function notHttp(): InvalidResponseError {
  return new InvalidResponseError("HPE_INVALID_CONSTANT", "the response does not start like HTTP/1.1");
}

function tooLong(): InvalidResponseError {
  return new InvalidResponseError(
    "HPE_HEADER_OVERFLOW",
    `the head of the response exceeds ${maxHeadBytes} bytes`,
  );
}
