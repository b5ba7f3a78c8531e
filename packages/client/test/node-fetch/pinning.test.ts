import { X509Certificate } from "node:crypto";
import type { ServerOptions } from "node:https";
import { type Certified, certify, sha1, sha256 } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { verifyServerCertificate } from "../../src/node/fetch/server-trust.js";
import {
  createImageStoreClient,
  createNodeFetch,
  isServerCertificateError,
  type NodeFetchOptions,
  ServerCertificateError,
} from "../../src/node/index.js";
import { causeOf, echo, fetchForTest, httpsServer } from "./servers.js";

const authority = certify("Test authority", undefined, { isAuthority: true });
const otherAuthority = certify("Test authority", undefined, { isAuthority: true });
const pinned = certify("cluster");
const next = certify("cluster");
const ca = authority.cert;

/** A server that counts requests after the handshake. */
async function serving(certified: Certified, options: ServerOptions = {}) {
  let requests = 0;
  const target = await httpsServer({ ...certified, ...options }, (request, response) => {
    requests++;
    echo(request, response);
  });
  return { ...target, requests: () => requests };
}

/** The error of a request. Checks that nothing was sent to a rejected server. */
async function refusal(certified: Certified, options: NodeFetchOptions): Promise<ServerCertificateError> {
  const { url, requests } = await serving(certified);
  const cause = await causeOf(fetchForTest(options)(url, { method: "PUT", body: "secret" }));
  expect(requests()).toBe(0);
  if (!(cause instanceof ServerCertificateError)) throw cause;
  return cause;
}

async function accepts(certified: Certified, options: NodeFetchOptions, tls?: ServerOptions): Promise<void> {
  const { url } = await serving(certified, tls);
  expect((await fetchForTest(options)(url)).status).toBe(200);
}

describe("thumbprints", () => {
  it.each([
    ["SHA-1", sha1(pinned)],
    ["SHA-256", sha256(pinned)],
    ["in lower case without colons", sha1(pinned).toLowerCase().replaceAll(":", "")],
    ["with blanks and the invisible mark of a Windows dialog", `\u200e${sha1(pinned).replaceAll(":", " ")} `],
  ])("accept a self-signed server: %s", async (_, thumbprint) => {
    await accepts(pinned, { serverThumbprints: [thumbprint] });
  });

  it("replace the host name check", async () => {
    const elsewhere = certify("x", undefined, { hosts: ["elsewhere.example"] });
    await accepts(elsewhere, { serverThumbprints: [sha1(elsewhere)] });
  });

  it("accept the old and the new certificate if both are listed", async () => {
    const serverThumbprints = [sha1(pinned), sha256(next)];
    await accepts(pinned, { serverThumbprints });
    await accepts(next, { serverThumbprints });
  });

  it("reject every other certificate, even if trusted or with the same name, and name both", async () => {
    const trusted = certify("cluster", authority);
    for (const other of [trusted, next]) {
      const error = await refusal(other, { ca, serverThumbprints: [sha1(pinned)] });
      expect(isServerCertificateError(error)).toBe(true);
      expect(error).toMatchObject({ name: "ServerCertificateError", code: "ERR_SERVER_CERTIFICATE" });
      expect(error.expected).toContain(sha1(pinned).replaceAll(":", ""));
      expect(error.actual).toContain(sha1(other).replaceAll(":", ""));
      expect(error.message).toContain(error.server);
      const { url } = await httpsServer(other, echo);
      const fetch = fetchForTest({ ca, serverThumbprints: [sha1(pinned)] });
      const client = createImageStoreClient({ endpoint: url, fetch });
      const refused = await client.getImageStoreInfo().catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: "NetworkError", message: expect.stringContaining(error.actual) });
    }
  });

  it("reject a certificate that changed on the same port, also with kept connections", async () => {
    const { url, server, requests } = await serving(pinned);
    const fetch = fetchForTest({ serverThumbprints: [sha1(pinned)], keepAlive: false });
    expect((await fetch(url)).status).toBe(200);
    if (!("setSecureContext" in server)) throw new Error("HTTPS expected");
    server.setSecureContext({ ...next });
    expect(await causeOf(fetch(url))).toBeInstanceOf(ServerCertificateError);
    server.setSecureContext({ ...pinned });
    expect((await fetch(url)).status).toBe(200);
    expect(requests()).toBe(2);
  });

  it.each<[string, Certified, RegExp]>([
    ["has expired", certify("cluster", undefined, { validTo: -1 }), /expired on/],
    ["is not yet valid", certify("cluster", undefined, { validFrom: 1 }), /is not valid before/],
  ])("reject the right certificate if it %s", async (_, certified, reason) => {
    expect((await refusal(certified, { serverThumbprints: [sha1(certified)] })).reason).toMatch(reason);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("are checked for every connection with %s", async (version) => {
    const { url, connections } = await serving(pinned, { maxVersion: version });
    const fetch = fetchForTest({ serverThumbprints: [sha1(pinned)], keepAlive: false });
    for (let i = 0; i < 3; i++) expect((await fetch(url)).status).toBe(200);
    expect(connections).toHaveLength(3);
    expect(
      await causeOf(fetchForTest({ serverThumbprints: [sha1(next)], maxTlsVersion: version })(url)),
    ).toBeInstanceOf(ServerCertificateError);
  });
});

