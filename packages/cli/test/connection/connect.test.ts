import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
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
