import { request } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ResponseParser } from "../../src/node/fetch/response-parser.js";

interface Result {
  readonly informational: readonly number[];
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly string[];
  readonly content: string;
}

/** A response, as text in latin1, to a request that the server answers in pieces of `size` bytes before it closes. */
interface Case {
  readonly text: string;
  readonly method: string;
  readonly size: number;
}

/** Reads a response with our parser. Returns undefined if it is invalid, incomplete or followed by other bytes. */
function readOurs({ text, method, size }: Case): Result | undefined {
  const informational: number[] = [];
  const heads: Pick<Result, "status" | "statusText" | "rawHeaders">[] = [];
  let content = "";
  const parser = new ResponseParser(method, {
    onInformation: (status) => void informational.push(status),
    onHead: ({ status, statusText, rawHeaders }) => void heads.push({ status, statusText, rawHeaders }),
    onContent: (piece) => {
      content += piece.toString("latin1");
    },
  });
  const bytes = Buffer.from(text, "latin1");
  try {
    for (let from = 0; from < bytes.length; from += size) {
      if (parser.isComplete || parser.push(bytes.subarray(from, from + size)) > 0) return undefined;
    }
  } catch (error) {
    expect(error).toMatchObject({ name: "InvalidResponseError", code: expect.stringMatching(/^HPE_/) });
    return undefined;
  }
  const [head] = heads;
  // The exchange refuses status 101, after which another protocol would follow.
  if (!parser.close() || head === undefined || informational.includes(101)) return undefined;
  expect(heads).toHaveLength(1);
  return { informational, ...head, content };
}

/** Reads a response with the parser of node:http. Returns undefined if it is invalid or incomplete. */
function readNodes({ text, method, size }: Case): Promise<Result | undefined> {
  const bytes = Buffer.from(text, "latin1");
  let from = 0;
  const connection = new Duplex({
    read() {
      this.push(from < bytes.length ? bytes.subarray(from, from + size) : null);
      from += size;
    },
    write: (_, __, done) => done(),
  });
  const informational: number[] = [];
  return new Promise((resolve) => {
    const sent = request({ method, host: "server", createConnection: () => connection });
    sent.on("information", ({ statusCode }) => void informational.push(statusCode));
    sent.on("upgrade", () => resolve(undefined));
    sent.on("error", () => resolve(undefined));
    sent.on("response", (response) => {
      let content = "";
      response.setEncoding("latin1");
      response.on("data", (piece: string) => {
        content += piece;
      });
      response.on("error", () => resolve(undefined));
      response.on("end", () => {
        const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders, complete } = response;
        resolve(complete ? { informational, status, statusText, rawHeaders, content } : undefined);
      });
    });
    sent.end();
  });
}

const chars = (of: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...of), minLength, maxLength });
const token = chars("aZ09!#$%&'*+-.^_`|~", 1, 8);
const value = chars('aZ09 \t:;,="\\(){}\xe9\xff', 0, 20).map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ""));
const space = chars(" \t", 0, 3);
const headerLines = fc
  .array(fc.tuple(fc.string({ unit: fc.constantFrom(..."xyzXYZ-_"), minLength: 1 }), space, value, space), {
    maxLength: 4,
  })
  .map((headers) =>
    headers.map(([name, before, of, after]) => `X${name}:${before}${of}${after}\r\n`).join(""),
  );
const reason = fc.option(value, { nil: undefined }).map((text) => (text === undefined ? "" : ` ${text}`));
const content = chars("ab\r\n0:;\0\xff", 0, 40);
const anyCase = (text: string) =>
  fc.constantFrom(text, text.toLowerCase(), text.toUpperCase(), text.replace("e", "E"));

const extension = fc.oneof(
  token.map((name) => `;${name}`),
  fc.tuple(token, token).map(([name, of]) => `;${name}=${of}`),
  fc.tuple(token, chars("a ;\t=\xff", 0, 5)).map(([name, of]) => `;${name}="${of}"`),
);
const sizeLine = (size: number) =>
  fc
    .tuple(chars("0", 0, 3), fc.boolean(), fc.array(extension, { maxLength: 2 }))
    .map(
      ([zeros, upper, all]) =>
        `${zeros}${upper ? size.toString(16).toUpperCase() : size.toString(16)}${all.join("")}\r\n`,
    );
