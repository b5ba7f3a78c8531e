import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from "node:http";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import schemas from "har-schema";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { checkCommand, proxyCommand } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "openapi-contract-proxy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text = { type: "string" };
const spec = join(folder, "notes.json");
const ok = {
  "200": {
    description: "ok",
    content: { "application/json": { schema: { type: "object", properties: { id: { type: "integer" } } } } },
  },
};
writeFileSync(
  spec,
  JSON.stringify({
    openapi: "3.1.0",
    info: { title: "Notes", version: "1" },
    paths: {
      "/notes/{path}": {
        parameters: [{ name: "path", in: "path", required: true, schema: text }],
        get: {
          operationId: "GetNote",
          parameters: [
            { name: "limit", in: "query", schema: { type: "integer" } },
            { name: "ContinuationToken", in: "query", schema: text },
            { name: "access_token", in: "query", schema: { ...text, minLength: 100 } },
          ],
          responses: ok,
        },
        put: {
          operationId: "PutNote",
          requestBody: { content: { "application/octet-stream": { schema: { ...text, format: "binary" } } } },
          responses: { "200": { description: "ok" } },
        },
        post: {
          operationId: "AddNote",
          requestBody: {
            content: {
              "application/json": {
                schema: { type: "object", properties: { id: { type: "integer" }, password: text } },
              },
            },
          },
          responses: ok,
        },
      },
    },
    components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "X-Notes" } } },
  }),
);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A target, and the proxy in front of it as the command starts it. */
async function proxyTo(handler: Handler, ...args: string[]) {
  const server = createServer(handler);
  server.on("checkContinue", handler);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const started = await startCommand(`http://127.0.0.1:${port}`, ...args);
  stops.push(
    () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(done);
      }),
  );
  return { ...started, port };
}

async function startCommand(to: string, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((done) => {
    stop = done;
  });
  let listening: (endpoint: string) => void = () => undefined;
  const endpoint = new Promise<string>((done) => {
    listening = done;
  });
  const output = {
    log: (line: string) => {
      out.push(line);
      const found = /^Listening on (\S+),/.exec(line)?.[1];
      if (found !== undefined) listening(found);
    },
    error: (line: unknown) => void err.push(String(line)),
  };
  const project = () => {
    throw new Error("no project is read");
  };
  const code = proxyCommand(["--to", to, "--spec", spec, ...args], project, output, () => stopped);
  const end = async () => {
    stop();
    return { code: await code, summary: out.slice(1).join("\n"), errors: err.join("\n") };
  };
  stops.push(end);
  return { endpoint: await Promise.race([endpoint, code.then((ended) => `ended with ${ended}`)]), end };
}

