import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { type Certified, certify, thumbprintOf } from "@sf-image-store/testing/certificates";
import { beforeAll, describe, expect, it } from "vitest";
import { tokenOfFile } from "../../src/connection/sign-in.js";
import { startCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

const secret = "geheim.token.abc";
const bearer = { tokens: [secret] };
const entra = { tenant: "11111111-2222-3333-4444-555555555555", cluster: "api://shop/cluster", client: "c" };

let server: Certified;
beforeAll(() => {
  server = certify("cluster");
});

function run(args: readonly string[], environment: Record<string, string> = {}) {
  return startCli(args, environment).result;
}

/** An `az` of the given shell script, before all others on the path. */
function azureCli(script: string): Record<string, string> {
  const folder = scratchFolder();
  writeFileSync(join(folder, "az"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "az"), 0o755);
  return { PATH: `${folder}${delimiter}${process.env["PATH"]}` };
}

describe("a given token", () => {
  it("comes from SF_TOKEN or a file, and is never shown", async () => {
    const { endpoint } = await emulatorForTest({ bearer });
    const file = join(scratchFolder(), "token");
    writeFileSync(file, `${secret}\n`);
    const results = [
      await run(["ls", "--debug", "--endpoint", endpoint], { SF_TOKEN: secret }),
      await run(["ls", "--debug", "--endpoint", endpoint, "--token-file", file]),
      await run(["doctor", "--debug", "--endpoint", endpoint, "--json"], { SF_TOKEN: secret }),
    ];
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(JSON.stringify(results)).not.toContain("geheim");
    expect(results[2]?.stdout).toContain('"value":"(secret)"');
  });

  it("is not shown if it is rejected", async () => {
    const { endpoint } = await emulatorForTest({ bearer: { tokens: ["other"] } });
    const { code, stdout, stderr } = await run(["ls", "--debug", "--json", "--endpoint", endpoint], {
      SF_TOKEN: secret,
    });
    expect(code).toBe(3);
    expect(stdout + stderr).not.toContain("geheim");
  });

  it("is not sent unencrypted to another machine", async () => {
    const { code, stderr } = await run(["ls", "--endpoint", "http://cluster.example:19080"], {
      SF_TOKEN: secret,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /Refusing to send a token unencrypted to http:\/\/cluster\.example:19080\. Use an https:\/\//,
    );
  });

  it("is not sent if it has expired", async () => {
    const claims = Buffer.from(JSON.stringify({ exp: 1_000_000_000 })).toString("base64url");
    const { endpoint } = await emulatorForTest({ bearer });
    const { code, stderr } = await run(["ls", "--endpoint", endpoint], { SF_TOKEN: `e30.${claims}.x` });
    expect(code).toBe(3);
    expect(stderr).toMatch(/The token in SF_TOKEN expired on 2001-09-09/);
  });

  it("is read again when its file changes", async () => {
    const file = join(scratchFolder(), "token");
    writeFileSync(file, "one");
    const credential = tokenOfFile(file);
    const first = await credential.getToken("any");
    expect(first?.token).toBe("one");
    expect(first?.refreshAfterTimestamp).toBeLessThanOrEqual(Date.now() + 1000);
    writeFileSync(file, "another");
    expect((await credential.getToken("any"))?.token).toBe("another");
  });

  it("must exist: a missing file is reported by name", async () => {
    const { endpoint } = await emulatorForTest({ bearer });
    const { code, stderr } = await run(["ls", "--endpoint", endpoint, "--token-file", "/nowhere/token"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Cannot read the file of --token-file: ENOENT.*\/nowhere\/token/);
  });

  it("can be given only once", async () => {
    const { code, stderr } = await run(["ls", "--aad", "--token-file", "x"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Specify --aad or --token-file, not both/);
  });
});

describe.skipIf(process.platform === "win32")("--aad", () => {
  const printed = JSON.stringify({ accessToken: secret, expires_on: 4_000_000_000 });

  it("uses a token of the Azure CLI for the application and tenant of the cluster", async () => {
    const { endpoint } = await emulatorForTest({ bearer, entra });
    const environment = azureCli(`echo "$@" >&2; echo "$@" > "$(dirname "$0")/args"; echo '${printed}'`);
    const { code, stderr, stdout } = await run(
      ["ls", "--aad", "--debug", "--endpoint", endpoint],
      environment,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).not.toContain("geheim");
    const [folder = ""] = (environment["PATH"] ?? "").split(delimiter);
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(join(folder, "args"), "utf8").trim()).toBe(
      `account get-access-token --scope ${entra.cluster}/.default --output json --tenant ${entra.tenant}`,
    );
  });

  it.each([
    ["is missing", undefined, /The Azure CLI \(az\) is not installed\. Install it/],
    [
      "is logged out",
      "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
      /To sign in, run: az login/,
    ],
    ["prints no token", "echo surprise", /output of the Azure CLI contains no token/],
  ])("tells what to do if az %s", async (_, script, text) => {
    const { endpoint } = await emulatorForTest({ bearer, entra });
    const environment = script === undefined ? { PATH: scratchFolder() } : azureCli(script);
    const { code, stderr } = await run(["ls", "--aad", "--endpoint", endpoint], environment);
    expect(code).toBe(3);
    expect(stderr).toMatch(text);
  });

  it("is rejected for a cluster without Entra ID, and without verifying the server", async () => {
    const { endpoint } = await emulatorForTest({ tls: server });
    const pinned = ["--server-thumbprint", thumbprintOf(server)];
    const none = await run(["ls", "--aad", "--endpoint", endpoint, ...pinned], azureCli("exit 1"));
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/The cluster is not configured for Microsoft Entra ID/);
    const open = await run(["ls", "--aad", "--endpoint", endpoint, "--insecure"], azureCli("exit 1"));
    expect(open.code).toBe(2);
    expect(open.stderr).toMatch(/--aad cannot be used with --insecure/);
  });

  it("does not pass text of the server to a shell", async () => {
    const { endpoint } = await emulatorForTest({ bearer, entra: { ...entra, cluster: "x & calc" } });
    const { code, stderr } = await run(["ls", "--aad", "--endpoint", endpoint], azureCli("exit 1"));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /requests a sign-in for "x & calc\/\.default", which is not a valid application ID/,
    );
  });
});
