import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { type Certified, certify, thumbprintOf, toPfx } from "@sf-image-store/testing/certificates";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runCli, startCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

let authority: Certified;
let server: Certified;
let expired: Certified;
beforeAll(() => {
  authority = certify("authority", undefined, { isAuthority: true });
  server = certify("cluster", authority);
  expired = certify("cluster", authority, { validTo: -1 });
});

/** Lists by the options, and gives the error as programs and people get it. */
async function failureOf(...options: string[]) {
  const [json, text] = await Promise.all([runCli("ls", "--json", ...options), runCli("ls", ...options)]);
  expect(json.code).toBe(text.code);
  const { error } = JSON.parse(json.stdout);
  expect(error.exitCode).toBe(json.code);
  return { ...error, text: text.stderr };
}

function fileOf(name: string, content: string): string {
  const path = join(scratchFolder(), name);
  writeFileSync(path, content);
  return path;
}

describe("a connection that fails", () => {
  it("because no server listens", async () => {
    const { kind, code, text, details } = await failureOf("--endpoint", "http://127.0.0.1:1");
    expect({ kind, code }).toEqual({ kind: "connection-refused", code: "failed" });
    expect(text).toMatch(/ECONNREFUSED 127\.0\.0\.1:1/);
    expect(text).toMatch(
      /^To start an emulated image store on this machine, run: sf-image-store emulator --port 1\nFor a cluster on another machine, pass --endpoint or run: sf-image-store connect\nTo diagnose the connection, run: sf-image-store doctor --endpoint http:\/\/127\.0\.0\.1:1$/m,
    );
    expect(details).toMatchObject({ operation: "GetClusterManifest", systemCode: "ECONNREFUSED" });
  });

  it("because none of several endpoints listens", async () => {
    const { kind, text } = await failureOf(
      "--endpoint",
      "http://127.0.0.1:1",
      "--endpoint",
      "http://127.0.0.1:2",
    );
    expect(kind).toBe("connection-refused");
    expect(text).toMatch(/no endpoint responded: http:\/\/127\.0\.0\.1:1 .*127\.0\.0\.1:2/);
  });

  it("because the host is unknown", async () => {
    const { kind, text } = await failureOf("--endpoint", "http://cluster.invalid:19080");
    expect(kind).toBe("unknown-host");
    expect(text).toMatch(
      /Check the host in --endpoint, and that this machine is on the right network or VPN\./,
    );
  });

  it("because the cluster is not secure", async () => {
    const { endpoint } = await emulatorForTest();
    const secure = endpoint.replace("http:", "https:");
    const { kind, remedy } = await failureOf("--endpoint", secure);
    expect({ kind, remedy }).toEqual({ kind: "wrong-scheme", remedy: `Pass --endpoint ${endpoint}` });
  });

  it("because the cluster is secure", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const { kind, remedy } = await failureOf("--endpoint", endpoint.replace("https:", "http:"));
    expect(kind).toBe("connection-cut");
    expect(remedy).toBe(`Run the same command again. If the cluster is secure, pass --endpoint ${endpoint}`);
  });

  it("because the server does not use HTTP", async () => {
    const other = createServer((socket) => socket.end("220 mail ready\r\n"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { kind, text } = await failureOf("--endpoint", `http://127.0.0.1:${port}`);
    expect(kind).toBe("wrong-scheme");
    expect(text).toMatch(/^Error: The server at http:\/\/127\.0\.0\.1:\d+ does not use HTTP \(HPE_/);
  });

  it("because a later response is damaged, which does not mean a wrong scheme", async () => {
    const answers = ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "\u0001 garbage\r\n\r\n"];
    let count = 0;
    const other = createServer((socket) => {
      socket.on("error", () => {}).on("data", () => socket.write(answers[Math.min(count++, 1)] ?? ""));
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const address = other.address();
    const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const { stdout } = await runCli("ls", "--json", "--endpoint", endpoint);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ kind: "network", message: expect.stringMatching(/HTTP.*damaged/) });
  });

  it("because the common name of the server differs, in the notation of the flag", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const ca = fileOf("ca.pem", authority.cert);
    const { kind, text } = await failureOf(
      "--endpoint",
      endpoint,
      "--ca",
      ca,
      "--server-common-name",
      "CN=other",
    );
    expect(kind).toBe("server-certificate-not-pinned");
    expect(text).toMatch(
      /Expected a valid certificate with common name other .*; got common name cluster \(/,
    );
    expect(
      (await runCli("ls", "--endpoint", endpoint, "--ca", ca, "--server-common-name", "CN=cluster")).code,
    ).toBe(0);
  });

  it("because the certificate of the server has an unknown authority", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const { kind, code, text, details } = await failureOf("--endpoint", endpoint);
    expect({ kind, code }).toEqual({ kind: "server-certificate-not-trusted", code: "authentication" });
    expect(text).toMatch(
      /pass its common name with --server-common-name, its certificate authority with --ca, or its certificate with --server-thumbprint/,
    );
    expect(details.actual).toContain(thumbprintOf(server));
    expect(text).toMatch(
      new RegExp(`^Error: The certificate of 127.* was rejected.*${thumbprintOf(server)}`),
    );
  });

  it("because the certificate of the server is not the pinned one", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const pin = thumbprintOf(authority);
    const { kind, code, text } = await failureOf("--endpoint", endpoint, "--server-thumbprint", pin);
    expect({ kind, code }).toEqual({ kind: "server-certificate-not-pinned", code: "authentication" });
    expect(text).toMatch(/If not, do not connect: the server may be an impostor/);
  });

  it("because the certificate of the server has expired", async () => {
    const { endpoint } = await emulatorForTest({ tls: expired });
    const ca = fileOf("ca.pem", authority.cert);
    const { kind, code, text } = await failureOf("--endpoint", endpoint, "--ca", ca);
    expect({ kind, code }).toEqual({ kind: "server-certificate-expired", code: "authentication" });
    expect(text).toMatch(/Replace the cluster certificate, or check the clock of this machine\./);
  });

  it("because the server requires a client certificate", async () => {
    const ca = fileOf("ca.pem", authority.cert);
    for (const clientCertificate of ["handshake", "late"] as const) {
      const tls = { ...server, clientCa: authority.cert, clientCertificate };
      const { endpoint } = await emulatorForTest({ tls });
      const { code, text } = await failureOf("--endpoint", endpoint, "--ca", ca);
      expect(code, `${clientCertificate}: ${text}`).toBe("authentication");
      expect(text).toMatch(/^Error: .*certificate.*\n.*--pem, --cert with --key, or --pfx/);
    }
  });

  it("because the server does not accept the client certificate", async () => {
    const mine = certify("me");
    const own = [
      "--ca",
      fileOf("ca.pem", authority.cert),
      "--pem",
      fileOf("me.pem", `${mine.cert}${mine.key}`),
    ];
    const { endpoint } = await emulatorForTest({ tls: { ...server, clientCa: authority.cert } });
    const { text } = await failureOf("--endpoint", endpoint, ...own);
    expect(text).toMatch(/\n.*certificate.*--pem, --cert with --key, or --pfx/);
  });

  it("because of a setting, which is reported by the name of its flag", async () => {
    const secure = ["--endpoint", "https://127.0.0.1:1"];
    const certificateOnly = fileOf("half.pem", server.cert);
    expect((await failureOf(...secure, "--pem", certificateOnly)).text).toMatch(
      /^Error: --pem \(.*half\.pem\) contains no private key/,
    );
    expect((await failureOf(...secure, "--server-thumbprint", "00")).text).toMatch(
      /^Error: --server-thumbprint must/,
    );
    expect((await failureOf("--endpoint", "localhost:19080")).text).toMatch(
      /^Error: --endpoint must start with/,
    );
    const pfx = join(scratchFolder(), "me.pfx");
    writeFileSync(pfx, toPfx(server, "right"));
    const passphrase = fileOf("passphrase", "wrong");
    const { code, text } = await failureOf(...secure, "--pfx", pfx, "--passphrase-file", passphrase);
    expect(code).toBe("usage");
    expect(text).toBe(
      `Error: --pfx (${pfx}) cannot be decrypted: is the passphrase correct? Nothing was sent.\n`,
    );
  });

  it("because the passphrase is wrong, which is reported before anything is sent and without showing it", async () => {
    const pfx = join(scratchFolder(), "me.pfx");
    writeFileSync(pfx, toPfx(server, "right"));
    const environment = { SF_PASSPHRASE: "geheim-and-wrong" };
    const args = ["ls", "--debug", "--pfx", pfx, "--endpoint", "https://127.0.0.1:1"];
    const { code, stdout, stderr } = await startCli(args, environment).result;
    expect(code).toBe(2);
    expect(stderr).toMatch(/passphrase/);
    expect(stdout + stderr).not.toContain("geheim");
  });

  it("because the server requires a token", async () => {
    const { endpoint } = await emulatorForTest({ bearer: { tokens: ["good"] } });
    const { kind, code, text } = await failureOf("--endpoint", endpoint);
    expect({ kind, code }).toEqual({ kind: "not-signed-in", code: "authentication" });
    expect(text).toMatch(/Provide a valid Microsoft Entra ID token \(--aad, --token-file or SF_TOKEN\)/);
  });

  it("because the cluster has another ID", async () => {
    const { endpoint } = await emulatorForTest({ clusterId: "one" });
    const { kind, code, text } = await failureOf("--endpoint", endpoint, "--cluster-id", "two");
    expect({ kind, code }).toEqual({ kind: "forbidden", code: "authentication" });
    expect(text).toMatch(/If you passed --cluster-id, check that it is the ID of this cluster/);
  });
});
