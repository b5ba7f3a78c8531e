/** The response is not valid HTTP. Has the codes of Node.js's HTTP parser, which describe the same errors. */
export class InvalidResponseError extends Error {
  override readonly name = "InvalidResponseError";
  readonly code: `HPE_${string}`;

  constructor(code: `HPE_${string}`, message: string) {
    super(message);
    this.code = code;
  }
}

/** The limit of node:http. It applies to the head of a response, the first line of a chunk, and the trailers. */
export const maxHeadBytes = 16 * 1024;

/** The first line and the headers of a response. */
export interface Head {
  readonly status: number;
  /** HTTP/1.0. */
  readonly isOld: boolean;
  readonly statusText: string;
  readonly fields: Readonly<Fields>;
}

/** The responses to many small files are the same, apart from their date, which changes once per second. */
let last: { readonly text: string; readonly head: Head } | undefined;

/** @param end Where the head ends. */
export function readHead(bytes: Buffer, end: number): Head {
  const text = bytes.toString("latin1", 0, end);
  if (last?.text === text) return last.head;
  const [first = "", ...lines] = readLines(bytes, end).split("\r\n");
  const head = { ...readStatus(first), fields: readFields(lines) };
  last = { text, head };
  return head;
}

function readStatus(line: string): Omit<Head, "fields"> {
  const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(line);
  if (status === null || forbidden.test(line)) throw notHttp();
  const [, minor, code = "", statusText = ""] = status;
  // HTTP/1.0 has no informational responses.
  if (minor === "0" && code.startsWith("1")) throw notHttp();
  return { status: Number(code), isOld: minor === "0", statusText };
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
export const forbidden = /[\0-\x08\x0a-\x1f\x7f]/;
const headerName = /^[!#$%&'*+\-.^_`|~\w]+(?=:)/;

export function readHeader(line: string): readonly [name: string, value: string] {
  const name = forbidden.test(line) ? undefined : headerName.exec(line)?.[0];
  if (name === undefined) {
    throw new InvalidResponseError("HPE_INVALID_HEADER_TOKEN", "the response has an invalid header");
  }
  // A regular expression would need quadratic time for many spaces in a value.
  let start = name.length + 1;
  let end = line.length;
  while (start < end && isSpace(line.charCodeAt(start))) start++;
  while (end > start && isSpace(line.charCodeAt(end - 1))) end--;
  return [name, line.slice(start, end)];
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

/** Rejects other line ends than CRLF at once, because a response with them may never end. */
export function readLines(bytes: Buffer, end: number): string {
  const text = bytes.toString("latin1", 0, end < 0 ? maxHeadBytes : end);
  // The last byte may be the first half of a line end.
  if (/(?:^|[^\r])\n|\r[^\n]/.test(text)) {
    throw new InvalidResponseError("HPE_CR_EXPECTED", "the response has a line that does not end with CRLF");
  }
  return text;
}

export function notHttp(): InvalidResponseError {
  return new InvalidResponseError("HPE_INVALID_CONSTANT", "the response does not start like HTTP/1.1");
}

export function tooLong(): InvalidResponseError {
  return new InvalidResponseError(
    "HPE_HEADER_OVERFLOW",
    `the head of the response exceeds ${maxHeadBytes} bytes`,
  );
}
