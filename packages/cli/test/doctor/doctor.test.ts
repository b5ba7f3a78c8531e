import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { type Certified, certify, thumbprintOf, toPfx } from "@sf-image-store/testing/certificates";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { checkValidity } from "../../src/doctor/certificates.js";
import { checkClock } from "../../src/doctor/examine.js";
import { startCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

let authority: Certified;
let server: Certified;
beforeAll(() => {
  authority = certify("authority", undefined, { isAuthority: true });
  server = certify("cluster", authority);
});

/** A server certificate that is sent with the certificate of its issuer. */
function withChain({ cert, key }: Certified) {
  return { cert: cert + authority.cert, key };
}

/** What the doctor finds, by check. */
async function examine(args: readonly string[], environment: Record<string, string> = {}) {
  const { code, stdout } = await startCli(["doctor", "--json", ...args], environment).result;
  const { result } = JSON.parse(stdout);
  const findings: Record<string, { level: string; message: string; remedy?: string }> = Object.fromEntries(
    result.findings.map((finding: { check: string }) => [finding.check, finding]),
  );
  const levels = Object.fromEntries(Object.entries(findings).map(([check, { level }]) => [check, level]));
  return { code, findings, levels, settings: result.settings };
}

describe("doctor", () => {
  it("reports no problem if there is none, and exits with 0", async () => {
    const { endpoint } = await emulatorForTest();
    const { code, stdout, stderr } = await startCli(["doctor", "--endpoint", endpoint]).result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ {5}endpoint: http:\/\/127.*\(--endpoint\)$/m);
    expect(stdout).toMatch(/^ok {3}platform: Windows/m);
    expect(stdout).toMatch(/^ok {3}image-store: fabric:/m);
  });

  it("checks the client and server certificates, from PEM and PKCS #12 files", async () => {
    const folder = scratchFolder();
    const mine = certify("me", authority, { validTo: 10.01 });
    writeFileSync(join(folder, "me.pfx"), toPfx(mine, "geheim"));
    writeFileSync(join(folder, "me.pem"), `${mine.cert}${mine.key}`);
    const { endpoint } = await emulatorForTest({ tls: { ...server, clientCa: authority.cert } });
    const pin = ["--endpoint", endpoint, "--server-thumbprint", thumbprintOf(server)];
    for (const own of [
      ["--pem", join(folder, "me.pem")],
      ["--pfx", join(folder, "me.pfx")],
    ]) {
      const { code, findings, levels } = await examine([...pin, ...own], { SF_PASSPHRASE: "geheim" });
      expect(code).toBe(0);
      expect(levels).toMatchObject({
        endpoint: "ok",
        identity: "ok",
        "server-certificate": "ok",
        "server-trust": "ok",
      });
      expect(findings["client-certificate"]).toMatchObject({
        level: "warn",
        message: expect.stringMatching(/10 days/),
      });
      expect(findings["server-trust"]?.message).toContain(thumbprintOf(server));
      expect(JSON.stringify(findings)).not.toContain("geheim");
    }
  });

  it("warns about a client certificate issued only for servers, whether it is accepted or not", async () => {
    const folder = scratchFolder();
    const own = (usage: "serverAuth" | "clientAuth") => {
      const { cert, key } = certify("me", authority, { usage });
      writeFileSync(join(folder, `${usage}.pem`), `${cert}${key}`);
      return ["--pem", join(folder, `${usage}.pem`)];
    };
    for (const clientEku of ["any", "client"] as const) {
      const { endpoint } = await emulatorForTest({ tls: { ...server, clientCa: authority.cert, clientEku } });
      const pin = ["--endpoint", endpoint, "--server-thumbprint", thumbprintOf(server)];
      const { findings } = await examine([...pin, ...own("serverAuth")]);
      expect(findings["endpoint"]?.level).toBe(clientEku === "any" ? "ok" : "fail");
      expect(findings["client-certificate-usage"]).toMatchObject({
        level: "warn",
        message:
          "CN=me is not issued for client authentication: its extended key usage (EKU) contains only 1.3.6.1.5.5.7.3.1",
        remedy: expect.stringMatching(/Microsoft.*ClientEKURemoval\.md/),
      });
      const { levels } = await examine([...pin, ...own("clientAuth")]);
      expect(levels).toMatchObject({ endpoint: "ok", "client-certificate": "ok" });
      expect(levels).not.toHaveProperty("client-certificate-usage");
    }
  });

  it("reports a server that is not the pinned one, and exits like other commands", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const { code, findings, levels } = await examine([
      "--endpoint",
      endpoint,
      "--server-thumbprint",
      thumbprintOf(authority),
    ]);
    expect(code).toBe(3);
    expect(findings["server-trust"]?.remedy).toMatch(/--server-thumbprint/);
    expect(levels).toEqual({ "server-certificate": "ok", "server-trust": "fail" });
  });

  it("never reports a server with an unknown authority as trusted", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const { code, stdout } = await startCli(["doctor", "--endpoint", endpoint]).result;
    expect(code).toBe(3);
    expect(stdout).toMatch(/^fail server-trust: .*does not lead to a trusted authority/m);
    expect(stdout).not.toMatch(/^ok {3}server-trust/m);
  });

  it("warns about --insecure, and shows the thumbprint to use instead", async () => {
    const { endpoint } = await emulatorForTest({ tls: withChain(server) });
    const { code, findings } = await examine(["--endpoint", endpoint, "--insecure"]);
    expect(code).toBe(0);
    expect(findings["server-trust"]?.remedy).toBe(
      `Replace --insecure with --server-common-name cluster --server-issuer-thumbprint ${thumbprintOf(authority)} or --server-thumbprint ${thumbprintOf(server)}`,
    );
  });

  it("warns about a thumbprint of a managed cluster, and names the flag that accepts the next certificate", async () => {
    const name = "0123456789abcdef.sfmc.azclient.ms";
    const managed = certify(name, authority);
    const { endpoint } = await emulatorForTest({ tls: withChain(managed) });
    const ca = join(scratchFolder(), "ca.pem");
    writeFileSync(ca, authority.cert);
    const { code, findings } = await examine([
      "--endpoint",
      endpoint,
      "--server-thumbprint",
      thumbprintOf(managed),
    ]);
    expect(code).toBe(0);
    expect(findings["server-trust"]).toMatchObject({
      level: "warn",
      message: expect.stringMatching(/managed cluster.*without notice/),
      remedy: expect.stringContaining(
        `Replace --server-thumbprint with --server-common-name ${name} --server-issuer`,
      ),
    });
    const { levels } = await examine(["--endpoint", endpoint, "--ca", ca, "--server-common-name", name]);
    expect(levels["server-trust"]).toBe("ok");
  });

  it("reports an unreadable certificate file before sending a request", async () => {
    const { code, findings } = await examine(["--pem", "/nowhere.pem", "--endpoint", "https://127.0.0.1:1"]);
    expect(code).toBe(2);
    expect(findings["settings"]?.message).toMatch(/The file of --pem does not exist/);
  });

  it("distinguishes rejected identities from failed connections", async () => {
    const { endpoint } = await emulatorForTest({ bearer: { tokens: ["good"] } });
    const { code, levels } = await examine(["--endpoint", endpoint]);
    expect(code).toBe(3);
    expect(levels).toMatchObject({ endpoint: "ok", identity: "fail", clock: "ok" });
    expect((await examine(["--endpoint", "http://127.0.0.1:1"])).levels).toEqual({ endpoint: "fail" });
  });

  it("detects clusters on Linux, old clusters, and folders as image stores", async () => {
    const linux = await emulatorForTest({ platform: "linux" });
    expect((await examine(["--endpoint", linux.endpoint])).levels).toMatchObject({ platform: "warn" });
    const old = await emulatorForTest({ apiVersionMax: "5.0" });
    const { code, levels } = await examine(["--endpoint", old.endpoint]);
    expect({ code, level: levels["api-version"] }).toEqual({ code: 1, level: "fail" });
    const folder = scratchFolder();
    const oneBox = await emulatorForTest({ imageStoreConnectionString: `file:${folder}` });
    const { findings } = await examine(["--endpoint", oneBox.endpoint]);
    expect(findings["image-store"]?.message).toBe(`file: the folder ${folder}`);
  });

  it("detects a wrong clock", async () => {
    const date = new Date(Date.now() - 3_600_000).toUTCString();
    const slow = createServer((_, answer) => answer.writeHead(403, { Date: date }).end());
    await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void slow.close());
    const address = slow.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { findings } = await examine(["--endpoint", `http://127.0.0.1:${port}`]);
    expect(findings["clock"]).toMatchObject({
      level: "warn",
      message: expect.stringMatching(/1 h 0 min ahead of/),
    });
  });

  it("shows the source of every setting, in order of precedence", async () => {
    const folder = scratchFolder();
    const { endpoint } = await emulatorForTest();
    mkdirSync(join(folder, "p"));
    const file = join(folder, "p", "profiles.json");
    const profiles = { home: { endpoint: ["http://x:1"], clusterId: "one", gatewayPlatform: "linux" } };
    writeFileSync(file, JSON.stringify({ current: "home", profiles }));
    const variables = { SF_PROFILE_FILE: file, SF_CLUSTER_ID: "two" };
    const { settings } = await examine(["--endpoint", endpoint], variables);
    expect(settings).toEqual([
      { name: "endpoint", value: endpoint, from: "--endpoint" },
      { name: "clusterId", value: "two", from: "SF_CLUSTER_ID" },
      { name: "gatewayPlatform", value: "linux", from: "profile home" },
    ]);
  });
});

describe("a certificate's dates", () => {
  const certificate = {
    subject: "CN=x",
    validFrom: "Jan  1 00:00:00 2030 GMT",
    validTo: "Dec 31 00:00:00 2030 GMT",
  };
  it.each([
    ["2030-06-01", "ok"],
    ["2030-12-01", "ok"],
    ["2030-12-02", "warn"],
    ["2030-12-30", "warn"],
    ["2031-01-01", "fail"],
    ["2029-12-31", "fail"],
  ])("on %s are %s", (day, level) => {
    expect(checkValidity("c", certificate, "renew", Date.parse(day)).level).toBe(level);
  });
});

describe("a clock", () => {
  it.each([
    [0, "ok"],
    [119_000, "ok"],
    [-121_000, "warn"],
    [121_000, "warn"],
  ])("that is %i ms apart is %s", (skew, level) => {
    const now = Date.parse("2030-01-01T00:00:00Z");
    expect(checkClock(new Date(now - skew).toUTCString(), now).level).toBe(level);
  });

  it("is ok if the server sends no date", () => {
    expect(checkClock(null, 0).level).toBe("ok");
  });
});