interface Answer {
  readonly status: number | undefined;
  readonly statusMessage: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

function send(
  url: string,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  // The path as it is written: URL would fold away what is tested.
  const path = url.slice(url.indexOf("/", 8));
  return new Promise((done, fail) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const { statusCode, statusMessage, rawHeaders } = response;
        done({ status: statusCode, statusMessage, rawHeaders, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

const answerJson =
  (body: string, headers: OutgoingHttpHeaders = {}): Handler =>
  (received, response) => {
    received.resume();
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end(body);
  };

describe("openapi-contract proxy", () => {
  it("passes requests and answers on as they are", async () => {
    let seen: IncomingMessage | undefined;
    let body = "";
    const { endpoint, port } = await proxyTo((received, response) => {
      seen = received;
      received.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      received.on("end", () => {
        response.writeHead(200, "Fine Indeed", [
          "X-Odd-Case",
          "1",
          "Set-Cookie",
          "a=1",
          "Set-Cookie",
          "b=2",
          "Content-Length",
          "2",
        ]);
        response.end("{}");
      });
    });
    const answer = await send(`${endpoint}/notes/a%5Cb/../c+d?x=%20&x=2`, {
      method: "POST",
      headers: {
        "X-Custom-Name": ["1", "2"],
        "Content-Length": "5",
        Connection: "close, X-Mine",
        "X-Mine": "hop",
      },
      body: "hello",
    });
    expect(seen).toMatchObject({ method: "POST", url: "/notes/a%5Cb/../c+d?x=%20&x=2" });
    expect(seen?.headers).toMatchObject({
      host: `127.0.0.1:${port}`,
      "content-length": "5",
      "x-custom-name": "1, 2",
    });
    expect(seen?.headers).not.toHaveProperty("x-mine");
    expect(seen?.rawHeaders).toContain("X-Custom-Name");
    expect(body).toBe("hello");
    expect(answer).toMatchObject({ status: 200, statusMessage: "Fine Indeed", body: "{}" });
    const pairs = answer.rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [`${name}: ${answer.rawHeaders[index + 1]}`] : [],
    );
    expect(pairs).toEqual(
      expect.arrayContaining(["X-Odd-Case: 1", "Set-Cookie: a=1", "Set-Cookie: b=2", "Content-Length: 2"]),
    );
  });

  it("puts the path of the target in front", async () => {
    let url: string | undefined;
    const { port } = await proxyTo((received, response) => {
      url = received.url;
      response.end();
    });
    const { endpoint } = await startCommand(`http://127.0.0.1:${port}/base/`);
    await send(`${endpoint}/notes/a`);
    expect(url).toBe("/base/notes/a");
  });

  it("streams: the target has the first half of a body before the second is sent", async () => {
    const half = Buffer.alloc(3 * 1024 * 1024, 1);
    let received = 0;
    let gotHalf: () => void = () => undefined;
    const halfArrived = new Promise<void>((done) => {
      gotHalf = done;
    });
    const { endpoint, end } = await proxyTo((incoming, response) => {
      incoming.on("data", (chunk: Buffer) => {
        received += chunk.byteLength;
        if (received >= half.byteLength) gotHalf();
      });
      incoming.on("end", () => response.end());
    });
    const { hostname, port } = new URL(endpoint);
    const status = await new Promise<number | undefined>((done, fail) => {
      const headers = { "content-type": "application/octet-stream" };
      const sent = request(
        { hostname, port, path: "/notes/big", method: "PUT", headers, agent: false },
        (response) => {
          response.resume().on("end", () => done(response.statusCode));
        },
      );
      sent.on("error", fail);
      sent.write(half);
      void halfArrived.then(() => sent.end(half));
    });
    expect(status).toBe(200);
    expect(received).toBe(2 * half.byteLength);
    expect((await end()).summary).toBe("1 exchange of 1 of 3 operations: 0 errors, 0 warnings");
  });

  it.each([
    ["asks for the body when the target does", true],
    ["passes the refusal of a body on without reading it", false],
  ])("%s", async (_, isWanted) => {
    let body = "";
    const { endpoint } = await proxyTo((received, response) => {
      if (!isWanted) {
        response.writeHead(403, { connection: "close" }).end();
        return;
      }
      expect(received.headers.expect).toBe("100-continue");
      response.writeContinue();
      received.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      received.on("end", () => response.end());
    });
    const { port } = new URL(endpoint);
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    const closed = new Promise((done) => socket.on("close", done));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const isFirst = answer === "";
      answer += chunk;
      if (isFirst && answer.startsWith("HTTP/1.1 100")) socket.write("hello");
      if (answer.includes("HTTP/1.1 200") || answer.includes("HTTP/1.1 403")) socket.end();
    });
    socket.write("PUT /notes/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    await closed;
    expect(answer).toMatch(isWanted ? /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/ : /^HTTP\/1\.1 403/);
    expect(body).toBe(isWanted ? "hello" : "");
  });

  it("checks both directions, and says at the end what it found", async () => {
    const { endpoint, end } = await proxyTo(answerJson('{"id":"five"}'), "--fail-on", "error");
    await send(`${endpoint}/notes/a?limit=many`);
    await send(`${endpoint}/notes/b?limit=many`);
    await send(`${endpoint}/notes/c`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"id":"x"}',
    });
    const { code, summary } = await end();
    expect(summary.split("\n")).toEqual([
      'GET /notes/a:1:1: error TYPE_INVALID at #/parameters/limit: expected integer, got "many"',
      "  also GET /notes/b:2:1 at #/parameters/limit",
      'GET /notes/a:1:1: error TYPE_INVALID at #/responses/200/body/id: expected integer, got "five"',
      "  also GET /notes/b:2:1 at #/responses/200/body/id",
      'POST /notes/c:3:1: error TYPE_INVALID at #/parameters/body/id: expected integer, got "x"',
      'POST /notes/c:3:1: error TYPE_INVALID at #/responses/200/body/id: expected integer, got "five"',
      "3 exchanges of 2 of 3 operations: 6 errors, 0 warnings, 4 causes",
    ]);
    expect(code).toBe(1);
  });

  it("exits with 0 in spite of violations, unless --fail-on names their severity", async () => {
    const { endpoint, end } = await proxyTo(answerJson("[]"));
    await send(`${endpoint}/notes/a`);
    expect(await end()).toMatchObject({ code: 0, summary: expect.stringContaining("1 error") });
  });

  it("reads compressed answers, and passes them on compressed", async () => {
    const compressed = gzipSync('{"id":"five"}');
    const { endpoint, end } = await proxyTo((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(compressed);
    });
    const { rawHeaders } = await send(`${endpoint}/notes/a`);
    expect(rawHeaders).toContain("gzip");
    expect((await end()).summary).toContain('expected integer, got "five"');
  });

  it("leaves a bomb packed", async () => {
    const bomb = gzipSync(`{"id":"${"a".repeat(3 * 1024 * 1024)}"}`);
    const { endpoint, end } = await proxyTo((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(bomb);
    });
    await send(`${endpoint}/notes/a`);
    expect((await end()).summary).toBe("1 exchange of 1 of 3 operations: 0 errors, 0 warnings");
  });

  it("breaks the connection where the target did, and does not check what broke", async () => {
    const { endpoint, end } = await proxyTo((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"id":', () => response.destroy());
    });
    await expect(send(`${endpoint}/notes/a`)).rejects.toThrow();
    const { summary, errors } = await end();
    expect(summary).toContain("0 exchanges of 0 of 3 operations: 0 errors, 0 warnings");
    expect(summary).toContain("1 exchange broke");
    expect(errors).toMatch(/^GET \/notes\/a: /);
  });

  it("says when the target cannot be reached", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((done) => server.close(done));
    const { endpoint, end } = await startCommand(`http://127.0.0.1:${port}`);
    expect(await send(`${endpoint}/notes/a`)).toMatchObject({
      status: 502,
      body: expect.stringContaining("the target cannot be reached (connect ECONNREFUSED"),
    });
    expect((await end()).summary).toContain("1 exchange broke");
  });

  it.each<[string, string[], string]>([
    ["no target", ["--to", ""], "--to takes an http or https URL"],
    [
      "a target that is no URL",
      ["--to", "localhost"],
      "--to takes an http or https URL without a query, got localhost",
    ],
    ["a port that is none", ["--port", "x"], "--port takes a number, got x"],
    ["an unknown severity", ["--fail-on", "note"], "--fail-on takes error or warning, got note"],
    ["a certificate that does not exist", ["--cert", join(folder, "none.pem")], "--cert: "],
    ["a recording that exists", ["--record", spec], "exists already; delete it or choose another name"],
  ])("refuses %s", async (_, args, message) => {
    const { endpoint, end } = await startCommand("http://127.0.0.1:1", ...args);
    expect(endpoint).toBe("ended with 2");
    expect((await end()).errors).toContain(message);
  });
});