const chunk = chars("ab\r\n0:;\0\xff", 1, 20).chain((of) =>
  sizeLine(of.length).map((line) => `${line}${of}\r\n`),
);
const chunks = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), sizeLine(0), headerLines)
  .map(([all, last, trailers]) => `${all.join("")}${last}${trailers}\r\n`);

const informationalResponse = fc
  .tuple(fc.constantFrom(100, 102, 103, 199), reason, headerLines)
  .map(([status, text, headers]) => `HTTP/1.1 ${status}${text}\r\n${headers}\r\n`);

/** The framing of a response: its header lines and its content. */
const framing = fc.oneof(
  fc
    .tuple(anyCase("Content-Length"), content)
    .map(([name, of]) => [`${name}: ${of.length}\r\n`, of] as const),
  fc
    .tuple(anyCase("Transfer-Encoding"), anyCase("chunked"), chunks)
    .map(([name, coding, of]) => [`${name}: ${coding}\r\n`, of] as const),
  content.map((of) => ["", of] as const),
);

/** A valid response, as text in latin1. */
const validResponse = fc
  .record({
    before: fc.array(informationalResponse, { maxLength: 2 }),
    status: fc.constantFrom(200, 201, 204, 205, 304, 404, 500, 599),
    reason,
    headers: fc.tuple(headerLines, headerLines),
    connection: fc.constantFrom("", "Connection: close\r\n", "connection: keep-alive\r\n"),
    framing,
    method: fc.constantFrom("GET", "HEAD", "PUT", "DELETE"),
  })
  .map(({ before, status, headers: [first, second], connection, framing: [lines, of], method, ...rest }) => {
    const head = `HTTP/1.1 ${status}${rest.reason}\r\n${first}${connection}${lines}${second}\r\n`;
    const isEmpty = method === "HEAD" || status === 204 || status === 304;
    return { method, text: `${before.join("")}${head}${isEmpty ? "" : of}` };
  });

const size = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 400 }));
const numRuns = 400;

it("a valid response is read like by node:http, whatever the pieces", async () => {
  await fc.assert(
    fc.asyncProperty(validResponse, size, async (response, pieces) => {
      const theirs = await readNodes({ ...response, size: response.text.length });
      expect(theirs).toBeDefined();
      expect(readOurs({ ...response, size: pieces })).toEqual(theirs);
    }),
    { numRuns },
  );
});

/** Node's parser does not skip these tabs and spaces, which RFC 9110 §5.5 allows. */
const spacedFraming = /^(?:content-length|transfer-encoding):(?:[^\r]*\t|[^\r]* \r)/im;

const mutation = fc.record({
  at: fc.integer({ min: 0, max: 999 }),
  removed: fc.constantFrom(0, 0, 1, 2),
  inserted: fc.oneof(
    chars("\r\n \t:;,0129afxHTP/.\0\x7f\xff", 0, 2),
    fc.constantFrom(
      ...["\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 1\r\n", "Content-Length: 3, 3\r\n"],
      ...[
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "0\r\n\r\n",
        "5\r\n",
        "\r\n folded",
      ],
    ),
  ),
});

it("an invalid response is rejected, or read like by node:http, whatever the pieces", async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      validResponse,
      fc.array(mutation, { minLength: 1, maxLength: 2 }),
      size,
      async (response, mutations, pieces) => {
        let { text } = response;
        for (const { at, removed, inserted } of mutations) {
          const from = Math.floor((at / 1000) * text.length);
          text = `${text.slice(0, from)}${inserted}${text.slice(from + removed)}`;
        }
        const ours = readOurs({ ...response, text, size: Math.max(1, text.length) });
        expect(readOurs({ ...response, text, size: pieces })).toEqual(ours);
        if (ours === undefined || spacedFraming.test(text)) return;
        accepted++;
        expect(ours).toEqual(await readNodes({ ...response, text, size: text.length }));
      },
    ),
    { numRuns: 3 * numRuns },
  );
  expect(accepted).toBeGreaterThan(numRuns / 10);
});
