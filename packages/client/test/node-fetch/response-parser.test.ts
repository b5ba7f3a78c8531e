import { describe, expect, it } from "vitest";
import { type ResponseHead, ResponseParser } from "../../src/node/fetch/response-parser.js";

interface Parsed {
  readonly heads: readonly ResponseHead[];
  readonly informational: readonly number[];
  readonly content: string;
  readonly isComplete: boolean;
  /** The number of bytes after the end of the response. */
  readonly extra: number;
}

/** Parses a text that arrives in pieces of `size` bytes. */
function parse(text: string, { size = text.length, method = "PUT", closes = false } = {}): Parsed {
  const heads: ResponseHead[] = [];
  const informational: number[] = [];
  let content = "";
  const parser = new ResponseParser(method, {
    onInformation: (status) => void informational.push(status),
    onHead: (head) => void heads.push(head),
    onContent: (piece) => {
      content += piece.toString("latin1");
    },
  });
  let extra = 0;
  for (let from = 0; from < text.length; from += size) {
    const piece = Buffer.from(text.slice(from, from + size), "latin1");
    extra += parser.isComplete ? piece.length : parser.push(piece);
  }
  if (closes) parser.close();
  return { heads, informational, content, isComplete: parser.isComplete, extra };
}

const ok = (...lines: string[]) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
const chunked = ok("Transfer-Encoding: chunked");

