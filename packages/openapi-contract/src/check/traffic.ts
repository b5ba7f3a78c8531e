import { readFileSync } from "node:fs";
import { SpecError } from "../document/json.js";
import { displayPath } from "../document/load.js";
import type { Exchange } from "./exchange.js";
import { isMembers, type Members, UnreadBody } from "./values.js";

/** An exchange, and where it stands in its file. */
export interface RecordedExchange {
  readonly exchange: Exchange;
  readonly line: number;
  readonly column: number;
  /** JSON pointer of the entry in a HAR file; `#` in a file of lines. */
  readonly pointer: string;
}

/**
 * Reads recorded traffic: an HTTP archive (`.har`), or a file with one exchange per line (`.jsonl`), each an entry of an
 * archive or `{"request": {"method", "url", "headers", "body"}, "response": {"status", "headers", "body"}}`.
 */
export function readTraffic(path: string): RecordedExchange[] {
  const file = displayPath(path);
  const fail = (place: string, message: string, cause?: unknown) =>
    new SpecError([{ file, pointer: place, message }], { cause });
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw fail("", "cannot be read as recorded traffic", cause);
  }
  const found = path.endsWith(".har") ? harEntries(text, fail) : lineEntries(text, fail);
  if (found.length === 0) throw fail("", "contains no exchange");
  return found.map(({ entry, ...place }) => {
    const exchange = exchangeOf(entry);
    if (typeof exchange !== "string") return { exchange, ...place };
    throw fail(`:${place.line}:${place.column}`, `is no recorded exchange: ${exchange}`);
  });
}

interface Entry {
  readonly entry: unknown;
  readonly line: number;
  readonly column: number;
  readonly pointer: string;
}

type Fail = (place: string, message: string, cause?: unknown) => Error;

function lineEntries(text: string, fail: Fail): Entry[] {
  return text
    .split("\n")
    .flatMap((line, index) =>
      line.trim() === ""
        ? []
        : [{ entry: parse(line, `:${index + 1}`, fail), line: index + 1, column: 1, pointer: "#" }],
    );
}

function harEntries(text: string, fail: Fail): Entry[] {
  const archive = parse(text, "", fail);
  const log = isMembers(archive) ? archive["log"] : undefined;
  const entries = isMembers(log) ? log["entries"] : undefined;
  if (!Array.isArray(entries)) throw fail("#/log/entries", "expected the list of entries of an HTTP archive");
  const starts = entryStarts(text);
  return entries.map((entry, index) => ({
    entry,
    ...(starts[index] ?? { line: 1, column: 1 }),
    pointer: `#/log/entries/${index}`,
  }));
}

function parse(text: string, place: string, fail: Fail): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fail(place, `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** Where the items of `log.entries` begin. Archives are large: only brackets and names are looked at. */
function entryStarts(text: string): { line: number; column: number }[] {
  const starts: { line: number; column: number }[] = [];
  const path: (string | undefined)[] = [];
  let name: string | undefined;
  let line = 1;
  let lineStart = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]|\n/g)) {
    const [token] = match;
    if (token === "\n") {
      line++;
      lineStart = match.index + 1;
    } else if (token === "{" || token === "[") {
      const isEntry = token === "{" && path.length === 3 && path[1] === "log" && path[2] === "entries";
      if (isEntry) starts.push({ line, column: match.index - lineStart + 1 });
      path.push(name);
      name = undefined;
    } else if (token === "}" || token === "]") {
      path.pop();
      name = undefined;
    } else name = token.slice(1, -1);
  }
  return starts;
}

/** The exchange, or what is wrong with it. */
function exchangeOf(entry: unknown): Exchange | string {
  if (!isMembers(entry)) return "expected an object";
  const { request, response } = entry;
  if (!isMembers(request) || !isMembers(response)) return "expected request and response";
  const { method, url } = request;
  const { status } = response;
  if (typeof method !== "string" || typeof url !== "string" || !URL.canParse(url))
    return "expected a request with method and an absolute URL";
  if (typeof status !== "number") return "expected a response with a status";
  return {
    request: {
      method: method.toUpperCase(),
      url,
      headers: headersOf(request["headers"]),
      body: requestBody(request),
    },
    response: { status, headers: headersOf(response["headers"]), body: responseBody(response) },
  };
}

/** As a list of name and value, or as an object. Browsers record names such as `:path`, which are no headers. */
function headersOf(recorded: unknown): Headers {
  const headers = new Headers();
  const pairs = Array.isArray(recorded)
    ? recorded.filter(isMembers).map(({ name, value }): [unknown, unknown] => [name, value])
    : Object.entries(isMembers(recorded) ? recorded : {});
  for (const [name, value] of pairs) {
    for (const each of String(value).split("\n")) {
      if (typeof name === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(name))
        headers.append(name, each.replaceAll(/[^\t\x20-\xff]/g, "?"));
    }
  }
  return headers;
}

function requestBody(request: Members): Uint8Array | UnreadBody | undefined {
  const { postData, body, bodySize } = request;
  const text = isMembers(postData) ? (postData["text"] ?? formText(postData["params"])) : body;
  if (typeof text === "string") return new TextEncoder().encode(text);
  if (text !== undefined && text !== null) return new TextEncoder().encode(JSON.stringify(text));
  if (typeof bodySize === "number" && bodySize > 0) return new UnreadBody(bodySize);
  return headersOf(request["headers"]).get("content-length") === "0" ? new Uint8Array() : undefined;
}

/** Browsers record the fields of a form one by one. */
function formText(fields: unknown): string | undefined {
  if (!Array.isArray(fields) || fields.length === 0) return undefined;
  const pairs = fields
    .filter(isMembers)
    .map(({ name, value }): [string, string] => [String(name), String(value ?? "")]);
  return new URLSearchParams(pairs).toString();
}

function responseBody(response: Members): string | UnreadBody {
  const { content, body } = response;
  const { text, encoding, size } = isMembers(content)
    ? content
    : { text: body, encoding: undefined, size: undefined };
  if (typeof text === "string")
    return encoding === "base64" ? Buffer.from(text, "base64").toString("utf8") : text;
  if (text !== undefined && text !== null) return JSON.stringify(text);
  return typeof size === "number" && size > 0 ? new UnreadBody(size) : "";
}
