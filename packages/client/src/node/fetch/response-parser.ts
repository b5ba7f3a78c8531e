import {
  forbidden,
  type Head,
  InvalidResponseError,
  maxHeadBytes,
  notHttp,
  readHead,
  readHeader,
  readLines,
  tooLong,
} from "./response-head.js";

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

/** RFC 9112 §7.1.1, without spaces. */
const extensions = /^(?:;[!#$%&'*+\-.^_`|~\w]+(?:=(?:[!#$%&'*+\-.^_`|~\w]+|"(?:[^"\\]|\\.)*"))?)*$/;

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
        // The end of the longest head may still lack three of its four bytes.
        if (rest.byteLength > maxHeadBytes + 3) throw tooLong();
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
    const size = /^0*[0-9a-f]{1,12}(?=$|;)/i.exec(line)?.[0];
    if (size === undefined || forbidden.test(line)) {
      if (end < 0 && line === "") return 0;
      throw new InvalidResponseError("HPE_INVALID_CHUNK_SIZE", "a chunk of the response has no valid size");
    }
    if (end < 0) return 0;
    if (size.length < line.length && !extensions.test(line.slice(size.length))) {
      throw new InvalidResponseError("HPE_STRICT", "a chunk of the response has an invalid extension");
    }
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
    const line = readLines(bytes, end);
    if (end < 0) return 0;
    this.#trailerBytes += end + 2;
    if (this.#trailerBytes > maxHeadBytes) throw tooLong();
    if (end === 0) this.isComplete = true;
    else if (/^(?:content-length|transfer-encoding)$/i.test(readHeader(line)[0])) {
      const message = "the trailers of the response say how long it is";
      throw new InvalidResponseError("HPE_UNEXPECTED_CONTENT_LENGTH", message);
    }
    return end + 2;
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    // What is not HTTP may never contain the end of a head.
    if (end < 0 && !"HTTP/1.".startsWith(bytes.toString("latin1", 0, 7))) throw notHttp();
    if (end > maxHeadBytes) throw tooLong();
    if (end < 0) {
      readLines(bytes, end);
      return 0;
    }
    this.#begin(readHead(bytes, end));
    return end + 4;
  }

  #begin({ status, isOld, statusText, fields }: Head): void {
    if (status < 200) return void this.#events.onInformation(status);
    const { rawHeaders, length, coding, connection, keepAliveSeconds } = fields;
    if (coding !== undefined && (isOld || coding.toLowerCase() !== "chunked")) {
      const message = "the response has an unknown transfer coding";
      throw new InvalidResponseError("HPE_INVALID_TRANSFER_ENCODING", message);
    }
    if (coding !== undefined && length !== undefined) {
      const message = "the response has both a length and a transfer coding";
      throw new InvalidResponseError("HPE_UNEXPECTED_CONTENT_LENGTH", message);
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
