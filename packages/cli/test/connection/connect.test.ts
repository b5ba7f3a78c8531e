import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { certify, thumbprintOf } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished } from "vitest";
import { startCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

/** Commands that share a file of profiles. */
function profilesForTest() {
  const folder = scratchFolder();
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  const file = join(folder, "settings", "profiles.json");
  return {
    file,
    folder,
    run: (args: readonly string[], more: Record<string, string> = {}) =>
      startCli(args, { SF_PROFILE_FILE: file, ...more }).result,
    read: () => JSON.parse(readFileSync(file, "utf8")),
  };
}

describe("connect", () => {
  it("saves a profile for later commands, and reports its path", async () => {
    const { endpoint } = await emulatorForTest();
    const { run, file, read } = profilesForTest();
    const { code, stdout } = await run(["connect", "--profile", "dev", "--endpoint", endpoint]);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `Saved profile "dev" in ${file}. It is the default profile.\n  --endpoint ${endpoint}\n`,
    );
    expect(read()).toEqual({ current: "dev", profiles: { dev: { endpoint: [endpoint] } } });
    expect((await run(["ls"])).code).toBe(0);
  });

  it.skipIf(process.platform === "win32")("writes a file that only its owner can read", async () => {
    const { run, file } = profilesForTest();
    await run(["connect", "--no-check", "--endpoint", "https://a:19080"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("saves nothing if the cluster does not answer, unless the check is skipped", async () => {
    const { run, file } = profilesForTest();
    const refused = await run(["connect", "--endpoint", "http://127.0.0.1:1"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^The profile was not saved\. To save it anyway, pass --no-check\.$/m);
    expect(existsSync(file)).toBe(false);
    expect((await run(["connect", "--endpoint", "http://127.0.0.1:1", "--no-check"])).code).toBe(0);
  });

  it("saves absolute paths of files, and no secrets", async () => {
    const { run, read, folder, file } = profilesForTest();
    writeFileSync(join(folder, "token.txt"), "geheim-token-in-file");
    const secrets = { SF_PASSPHRASE: "geheim-pass", SF_TOKEN: "geheim-token" };
    const args = [
      "connect",
      "--no-check",
      "--pfx",
      "client.pfx",
      "--token-file",
      "token.txt",
      "--ca",
      "a.pem",
    ];
    const { code, stdout, stderr } = await run([...args, "--ca", "/b.pem", "--debug"], secrets);
    expect(code).toBe(0);
    expect(read().profiles.default).toMatchObject({
      pfx: join(folder, "client.pfx"),
      tokenFile: join(folder, "token.txt"),
      ca: [join(folder, "a.pem"), "/b.pem"],
    });
    expect(stderr).toMatch(/The secret in SF_PASSPHRASE was not saved\. .*--passphrase-file/);
    expect(readFileSync(file, "utf8") + stdout + stderr).not.toMatch(/geheim/);
  });

  it("uses variables, which flags override", async () => {
    const { run, read } = profilesForTest();
    const variables = { SF_ENDPOINT: "https://a:1;https://b:1", SF_CLUSTER_ID: "one", SF_PEM: "x.pem" };
    await run(["connect", "--no-check", "--cluster-id", "two", "--pfx", "/y.pfx"], variables);
    expect(read().profiles.default).toEqual({
      endpoint: ["https://a:1", "https://b:1"],
      clusterId: "two",
      pfx: "/y.pfx",
    });
  });

  it("lists, selects and deletes profiles", async () => {
    const { run, read } = profilesForTest();
    for (const name of ["one", "two"]) {
      await run(["connect", "--no-check", "--profile", name, "--endpoint", `https://${name}:19080`]);
    }
    expect((await run(["connect", "--list"])).stdout).toBe(
      "* one  https://one:19080\n  two  https://two:19080\n",
    );
    expect((await run(["connect", "--use", "two"])).code).toBe(0);
    const { stdout } = await run(["connect", "--list", "--json"]);
    expect(JSON.parse(stdout).result).toMatchObject({ current: "two", profiles: { one: {}, two: {} } });
    expect((await run(["connect", "--remove", "two"])).stdout).toMatch(
      /There is no default profile now\. To set one, run: sf-image-store connect --use NAME/,
    );
    expect(read()).toEqual({ profiles: { one: { endpoint: ["https://one:19080"] } } });
    const missing = await run(["connect", "--use", "two"]);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/Profile "two" does not exist\. Existing profiles: one\./);
  });

  it("rejects invalid names", async () => {
    const { run } = profilesForTest();
    const { code, stderr } = await run(["connect", "--no-check", "--profile", "__proto__"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Invalid profile name "__proto__"/);
  });
});

describe("connect to a cluster with a certificate", () => {
  const authority = certify("authority", undefined, { isAuthority: true });
  const server = certify("cluster.example", authority);
  const tls = { cert: server.cert + authority.cert, key: server.key };
  const byName = `--server-common-name cluster.example --server-issuer-thumbprint ${thumbprintOf(authority)}`;

  it("proposes the common name instead of a thumbprint, and what it proposes works", async () => {
    const { run } = profilesForTest();
    const { endpoint } = await emulatorForTest({ tls });
    const pinned = await run([
      "connect",
      "--endpoint",
      endpoint,
      "--server-thumbprint",
      thumbprintOf(server),
    ]);
    expect(pinned.code).toBe(0);
    expect(pinned.stderr).toContain(`replace --server-thumbprint with ${byName}.`);
    const named = await run(["connect", "--endpoint", endpoint, ...byName.split(" ")]);
    expect(named).toMatchObject({ code: 0, stderr: "" });
  });

  it("shows what an unknown server presents, saves nothing, and trusts nothing", async () => {
    const { run } = profilesForTest();
    const { endpoint } = await emulatorForTest({ tls });
    const { code, stderr } = await run(["connect", "--endpoint", endpoint]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /presents the common name cluster\.example, issued by CN=authority, thumbprint [0-9A-F]{40}/,
    );
    expect(stderr).toContain(`use ${byName} (accepts later certificates, too)`);
    expect(stderr).toContain("The profile was not saved.");
  });

  it("proposes no flag with a name that a shell would run", async () => {
    const { run } = profilesForTest();
    const { cert, key } = certify("x; rm -rf ~", authority);
    const { endpoint } = await emulatorForTest({ tls: { cert: cert + authority.cert, key } });
    const { stderr } = await run(["connect", "--endpoint", endpoint]);
    expect(stderr).not.toContain("--server-common-name x");
    expect(stderr).toMatch(/use --server-thumbprint [0-9A-F]{40}\./);
  });
});