describe("a response", () => {
  it.each<[string, string, string]>([
    ["with a length", `${ok("Content-Length: 5")}hello`, "hello"],
    ["with length 0", ok("Content-Length: 0"), ""],
    ["in chunks", `${chunked}2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n`, "hello"],
    ["in chunks with trailers", `${chunked}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`, "hello"],
    ["with hexadecimal chunks", `${chunked}A\r\n0123456789\r\n00\r\n\r\n`, "0123456789"],
    ["with status 204", "HTTP/1.1 204 No\r\n\r\n", ""],
    ["without a reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", "hi"],
    ["after informational ones", `HTTP/1.1 100 Continue\r\n\r\n${ok("Content-Length: 2")}hi`, "hi"],
  ])("%s is the same in any pieces, and what follows is extra", (_, text, content) => {
    for (let size = 1; size <= text.length; size += 1) {
      expect(parse(text, { size })).toMatchObject({ content, isComplete: true, extra: 0 });
      expect(parse(`${text}HTTP/1.1 200 OK\r\n\r\n`, { size })).toMatchObject({ content, extra: 19 });
      expect(parse(text.slice(0, -1), { size }).isComplete).toBe(false);
    }
  });

  it("without a length ends when the server closes, and is not persistent", () => {
    expect(parse(`${ok()}hello`).isComplete).toBe(false);
    const { content, isComplete, heads } = parse(`${ok()}hello`, { closes: true });
    expect([content, isComplete, heads[0]?.isPersistent]).toEqual(["hello", true, false]);
    expect(parse(`${ok("Content-Length: 9")}hello`, { closes: true }).isComplete).toBe(false);
  });

  it("to HEAD, and with status 204 or 304, has no content whatever its headers say", () => {
    expect(parse(ok("Content-Length: 5"), { method: "HEAD" })).toMatchObject({ isComplete: true });
    for (const status of [204, 304]) {
      expect(parse(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\n{}`)).toMatchObject({
        content: "",
        extra: 2,
      });
    }
  });

  it("has its headers as they were sent, without the spaces around values", () => {
    const { heads, informational } = parse(
      `HTTP/1.1 103 Hints\r\nA: 1\r\n\r\n${ok("X-a:\t b c  ", "x-A: \xe9", "Content-Length: 0")}`,
    );
    expect(informational).toEqual([103]);
    expect(heads).toMatchObject([
      { status: 200, statusText: "OK", rawHeaders: ["X-a", "b c", "x-A", "\xe9", "Content-Length", "0"] },
    ]);
  });

  it.each<[string, boolean]>([
    [ok("Content-Length: 0"), true],
    [ok("Content-Length: 0", "Connection: close"), false],
    [ok("Content-Length: 0", "connection: upgrade, Close"), false],
    [ok("Content-Length: 0", "Connection: upgrade", "Connection: close"), false],
    [ok("Content-Length: 0", "Connection: closed"), true],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true],
  ])("%j: persistent %s", (text, isPersistent) => {
    expect(parse(text).heads[0]?.isPersistent).toBe(isPersistent);
  });

  it("says how long the server keeps the connection", () => {
    expect(parse(ok("Keep-Alive: timeout=5, max=9", "Content-Length: 0")).heads[0]?.keepAliveSeconds).toBe(5);
    expect(parse(ok("Keep-Alive: max=9", "Content-Length: 0")).heads[0]?.keepAliveSeconds).toBeUndefined();
  });
});

describe("an invalid response", () => {
  it.each(
    (
      [
        ["SSH-2.0\r\n", "HPE_INVALID_CONSTANT"],
        ["\r\nHTTP/1.1 200 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
        ["HTTP/2.0 200 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
        ["HTTP/1.1 20 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
        ["HTTP/1.1  200 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
        ["HTTP/1.1 2000 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
        ["HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "HPE_INVALID_CONSTANT"],
        [ok("Content-Length: 1", "Content-Length: 2"), "HPE_UNEXPECTED_CONTENT_LENGTH"],
        [ok("Content-Length: 1", "content-length: 1"), "HPE_UNEXPECTED_CONTENT_LENGTH"],
        [ok("Content-Length: 1", "Transfer-Encoding: chunked"), "HPE_UNEXPECTED_CONTENT_LENGTH"],
        [ok("Content-Length: -1"), "HPE_INVALID_CONTENT_LENGTH"],
        [ok("Content-Length: 1, 1"), "HPE_INVALID_CONTENT_LENGTH"],
        [ok("Content-Length: 0x1"), "HPE_INVALID_CONTENT_LENGTH"],
        [ok("Content-Length:"), "HPE_INVALID_CONTENT_LENGTH"],
        [ok("Transfer-Encoding: gzip, chunked"), "HPE_INVALID_TRANSFER_ENCODING"],
        [ok("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "HPE_INVALID_TRANSFER_ENCODING"],
        [chunked.replace("1.1", "1.0"), "HPE_INVALID_TRANSFER_ENCODING"],
        [ok("A: 1", " folded"), "HPE_INVALID_HEADER_TOKEN"],
        [ok("Content-Length : 1"), "HPE_INVALID_HEADER_TOKEN"],
        [ok("no colon"), "HPE_INVALID_HEADER_TOKEN"],
        [ok(": no name"), "HPE_INVALID_HEADER_TOKEN"],
        [ok("A: 1\nB: 2"), "HPE_INVALID_HEADER_TOKEN"],
        [ok("A: 1\rB: 2"), "HPE_INVALID_HEADER_TOKEN"],
        [ok("A: \0"), "HPE_INVALID_HEADER_TOKEN"],
        [`${chunked}zz\r\n`, "HPE_INVALID_CHUNK_SIZE"],
        [`${chunked}\r\n`, "HPE_INVALID_CHUNK_SIZE"],
        [`${chunked}-1\r\n`, "HPE_INVALID_CHUNK_SIZE"],
        [`${chunked}2x\r\n`, "HPE_INVALID_CHUNK_SIZE"],
        [`${chunked}1\nx`, "HPE_INVALID_CHUNK_SIZE"],
        [`${chunked}${"f".repeat(13)}\r\n`, "HPE_INVALID_CHUNK_SIZE"],
        [`${chunked}2\r\nabc`, "HPE_STRICT"],
        [`${chunked}2\r\nab\n`, "HPE_STRICT"],
        [`${chunked}0\r\nno colon\r\n\r\n`, "HPE_INVALID_HEADER_TOKEN"],
        [ok(`A: ${"x".repeat(20_000)}`), "HPE_HEADER_OVERFLOW"],
        [`HTTP/1.1 200 OK\r\nA: ${"x".repeat(20_000)}`, "HPE_HEADER_OVERFLOW"],
        [`${chunked}1;${"x".repeat(20_000)}`, "HPE_HEADER_OVERFLOW"],
        [`${chunked}0\r\n${"A: 1\r\n".repeat(5_000)}`, "HPE_HEADER_OVERFLOW"],
      ] as const
    ).map(([text, code]) => [text.slice(0, 60), text, code] as const),
  )("%j", (_, text, code) => {
    for (const size of [text.length, 7, 1]) {
      expect(() => parse(text, { size })).toThrow(expect.objectContaining({ code }));
    }
  });
});
