import { writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import { join } from "node:path";
import { type ConnectionOptions, connect, TLSSocket } from "node:tls";
import { scratchFolder } from "@sf-image-store/testing";
import { certify, toPfx } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseCommandLine } from "../src/command/command-line.js";
import { readSettings } from "../src/command/settings.js";
import { explorerPath } from "../src/explorer/pages.js";
import { type Emulator, type EmulatorOptions, type RequestLogEntry, startEmulator } from "../src/index.js";
import { optionTable } from "../src/option-table.js";
import { emulatorForTest, getSession, send, session1, version } from "./exchange.js";

const authority = certify("Test authority", undefined, { isAuthority: true });
const intermediate = certify("Test intermediate", authority, { isAuthority: true });
const server = certify("127.0.0.1", authority);
const client = certify("client", authority);
const chained = certify("chained client", intermediate);
/** A client of ours that plays authority. */
const rogue = certify("friend of a client", client);
const rogueChain = { key: rogue.key, cert: `${rogue.cert}${client.cert}` };
const stranger = certify("client", certify("Test authority", undefined, { isAuthority: true }));
const expired = certify("client", authority, { validTo: -1 });

interface SecureAnswer {
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly socket: TLSSocket;
  readonly continued: boolean;
}

/** One request over HTTPS that trusts the test authority. */
function sendSecure(
  { endpoint }: Pick<Emulator, "endpoint">,
  options: RequestOptions & { body?: Buffer } = {},
): Promise<SecureAnswer> {
  const { hostname, port } = new URL(endpoint);
  const { body, ...rest } = options;
  const path = `/ImageStore/a?${version}`;
  return new Promise((resolve, reject) => {
    let continued = false;
    const outgoing = request(
      { hostname, port, path, method: "PUT", ca: authority.cert, agent: false, ...rest },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (piece: string) => (text += piece));
        incoming.on("error", reject);
        // Gone from the answer once the connection is free again.
        const { socket } = incoming;
        if (!(socket instanceof TLSSocket)) throw new TypeError("HTTPS without TLS");
        incoming.on("end", () => {
          const { statusCode: status, statusMessage: reason, headers } = incoming;
          resolve({ status, reason, headers, text, socket, continued });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.on("continue", () => {
      continued = true;
      outgoing.end(body);
    });
    if (outgoing.getHeader("expect") === undefined) outgoing.end(body);
    else outgoing.flushHeaders();
  });
}

function secureEmulator(tls: EmulatorOptions["tls"] = {}): Promise<Emulator> {
  return emulatorForTest({ tls: { ...server, ...tls } });
}

describe("HTTPS", () => {
  it("serves the given certificate", async () => {
    const emulator = await secureEmulator();
    expect(emulator.endpoint).toMatch(/^https:/);
    const { status, socket } = await sendSecure(emulator, { body: Buffer.from("x") });
    expect(status).toBe(200);
    expect(socket.getPeerCertificate().subject.CN).toBe("127.0.0.1");
    expect(socket.getProtocol()).toBe("TLSv1.3");
    await expect(sendSecure(emulator, { ca: stranger.cert })).rejects.toThrow();
  });

  it("accepts a certificate and key from a PKCS #12 file", async () => {
    const emulator = await emulatorForTest({ tls: { pfx: toPfx(server, "secret"), passphrase: "secret" } });
    expect((await sendSecure(emulator)).status).toBe(200);
    await expect(startEmulator({ tls: { pfx: toPfx(server, "secret"), passphrase: "x" } })).rejects.toThrow();
  });

  it.each([{}, { cert: server.cert }, { ...server, pfx: Buffer.alloc(1) }])(
    "needs either certificate and key, or PKCS #12",
    async (tls) => {
      await expect(startEmulator({ tls })).rejects.toThrow("HTTPS needs either cert and key, or pfx.");
    },
  );

  it("is configured by files, and by a passphrase that is not on the command line", async () => {
    const folder = scratchFolder();
    const file = async (name: string, data: string | Buffer) => {
      await writeFile(join(folder, name), data);
      return join(folder, name);
    };
    const pfx = await file("server.pfx", toPfx(server, "secret"));
    const ca = await file("ca.pem", authority.cert);
    const passphraseFile = await file("passphrase", "secret\n");
    const settings = async (args: string[], environment = {}) => {
      const command = parseCommandLine(["--port", "0", "--pfx", pfx, "--client-ca", ca, ...args]);
      if (command.action !== "run") throw new Error("unreachable");
      return readSettings(command, environment);
    };
    for (const options of [
      await settings(["--client-certificate", "late"], { SF_IMAGE_STORE_EMULATOR_PASSPHRASE: "secret" }),
      await settings(["--passphrase-file", passphraseFile]),
    ]) {
      const emulator = await emulatorForTest(options);
      expect((await sendSecure(emulator, client)).status).toBe(200);
    }
    await expect(settings(["--passphrase-file", join(folder, "no")])).rejects.toThrow(
      /^--passphrase-file: cannot read /,
    );
  });
});

describe("client certificates at the handshake", () => {
  const clientCa = authority.cert;

  it("are accepted if the authority issued them", async () => {
    const emulator = await secureEmulator({ clientCa });
    expect((await sendSecure(emulator, client)).status).toBe(200);
  });

  it.each([
    ["no certificate", {}],
    ["a certificate of another authority", stranger],
    ["a certificate that has expired", expired],
    ["a certificate that another client signed", rogueChain],
  ])("are rejected from a client with %s", async (_, certified) => {
    const emulator = await secureEmulator({ clientCa });
    await expect(sendSecure(emulator, certified)).rejects.toThrow();
  });
});

describe("client certificates after the request head", () => {
  const late = { clientCa: authority.cert, clientCertificate: "late" } as const;

  it("are requested by renegotiation with TLS 1.2, once per connection", async () => {
    const emulator = await secureEmulator(late);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const first = await sendSecure(emulator, { ...client, agent });
    expect(first).toMatchObject({ status: 200 });
    expect(first.socket.getProtocol()).toBe("TLSv1.2");
    const second = await sendSecure(emulator, { ...client, agent });
    expect(second.status).toBe(200);
    expect(second.socket).toBe(first.socket);
  });

  it("are not requested before the head was read", async () => {
    const emulator = await secureEmulator(late);
    const { hostname, port } = new URL(emulator.endpoint);
    const options: ConnectionOptions = { host: hostname, port: Number(port), ca: authority.cert };
    const socket = connect(options);
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    expect(socket.authorized).toBe(true);
    socket.write(`GET /ImageStore?${version} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    const answer = await new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(String(data))),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 Client certificate required\r\n/);
  });

  it.each([
    ["no certificate", {}, "The client has no certificate."],
    [
      "a certificate of another authority with the same name",
      stranger,
      "The client certificate is not trusted.",
    ],
    ["a certificate that has expired", expired, "The client certificate is not trusted."],
    ["a certificate that another client signed", rogueChain, "The client certificate is not trusted."],
  ])("cause 403 with an empty body for a client with %s, on every request", async (_, certified, cause) => {
    const entries: RequestLogEntry[] = [];
    const emulator = await emulatorForTest({
      tls: { ...server, ...late },
      onRequest: (entry) => entries.push(entry),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const sockets = new Set<TLSSocket>();
    for (let time = 0; time < 2; time++) {
      const { socket, ...answer } = await sendSecure(emulator, { ...certified, agent });
      sockets.add(socket);
      expect(answer).toMatchObject({ status: 403, reason: "Client certificate required", text: "" });
      expect(Object.keys(answer.headers).sort()).toEqual([
        "connection",
        "content-length",
        "date",
        "keep-alive",
      ]);
      expect(entries.at(-1)).toMatchObject({ status: 403, code: "ClientCertificateRequired", cause });
    }
    expect(sockets.size).toBe(1);
  });

  it("are explained to a browser that opens the explorer without one", async () => {
    const emulator = await secureEmulator(late);
    const headers = { accept: "text/html" };
    const page = await sendSecure(emulator, { method: "GET", path: explorerPath, headers });
    expect(page).toMatchObject({ status: 403, reason: "Client certificate required" });
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.text).toContain("Import a client certificate");
  });

  it("may be issued by an intermediate authority that is configured or sent by the client", async () => {
    const emulator = await secureEmulator(late);
    const cert = `${chained.cert}${intermediate.cert}`;
    // From version 24 on, Node does not tell a server what the client sent along.
    const isTold = Number(process.versions.node.split(".")[0]) < 24;
    expect((await sendSecure(emulator, { key: chained.key, cert })).status).toBe(isTold ? 200 : 403);
    expect((await sendSecure(emulator, chained)).status).toBe(403);
    const named = await secureEmulator({ ...late, clientCa: `${authority.cert}${intermediate.cert}` });
    expect((await sendSecure(named, chained)).status).toBe(200);
  });

  it("are rejected if the authority has expired", async () => {
    const old = certify("Old authority", undefined, { isAuthority: true, validTo: -1 });
    const emulator = await secureEmulator({ ...late, clientCa: `${authority.cert}${old.cert}` });
    expect((await sendSecure(emulator, certify("client", old))).status).toBe(403);
  });

  it("may be configured directly, and then no other certificate is accepted", async () => {
    const emulator = await secureEmulator({ ...late, clientCa: client.cert });
    expect((await sendSecure(emulator, client)).status).toBe(200);
    expect((await sendSecure(emulator, rogueChain)).status).toBe(403);
  });

  it("are requested before 100 Continue, so that no body is sent without one", async () => {
    const emulator = await secureEmulator(late);
    const body = Buffer.alloc(5 * 1024 * 1024);
    const headers = { Expect: "100-continue", "Content-Length": String(body.length) };
    expect(await sendSecure(emulator, { ...client, headers, body })).toMatchObject({
      status: 200,
      continued: true,
    });
    expect(await sendSecure(emulator, { headers, body })).toMatchObject({ status: 403, continued: false });
  });

  it("cause 403 for a large body that did not wait, on a connection without a certificate", async () => {
    const emulator = await secureEmulator(late);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const large = { ...client, agent, body: Buffer.alloc(100_000) };
    expect((await sendSecure(emulator, large)).status).toBe(403);
    expect((await sendSecure(emulator, { ...client, agent, body: Buffer.alloc(1000) })).status).toBe(200);
    expect((await sendSecure(emulator, large)).status).toBe(200);
  });

  it("are not requested by the operation that returns the sign-in settings", async () => {
    const emulator = await secureEmulator(late);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const path = `/$/GetAadMetadata?${version}`;
    expect((await sendSecure(emulator, { agent, method: "GET", path })).status).toBe(200);
    expect((await sendSecure(emulator, { agent })).status).toBe(403);
  });

  it("require readable authorities", async () => {
    await expect(startEmulator({ tls: { ...server, ...late, clientCa: "nonsense" } })).rejects.toThrow(
      "The client CA contains no certificate",
    );
  });
});

describe("client certificates that were issued only for servers", () => {
  const ca = { clientCa: authority.cert };
  const forServers = certify("gateway", authority, { usage: "serverAuth" });
  const forClients = certify("client", authority, { usage: "clientAuth" });
  const outcomeOf = (emulator: Emulator, certified: object) =>
    sendSecure(emulator, certified).then(
      ({ status }) => status,
      () => "no connection",
    );

  it.each([
    ["handshake", "client", "no connection"],
    ["handshake", "any", 200],
    ["late", "client", 403],
    ["late", "any", 200],
  ] as const)("at %s, with the usage %s: %s", async (clientCertificate, clientEku, expected) => {
    const emulator = await secureEmulator({ ...ca, clientCertificate, clientEku });
    expect(await outcomeOf(emulator, forServers)).toBe(expected);
    expect(await outcomeOf(emulator, forClients)).toBe(200);
  });

  it.each([
    ["no certificate", {}],
    ["a certificate of another authority", stranger],
    ["a certificate that has expired", expired],
    ["a certificate that another client signed", rogueChain],
  ])("reject a client with %s", async (_, certified) => {
    const emulator = await secureEmulator({ ...ca, clientEku: "any" });
    expect(await outcomeOf(emulator, certified)).toBe("no connection");
    expect(await outcomeOf(emulator, { ...certified, maxVersion: "TLSv1.2" })).toBe("no connection");
  });

  it("are an option of the command", async () => {
    const options = ["--pfx", "a", "--client-ca", "b", "--client-eku"];
    const usageOf = (args: readonly string[]) => {
      const command = parseCommandLine(args);
      return command.action === "run" ? command.get(optionTable.clientEku) : undefined;
    };
    expect(usageOf([...options, "any"])).toBe("any");
    expect(usageOf(options.slice(0, -1))).toBe("client");
  });
});

describe("Expect: 100-continue without certificates", () => {
  it("is answered before the body is read", async () => {
    const emulator = await secureEmulator();
    const body = Buffer.from("x");
    const headers = { Expect: "100-continue", "Content-Length": "1" };
    expect(await sendSecure(emulator, { headers, body })).toMatchObject({ status: 200, continued: true });
  });
});

describe("bearer tokens", () => {
  const now = Date.parse("2026-03-02T08:00:00Z");
  const token = (claims: object) =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
  const get = (emulator: Emulator, authorization?: string) =>
    send(emulator, "GET", `/ImageStore/$/GetUploadSession?${version}&session-id=${session1}`, {
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });

  it.each([undefined, "", "Basic x", "Bearer", "Bearer other", "Bearer good x"])(
    "are required and compared: %o gets 401",
    async (authorization) => {
      const emulator = await emulatorForTest({ bearer: { tokens: ["good", "better"] } });
      const answer = await get(emulator, authorization);
      expect(answer).toMatchObject({ status: 401, code: "FABRIC_E_SERVER_AUTHENTICATION_FAILED" });
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      expect((await get(emulator, "Bearer better")).status).toBe(204);
      expect((await send(emulator, "GET", explorerPath)).status).toBe(401);
    },
  );

  it.each([
    [{ aud: "api://cluster" }, 204],
    [{ aud: ["x", "api://cluster"], exp: now / 1000 + 1 }, 204],
    [{ aud: "api://cluster", exp: now / 1000 }, 401],
    [{ aud: "api://cluster", exp: "never" }, 401],
    [{ aud: "api://other" }, 401],
    [{}, 401],
  ])("are checked for audience and time: %o gets %s", async (claims, status) => {
    const emulator = await emulatorForTest({
      bearer: { audience: "api://cluster" },
      clock: { now: () => now },
    });
    expect((await get(emulator, `Bearer ${token(claims)}`)).status).toBe(status);
  });

  it("must be JSON web tokens if an audience is required", async () => {
    const emulator = await emulatorForTest({ bearer: { audience: "api://cluster" } });
    expect((await get(emulator, "Bearer nonsense")).status).toBe(401);
    expect((await getSession(emulator)).status).toBe(401);
  });

  it("cannot be required without tokens or an audience", async () => {
    await expect(startEmulator({ bearer: {} })).rejects.toThrow(TypeError);
  });
});