describe("a recording", () => {
  const secrets = ["tok-1", "tok-2", "cookie-3", "cookie-4", "key-5", "pass-6", "pass-7", "user-8"];
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

  async function record(): Promise<string> {
    const file = join(folder, `${crypto.randomUUID()}.har`);
    const { endpoint, end } = await proxyTo(
      answerJson(`{"id": 1.0, "note": "${jwt}", "Client_Secret": "pass-7"}`, {
        "set-cookie": "c=cookie-4",
        location: "/x?sig=tok-2",
      }),
      "--record",
      file,
    );
    await send(`${endpoint}/notes/a?access_token=tok-1&ContinuationToken=next&limit=x`, {
      headers: {
        Authorization: "Bearer tok-2",
        Cookie: "c=cookie-3",
        "x-notes": "key-5",
        referer: "http://user-8:pass-6@h/",
      },
    });
    const body = '{"id": 9007199254740993, "password": "pass-6"}';
    await send(`${endpoint}/notes/b`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await send(`${endpoint}/notes/c`, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: Buffer.alloc(7),
    });
    const { summary } = await end();
    for (const secret of [...secrets, jwt]) expect(summary).not.toContain(secret);
    expect(summary).toContain(
      "error TEXT_TOO_SHORT at #/parameters/access_token: expected a text of at least 100 characters, got [removed]",
    );
    return file;
  }

  it("contains no secret, and everything else as it was", async () => {
    const written = readFileSync(await record(), "utf8");
    for (const secret of [...secrets, jwt]) expect(written).not.toContain(secret);
    const { entries } = JSON.parse(written).log;
    expect(entries).toHaveLength(3);
    expect(entries[0].request.url).toMatch(
      /\/notes\/a\?access_token=%5Bremoved%5D&ContinuationToken=next&limit=x$/,
    );
    expect(entries[1].request.postData.text).toBe('{"id": 9007199254740993, "password": "[removed]"}');
    expect(entries[1].response.content.text).toBe(
      '{"id": 1.0, "note": "[removed]", "Client_Secret": "[removed]"}',
    );
    expect(entries[2].request).toMatchObject({ bodySize: 7 });
    expect(entries[2].request.postData).toBeUndefined();
  });

  it("keeps the schema of HTTP archives", async () => {
    const archive = JSON.parse(readFileSync(await record(), "utf8"));
    const draft = createRequire(import.meta.url)("ajv/dist/refs/json-schema-draft-06.json");
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addMetaSchema(draft);
    for (const schema of Object.values(schemas)) ajv.addSchema(schema);
    const validate = ajv.getSchema("har.json#");
    expect(validate?.(archive), JSON.stringify(validate?.errors)).toBe(true);
    delete archive.log.entries[0].request.url;
    expect(validate?.(archive)).toBe(false);
  });

  it("is checked again with the same result", async () => {
    const lines: string[] = [];
    const output = {
      log: (line: string) => void lines.push(line),
      error: (line: unknown) => void lines.push(String(line)),
    };
    const project = () => {
      throw new Error("no project is read");
    };
    const file = await record();
    await checkCommand([spec, "--traffic", file, "--format", "json"], project, output);
    const { violations, summary } = JSON.parse(lines[0] ?? "");
    expect(summary).toMatchObject({ exchanges: 3, operations: { used: 3, total: 3 } });
    const found = violations.map(
      ({ code, pointer }: { code: string; pointer: string }) => `${code} ${pointer}`,
    );
    expect(found).toEqual(
      expect.arrayContaining([
        "TYPE_INVALID #/parameters/limit",
        "UNKNOWN_PROPERTY #/responses/200/body/note",
      ]),
    );
  });

  it("is a complete archive at any time, and only for its owner", async () => {
    const file = join(folder, "live.har");
    const { endpoint } = await proxyTo(answerJson("{}"), "--record", file);
    expect(JSON.parse(readFileSync(file, "utf8")).log.entries).toEqual([]);
    await send(`${endpoint}/notes/a`);
    await send(`${endpoint}/notes/ä`.replace("ä", "%C3%A4"));
    await expect.poll(() => JSON.parse(readFileSync(file, "utf8")).log.entries.length).toBe(2);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o077).toBe(0);
    expect(existsSync(file)).toBe(true);
  });
});

describe("limits of a recording", () => {
  it("are the secrets of a form, and texts that are too long", async () => {
    const file = join(folder, "limits.har");
    const { endpoint, end } = await proxyTo(
      answerJson(`{"id":"${"a".repeat(1024 * 1024)}"}`),
      "--record",
      file,
    );
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await send(`${endpoint}/notes/a`, { method: "POST", headers, body: "user=me&password=hush" });
    await end();
    const [entry] = JSON.parse(readFileSync(file, "utf8")).log.entries;
    expect(entry.request.postData.text).toBe("user=me&password=%5Bremoved%5D");
    expect(entry.response.content).toEqual({ size: 1024 * 1024 + 9, mimeType: "application/json" });
  });
});
