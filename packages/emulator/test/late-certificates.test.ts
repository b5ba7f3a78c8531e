import { readFile, stat } from "node:fs/promises";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from "node:http";
import { createServer } from "node:https";
import { connect as connectTcp } from "node:net";
import { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { type Certified, certify } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Emulator } from "../src/index.js";
import { lateClientCertificates } from "../src/security/client-certificates.js";
import { RequestBody } from "../src/wire/request-body.js";
import { emulatorForTest, version } from "./exchange.js";

const authority = certify("Test authority", undefined, { isAuthority: true });
const server = certify("127.0.0.1", authority);
const client = certify("client", authority);
const late = { ...server, clientCa: authority.cert, clientCertificate: "late" } as const;
const kibibyte = 1024;

/** What a client that blocks has: bytes leave when they are told to, and nothing is read before it is wanted. */
class HeldConnection extends Duplex {
  readonly #tcp;
  readonly #outgoing: Buffer[] = [];
  #holdsWrites = false;
  #holdsReads = false;

  constructor(port: number) {
    super();
    this.#tcp = connectTcp({ port, host: "127.0.0.1" });
    this.#tcp.on("data", (data) => this.push(data));
    this.#tcp.on("end", () => this.push(null));
    this.#tcp.on("error", (error) => this.destroy(error));
    this.#tcp.on("close", () => this.destroy());
  }

  /** From now on, what is written waits for `flush`, and nothing is read until `read` is called. */
  hold(): void {
    this.#holdsWrites = true;
    this.#holdsReads = true;
    this.#tcp.pause();
  }