describe("common names", () => {
  const elsewhere = ["elsewhere.example"];
  const named = certify("Cluster.Example", authority, { hosts: elsewhere });
  const intermediate = certify("Intermediate", otherAuthority, { isAuthority: true });
  const chained = certify("cluster.example", intermediate, { hosts: elsewhere });
  const withChain = { key: chained.key, cert: `${chained.cert}${intermediate.cert}` };

  it("accept a certificate with the name and a trusted chain for any host", async () => {
    await accepts(named, { ca, serverCommonNames: ["cluster.example"] });
    await accepts(named, { ca, serverCommonNames: ["other", { name: "CLUSTER.example" }] });
  });

  it.each(["CN=cluster.example", " cn = Cluster.Example "])(
    "may be written as in a subject: %j",
    async (name) => {
      await accepts(named, { ca, serverCommonNames: [name] });
      await accepts(named, { ca, serverCommonNames: [{ name }] });
    },
  );

  it("are shown in the same form, expected and actual", async () => {
    const error = await refusal(named, { ca, serverCommonNames: ["CN=other.example"] });
    expect(error.expected).toContain("common name other.example");
    expect(error.actual).toMatch(/^common name Cluster\.Example \(subject .*CN=Cluster\.Example/);
  });

  it("reject another name or an untrusted chain", async () => {
    expect((await refusal(named, { ca, serverCommonNames: ["example"] })).message).toContain(
      "common name example",
    );
    const fake = certify("cluster.example", otherAuthority);
    expect((await refusal(fake, { ca, serverCommonNames: ["cluster.example"] })).reason).toMatch(
      /trusted authority/,
    );
    const selfSigned = certify("cluster.example");
    expect((await refusal(selfSigned, { serverCommonNames: ["cluster.example"] })).reason).toMatch(
      /trusted authority/,
    );
  });

  it("do not need a trusted chain with an issuer thumbprint", async () => {
    for (const thumbprint of [sha1(intermediate), sha256(intermediate)]) {
      const serverCommonNames = [
        { name: "cluster.example", issuerThumbprints: [sha1(authority), thumbprint] },
      ];
      await accepts(withChain, { serverCommonNames });
    }
    // The issuer's certificate may also be in ca.
    await accepts(named, {
      ca,
      serverCommonNames: [{ name: "cluster.example", issuerThumbprints: [sha1(authority)] }],
    });
  });

  it("reject other issuers with an issuer thumbprint, trusted or not", async () => {
    const issuedBy = (issuer: Certified) => [{ name: "cluster.example", issuerThumbprints: [sha1(issuer)] }];
    expect((await refusal(named, { ca, serverCommonNames: issuedBy(intermediate) })).reason).toContain(
      sha1(authority).replaceAll(":", ""),
    );
    expect((await refusal(chained, { serverCommonNames: issuedBy(intermediate) })).reason).toMatch(
      /neither|issuer/,
    );
    // It shows the pinned issuer's certificate, which did not sign its own.
    const forged = certify("cluster.example", certify("Intermediate", undefined, { isAuthority: true }));
    const withForgedChain = { key: forged.key, cert: `${forged.cert}${intermediate.cert}` };
    await refusal(withForgedChain, { serverCommonNames: issuedBy(intermediate) });
  });

  it("accept one matching pin if several have the same name", async () => {
    const serverCommonNames = [authority, intermediate].map((issuer) => ({
      name: "cluster.example",
      issuerThumbprints: [sha1(issuer)],
    }));
    await accepts(withChain, { serverCommonNames });
  });

  it("reject a certificate with several common names", async () => {
    const several = certify(["cluster.example", "other.example"], authority);
    for (const name of ["cluster.example", "other.example"]) {
      const error = await refusal(several, { ca, serverCommonNames: [name] });
      expect(error.actual).toMatch(/^no single common name /);
    }
  });

  it("reject an expired issuer with an issuer thumbprint", async () => {
    const expired = certify("Intermediate", authority, { isAuthority: true, validTo: -1 });
    const issued = certify("cluster.example", expired);
    const serverCommonNames = [{ name: "cluster.example", issuerThumbprints: [sha1(expired)] }];
    const shown = { key: issued.key, cert: `${issued.cert}${expired.cert}` };
    expect((await refusal(shown, { serverCommonNames })).reason).toMatch(/^its issuer expired on/);
  });

  it("reject an expired certificate", async () => {
    const expired = certify("cluster.example", authority, { validTo: -1 });
    const issuerThumbprints = [sha1(authority)];
    for (const serverCommonNames of [["cluster.example"], [{ name: "cluster.example", issuerThumbprints }]]) {
      expect((await refusal(expired, { ca, serverCommonNames })).reason).toMatch(/expired on/);
    }
  });

  it("together with thumbprints accept a match of either", async () => {
    const options = { ca, serverThumbprints: [sha1(pinned)], serverCommonNames: ["cluster.example"] };
    await accepts(named, options);
    await accepts(pinned, options);
    await refusal(next, options);
  });
});

describe("without pins", () => {
  it.each<[string, Certified, NodeFetchOptions, RegExp]>([
    ["of another authority", certify("x", otherAuthority), { ca }, /trusted authority/],
    ["signed by itself", pinned, {}, /trusted authority/],
    [
      "for other hosts",
      certify("x", authority, { hosts: ["*.elsewhere.example", "10.0.0.1"] }),
      { ca },
      /^it is valid for \*\.elsewhere\.example, 10\.0\.0\.1, not for 127\.0\.0\.1$/,
    ],
    [
      "for no host",
      certify("x", authority, { hosts: [] }),
      { ca },
      /^it contains no host names, so it is not valid for 127\.0\.0\.1$/,
    ],
    ["that has expired", certify("x", authority, { validTo: -1 }), { ca }, /expired on/],
    ["that is not yet valid", certify("x", authority, { validFrom: 1 }), { ca }, /is not valid before/],
  ])("rejects a certificate %s", async (_, certified, options, reason) => {
    expect((await refusal(certified, options)).reason).toMatch(reason);
  });

  it("ignores NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
    catchWarnings();
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    await refusal(pinned, {});
  });

  it("accepts several authorities", async () => {
    const third = certify("Third authority", undefined, { isAuthority: true });
    await accepts(certify("x", third), { ca: [Buffer.from(ca), third.cert] });
    await accepts(certify("x", third), { ca: ca + third.cert });
  });
});

