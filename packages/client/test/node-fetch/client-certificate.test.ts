import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { type Certified, certify, encryptKey, toPfx } from "@sf-image-store/testing/certificates";
import forge from "node-forge";
import { describe, expect, it } from "vitest";
import { type ClientCertificate, createNodeFetch } from "../../src/node/index.js";
import { echo, fetchForTest, httpsServer } from "./servers.js";

const authority = certify("Test authority", undefined, { isAuthority: true });
const server = certify("cluster", authority);
const client = certify("client", authority);
const other = certify("other", authority);
const passphrase = "correct horse";
const locked = encryptKey(client, passphrase);
const traditional = forge.pki.encryptRsaPrivateKey(forge.pki.privateKeyFromPem(client.key), passphrase, {
  legacy: true,
  algorithm: "aes128",
});

function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, "utf16le");
}

function reasonFor(clientCertificate: unknown): Error & { parameter?: string } {
  try {
    // JavaScript callers may pass anything.
    createNodeFetch({ clientCertificate: clientCertificate as ClientCertificate });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("expected an error");
}

describe("a valid client certificate", () => {
  it.each<[string, ClientCertificate]>([
    ["an encrypted key", { cert: client.cert, key: locked, passphrase }],
    ["an encrypted key in the traditional form", { cert: client.cert, key: traditional, passphrase }],
    ["an encrypted key in one PEM", { pem: locked + client.cert, passphrase }],
    ["a PFX", { pfx: toPfx(client, passphrase), passphrase }],
    ["a PFX by 3DES", { pfx: toPfx(client, passphrase, "3des"), passphrase }],
    ["a PFX as plain Uint8Array", { pfx: new Uint8Array(toPfx(client, passphrase)), passphrase }],
    ["a passphrase that is not needed", { ...client, passphrase }],
    ["UTF-16 as Windows PowerShell writes it", { pem: utf16(client.key + client.cert) }],
    ["UTF-16 in the other order", { cert: utf16(client.cert).swap16(), key: utf16(client.key).swap16() }],
    ["text around the blocks", { pem: `Bag Attributes\n  x: y\n${client.key}subject=CN\r\n${client.cert}` }],
  ])("%s", async (_, clientCertificate) => {
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const { url } = await httpsServer(tls, echo);
    expect((await fetchForTest({ ca: authority.cert, clientCertificate })(url)).status).toBe(200);
  });
});

describe("a client certificate with an extended key usage for servers only", () => {
  const forServers = certify("gateway", authority, { usage: "serverAuth" });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("is sent like any other with %s", async (maxTlsVersion) => {
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    const shown: unknown[] = [];
    const { url } = await httpsServer(tls, ({ socket }, response) => {
      if (socket instanceof TLSSocket)
        shown.push(socket.getPeerCertificate().subject.CN, socket.getProtocol());
      response.end();
    });
    for (const clientCertificate of [forServers, { pfx: toPfx(forServers, passphrase), passphrase }]) {
      await fetchForTest({ ca: authority.cert, clientCertificate, maxTlsVersion })(url);
    }
    expect(shown).toEqual(["gateway", maxTlsVersion, "gateway", maxTlsVersion]);
  });
});

describe("an invalid client certificate is rejected when the fetch is created", () => {
  const expired = certify("late", authority, { validTo: -1 });
  const early = certify("early", authority, { validFrom: 1 });
  const der = new X509Certificate(client.cert).raw;

  it.each<[string, unknown, string, RegExp]>([
    ["no form at all", {}, "clientCertificate", /must have pem, or cert and key, or pfx/],
    ["a certificate alone", { cert: client.cert }, "clientCertificate", /must have/],
    ["a path", { pem: "/home/me/client.pem" }, "clientCertificate.pem", /not its path/],
    ["no text", { pem: 5 }, "clientCertificate.pem", /must be the contents/],
    ["a PFX as PEM", { pem: toPfx(client, "") }, "clientCertificate.pem", /file as pfx/],
    ["DER as PEM", { cert: der, key: client.key }, "clientCertificate.cert", /-inform der/],
    ["a PEM without a key", { pem: client.cert }, "clientCertificate.pem", /contains no private key/],
    ["a PEM without a certificate", { pem: client.key }, "clientCertificate.pem", /contains no certificate/],
    ["two keys", { pem: client.key + other.key + client.cert }, "clientCertificate.pem", /more than one/],
    [
      "another's key",
      { cert: client.cert, key: other.key },
      "clientCertificate",
      /does not match any.*CN=client/,
    ],
    ["a key cut short", { cert: client.cert, key: cut(client.key) }, "clientCertificate", /cannot be read/],
    [
      "a certificate cut short",
      { cert: cut(client.cert), key: client.key },
      "clientCertificate.cert",
      /damaged/,
    ],
    ["no passphrase", { cert: client.cert, key: locked }, "clientCertificate", /set the passphrase/],
    [
      "no passphrase, traditional",
      { pem: client.cert + traditional },
      "clientCertificate.pem",
      /set the passphrase/,
    ],
    [
      "a wrong one",
      { cert: client.cert, key: locked, passphrase: "x-y-z" },
      "clientCertificate",
      /is the passphrase correct/,
    ],
    [
      "a passphrase that is no text",
      { ...client, passphrase: 1 },
      "clientCertificate.passphrase",
      /must be a string/,
    ],
    ["expired", expired, "clientCertificate", /CN=late.*expired on/],
    ["not yet valid", early, "clientCertificate", /CN=early.*not valid before/],
    [
      "an expired PFX",
      { pfx: toPfx(expired, passphrase), passphrase },
      "clientCertificate.pfx",
      /CN=late.*expired on/,
    ],
    [
      "a PFX without its passphrase",
      { pfx: toPfx(client, passphrase) },
      "clientCertificate.pfx",
      /set the passphrase/,
    ],
    [
      "a PFX with a wrong one",
      { pfx: toPfx(client, passphrase), passphrase: "x-y-z" },
      "clientCertificate.pfx",
      /is the passphrase correct/,
    ],
    [
      "a PFX that is none",
      { pfx: Buffer.from(client.cert) },
      "clientCertificate.pfx",
      /is not a valid PKCS #12 file/,
    ],
    [
      "a PFX cut short",
      { pfx: toPfx(client, passphrase).subarray(0, 500), passphrase },
      "clientCertificate.pfx",
      /is not a valid PKCS #12 file/,
    ],
    [
      "a PFX with another's key",
      { pfx: toPfx({ cert: client.cert, key: other.key }, passphrase), passphrase },
      "clientCertificate.pfx",
      /no certificate for its private key/,
    ],
    ["a PFX as text", { pfx: "x" }, "clientCertificate.pfx", /must be the bytes/],
  ])("%s", (_, given, parameter, message) => {
    const error = reasonFor(given);
    expect(error).toMatchObject({ name: "InvalidInputError", parameter });
    expect(error.message).toMatch(message);
    expect(deepText(error)).not.toMatch(/correct horse|x-y-z|PRIVATE KEY/);
  });

  it("a PFX with an obsolete encryption is rejected with instructions", () => {
    const error = reasonFor({ pfx: legacyPfx(client), passphrase });
    expect(error.message).toContain("openssl pkcs12 -legacy -in old.pfx");
  });
});

function cut(pem: string): string {
  const lines = pem.split("\n");
  return [...lines.slice(0, 5), ...lines.slice(8)].join("\n");
}

/** All text of an error that could end up in a log. */
function deepText(error: unknown): string {
  return error instanceof Error ? `${error.stack}${JSON.stringify(error)}${deepText(error.cause)}` : "";
}

/** As exported by old versions of Windows: RC2-40, which node-forge cannot write. */
function legacyPfx({ cert, key }: Certified): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "sf-pfx-"));
  try {
    writeFileSync(join(folder, "all.pem"), key + cert);
    const args = [
      "pkcs12",
      "-export",
      "-legacy",
      "-in",
      join(folder, "all.pem"),
      "-passout",
      `pass:${passphrase}`,
    ];
    return execFileSync("openssl", args, { stdio: ["ignore", "pipe", "ignore"] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
