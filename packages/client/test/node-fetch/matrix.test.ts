import type { ServerOptions } from "node:https";
import { startEmulator } from "@sf-image-store/emulator";
import { certify, sha1, sha256, toPfx } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished } from "vitest";
import type { NodeFetchOptions } from "../../src/node/index.js";
import { echo, fetchForTest, httpsServer } from "./servers.js";

/*
 * Every kind of server by every way to be set up for it. `+` is accepted, `-` refused, in the order of the columns. With
 * SF_IMAGE_STORE_MATRIX=1 the table is printed.
 */

const authority = certify("Test authority", undefined, { isAuthority: true });
const stranger = certify("Test authority", undefined, { isAuthority: true });
const trusted = certify("cluster", authority);
const rolledOver = certify("cluster", authority);
const elsewhere = certify("cluster", authority, { hosts: ["elsewhere.example"] });
const selfSigned = certify("cluster");
const expired = certify("cluster", authority, { validTo: -1 });
const expiredSelfSigned = certify("cluster", undefined, { validTo: -1 });
const evil = certify("cluster", stranger);
const client = certify("client", authority);
const ca = authority.cert;

const clientCertificate = { pem: client.key + client.cert };
const columns: Readonly<Record<string, NodeFetchOptions>> = {
  "Node's authorities": {},
  ca: { ca },
  "ca, client PEM": { ca, clientCertificate },
  "ca, client PFX": { ca, clientCertificate: { pfx: toPfx(client, "p"), passphrase: "p" } },
  "thumbprints, client PEM": {
    serverThumbprints: [trusted, elsewhere, selfSigned, expired, expiredSelfSigned].map(sha1),
    clientCertificate,
  },
  "roll-over thumbprints": { serverThumbprints: [sha256(trusted), sha256(rolledOver)] },
  "ca, common name": { ca, serverCommonNames: ["cluster"] },
  "common name, issuer": {
    ca,
    serverCommonNames: [{ name: "cluster", issuerThumbprints: [sha1(authority)] }],
  },
  "ca, other name": { ca, serverCommonNames: ["other"] },
};

const wanting = { ca, requestCert: true, rejectUnauthorized: true };
const rows: readonly (readonly [kind: string, options: ServerOptions, accepted: string])[] = [
  ["trusted", trusted, "-+++++++-"],
  ["trusted, TLS 1.2", { ...trusted, maxVersion: "TLSv1.2" }, "-+++++++-"],
  ["trusted, TLS 1.3", { ...trusted, minVersion: "TLSv1.3" }, "-+++++++-"],
  ["renewed", rolledOver, "-+++-+++-"],
  ["for another host", elsewhere, "----+-++-"],
  ["self-signed", selfSigned, "----+----"],
  ["expired", expired, "---------"],
  ["expired, self-signed", expiredSelfSigned, "---------"],
  ["of another authority", evil, "---------"],
  ["wants a client certificate, TLS 1.2", { ...trusted, ...wanting, maxVersion: "TLSv1.2" }, "--+++----"],
  ["wants a client certificate, TLS 1.3", { ...trusted, ...wanting, minVersion: "TLSv1.3" }, "--+++----"],
];

/** Larger than what a gateway reads before the handshake. */
const init = { method: "PUT", body: Buffer.alloc(100_000) };

async function attempt(url: string): Promise<string> {
  let marks = "";
  for (const options of Object.values(columns)) {
    marks += await fetchForTest(options)(url, init).then(
      ({ status }) => (status === 200 ? "+" : "-"),
      () => "-",
    );
  }
  return marks;
}

describe("servers × settings", () => {
  it.each(rows)("%s", async (kind, options, accepted) => {
    const { url } = await httpsServer(options, echo);
    const marks = await attempt(url);
    show(kind, marks);
    expect(marks).toBe(accepted);
  });

  it("sends a client certificate after the head", async () => {
    const tls = { ...trusted, clientCa: ca, clientCertificate: "late" } as const;
    const emulator = await startEmulator({ tls });
    onTestFinished(() => emulator.close());
    const marks = await attempt(`${emulator.endpoint}/ImageStore/a?api-version=6.0`);
    show("sends a client certificate after the head", marks);
    expect(marks).toBe("--+++----");
  });
});

const table: Record<string, Record<string, string>> = {};
function show(kind: string, marks: string): void {
  table[kind] = Object.fromEntries(Object.keys(columns).map((name, i) => [name, marks[i] ?? ""]));
  const isWanted = process.env["SF_IMAGE_STORE_MATRIX"] !== undefined;
  if (isWanted && Object.keys(table).length === rows.length + 1) console.table(table);
}