describe("a rejection", () => {
  it("contains no control characters of a certificate", async () => {
    const error = await refusal(certify("evil\u001b[2J"), { serverThumbprints: [sha1(pinned)] });
    expect(error.actual).toContain("common name evil, [2J");
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it.each<[string, Parameters<typeof verifyServerCertificate>[0]]>([
    ["authorities", { kind: "authorities" }],
    ["pins", { kind: "pins", thumbprints: [], names: [{ name: "x", issuerThumbprints: [] }] }],
  ])("includes a server without a certificate, with %s", (_, trust) => {
    const nothing = {
      ...{ certificate: undefined, issuer: undefined, chainError: undefined },
      ...{ isForHost: false, commonName: undefined },
    };
    const refused = verifyServerCertificate(trust, { host: "cluster.example", ...nothing });
    expect(refused).toMatchObject({ reason: "no certificate was presented", actual: "none" });
  });
});

describe("insecure", () => {
  it("accepts every server and warns once", async () => {
    const warn = catchWarnings();
    const { url } = await serving(certify("x", undefined, { validTo: -1, hosts: ["elsewhere.example"] }));
    const fetch = fetchForTest({ insecure: true });
    for (let i = 0; i < 3; i++) expect((await fetch(url)).status).toBe(200);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^insecure: /), {
      type: "SecurityWarning",
      code: "SF_IMAGE_STORE_INSECURE",
    });
  });

  it.each<NodeFetchOptions>([{ serverThumbprints: [sha1(pinned)] }, { serverCommonNames: ["x"] }, { ca }])(
    "cannot go with what says whom to accept",
    (options) => {
      expect(() => createNodeFetch({ insecure: true, ...options })).toThrow(
        expect.objectContaining({ name: "InvalidInputError", parameter: "insecure" }),
      );
    },
  );
});

describe("pins that no certificate can match are rejected", () => {
  it.each<[string, NodeFetchOptions]>([
    ["serverThumbprints", { serverThumbprints: [] }],
    ["serverThumbprints", { serverThumbprints: ["AB:CD"] }],
    ["serverThumbprints", { serverThumbprints: [`${sha1(pinned)}00`] }],
    ["serverCommonNames", { serverCommonNames: [] }],
    ["serverCommonNames", { serverCommonNames: [" "] }],
    ["serverCommonNames", { serverCommonNames: ["CN="] }],
    ["serverCommonNames", { serverCommonNames: ["CN=cluster.example, O=Company"] }],
    ["serverCommonNames", { serverCommonNames: ["O=Company/CN=cluster.example"] }],
    ["serverCommonNames", { serverCommonNames: [{ name: "x", issuerThumbprints: ["x"] }] }],
    ["serverCommonNames", { serverCommonNames: [{ name: "x", issuerThumbprints: [] }] }],
    ["ca", { ca: "/etc/ca.pem" }],
    ["ca", { ca: [] }],
    ["ca", { ca: pinned.key }],
    ["ca", { ca: new X509Certificate(ca).raw }],
    ["minTlsVersion", { minTlsVersion: "TLSv1.3", maxTlsVersion: "TLSv1.2" }],
  ])("%s", (parameter, options) => {
    expect(() => createNodeFetch(options)).toThrow(
      expect.objectContaining({ name: "InvalidInputError", parameter }),
    );
  });
});

function catchWarnings() {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => void warn.mockRestore());
  return warn;
}