  /** Sends everything that waits, in two pieces: the first one ends `cut` bytes before the last. */
  async flush(cut: number): Promise<void> {
    const data = Buffer.concat(this.#outgoing.splice(0));
    for (const piece of [data.subarray(0, -cut), data.subarray(-cut)]) {
      await new Promise<void>((resolve) => this.#tcp.write(piece, () => setImmediate(resolve)));
    }
    this.#holdsWrites = false;
  }

  resumeReading(): void {
    this.#holdsReads = false;
    this.#tcp.resume();
  }

  override _read(): void {
    if (!this.#holdsReads) this.#tcp.resume();
  }

  override _write(data: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#holdsWrites) {
      this.#outgoing.push(data);
      done();
    } else this.#tcp.write(data, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#tcp.destroy();
    done(error);
  }
}

interface HeldClient {
  readonly connection: HeldConnection;
  readonly secure: TLSSocket;
  /** All that was answered until now. */
  readonly answers: () => string;
}

async function connectHeld(
  { endpoint }: Pick<Emulator, "endpoint">,
  certificate: Partial<Certified> = client,
): Promise<HeldClient> {
  const connection = new HeldConnection(Number(new URL(endpoint).port));
  const secure = connect({ socket: connection, host: "127.0.0.1", ca: authority.cert, ...certificate });
  onTestFinished(() => void secure.destroy());
  await new Promise((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
  secure.on("error", () => {});
  let text = "";
  secure.setEncoding("latin1").on("data", (piece) => (text += piece));
  return { connection, secure, answers: () => text };
}

/** Writes a head, and the body in further TLS records, without reading; then waits for the answer. */
async function put({ connection, secure, answers }: HeldClient, size: number, headers = ""): Promise<string> {
  connection.hold();
  const length = headers === "" ? `Content-Length: ${size}\r\n` : headers;
  secure.write(`PUT /ImageStore/a?${version} HTTP/1.1\r\nHost: 127.0.0.1\r\n${length}\r\n`);
  for (let sent = 0; sent < size; sent += 16 * kibibyte) {
    const record = Buffer.alloc(Math.min(16 * kibibyte, size - sent), "x");
    await new Promise((resolve) => secure.write(record, resolve));
  }
  await connection.flush(Math.ceil(size / 2));
  connection.resumeReading();
  await new Promise<void>((resolve) => {
    const look = () => {
      if (answers().includes("\r\n\r\n")) resolve();
    };
    secure.on("data", look).once("close", () => resolve());
    look();
  });
  return answers();
}

const refused = /^HTTP\/1\.1 403 Client certificate required\r\n/;

describe("a late client certificate, from a client that writes before it reads", () => {
  it.each([5, kibibyte, 15 * kibibyte, 16 * kibibyte, 17 * kibibyte, 32 * kibibyte, 48 * kibibyte])(
    "accepts a body of %i bytes that arrives right after the head",
    async (size) => {
      const emulator = await emulatorForTest({ tls: late });
      for (let time = 0; time < 4; time += 1) {
        expect(await put(await connectHeld(emulator), size)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect((await stat(emulator.contentPath("a"))).size).toBe(size);
      }
    },
  );

  it("rejects the same bodies from a client without a certificate", async () => {
    const emulator = await emulatorForTest({ tls: late });
    for (const size of [5, 32 * kibibyte, 48 * kibibyte]) {
      expect(await put(await connectHeld(emulator, {}), size)).toMatch(refused);
    }
  });

  it("rejects a longer body without a declared length, and closes the connection", async () => {
    const emulator = await emulatorForTest({ tls: late });
    const held = await connectHeld(emulator);
    const answer = await put(held, 64 * kibibyte, "Transfer-Encoding: chunked\r\n\r\n20000");
    expect(answer).toMatch(refused);
    expect(answer).toMatch(/^Connection: close\r$/m);
  });

  it("accepts further requests with bodies on the connection", async () => {
    const emulator = await emulatorForTest({ tls: late });
    const held = await connectHeld(emulator);
    expect(await put(held, 20 * kibibyte)).toMatch(/^HTTP\/1\.1 200 OK/);
    held.secure.write(
      `PUT /ImageStore/b?${version} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nok`,
    );
    await expect.poll(() => held.answers().match(/ 200 OK\r/g)).toHaveLength(2);
    expect(await readFile(emulator.contentPath("b"), "utf8")).toBe("ok");
  });
});

describe("a client that is asked for its certificate", () => {
  /** A gateway that only asks, and gives up after so long. */
  async function asking(
    timeoutMs: number,
    when: (request: IncomingMessage, ask: () => void) => void = (_request, ask) => ask(),
  ) {
    const check = lateClientCertificates({ ca: authority.cert }, timeoutMs);
    const gateway = createServer({ ...server, maxVersion: "TLSv1.2" });
    const outcome = new Promise((resolve, reject) => {
      gateway.on("request", (request) => {
        when(request, () => void check(request, new RequestBody(request)).then(resolve, reject));
      });
    });
    await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      gateway.closeAllConnections();
      gateway.close();
    });
    const address = gateway.address();
    const port = typeof address === "object" ? address?.port : 0;
    return { endpoint: `https://127.0.0.1:${port}`, outcome };
  }

  async function head({ secure, connection }: HeldClient): Promise<void> {
    connection.hold();
    await new Promise((resolve) =>
      secure.write("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", resolve),
    );
    await connection.flush(1);
  }

  it("and never responds is rejected after a timeout", async () => {
    const { endpoint, outcome } = await asking(50);
    await head(await connectHeld({ endpoint }));
    await expect(outcome).rejects.toMatchObject({
      name: "ClientCertificateError",
      isFinal: true,
      message: "The client did not send a certificate within 50 ms.",
    });
  });

  it("and disconnects ends the wait", async () => {
    const { endpoint, outcome } = await asking(600_000);
    const held = await connectHeld({ endpoint });
    await head(held);
    held.connection.destroy();
    await expect(outcome).rejects.toMatchObject({ code: "E_ABORT" });
  });

  it("and disconnects before it can be asked also ends the wait", async () => {
    const { endpoint, outcome } = await asking(600_000, ({ socket }, ask) => {
      socket.once("close", ask);
      socket.destroy();
    });
    await head(await connectHeld({ endpoint }));
    await expect(outcome).rejects.toMatchObject({ code: "E_ABORT" });
  });
});

describe("a body that is read ahead", () => {
  it("is complete for its reader, even if it arrives before the reader starts", async () => {
    const server = createHttpServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const outgoing = requestHttp({ host: "127.0.0.1", port, method: "PUT", agent: false });
    outgoing.write("one ");
    const [request, response] = await new Promise<[IncomingMessage, ServerResponse]>((resolve) => {
      server.once("request", (...exchange) => resolve(exchange));
    });
    const body = new RequestBody(request);
    const first = new Promise((resolve) => request.once("data", resolve));
    await body.readAhead(100, first, () => new Error("unreachable"));
    outgoing.end("two");
    await expect.poll(() => request.complete).toBe(true);
    let text = "";
    for await (const piece of body) text += Buffer.from(piece).toString();
    response.end();
    expect(text).toBe("one two");
  });
});
