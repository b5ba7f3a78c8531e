import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scratchFolder, writeZip } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { markdownText } from "../../src/output/summary.js";
import { startCli, startCliProcess } from "../cli-process.js";
import { resultOf } from "../store-for-test.js";
import { briefChecks, type ClusterForTest, clusterForTest, shopPackage } from "./cluster-for-test.js";

const brief = [...briefChecks, "--healthy-for", "0s"];

function breakVersion({ emulator }: ClusterForTest, version: string): void {
  const description = "Crashes ##vso[task.complete]\n::error::x | <b>\u001b[2J";
  emulator.setHealth({ application: "fabric:/Shop", version, state: "Error", description });
}

async function versionOf({ applications }: ClusterForTest): Promise<string | undefined> {
  return (await applications.getApplication({ applicationName: "fabric:/Shop" }))?.typeVersion;
}

describe("deploy", () => {
  it("creates an application, upgrades it, and has nothing to do the third time", async () => {
    const cluster = await clusterForTest();
    const first = await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    expect({ code: first.code, stdout: first.stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/\nfabric:\/Shop runs ShopType 1\.0\.0 and is healthy \(created\)\.\n$/),
    });
    expect(first.stdout).toMatch(/^Upload +done +\d+\.\d s {2}Sent /m);
    const old = await cluster.run("deploy", shopPackage("1.1.0"), ...brief, "--keep-versions", "0");
    expect(old.code).toBe(0);
    expect(old.stdout).toMatch(
      /^fabric:\/Shop runs ShopType 1\.1\.0 and is healthy \(upgraded from 1\.0\.0\)\.$/m,
    );
    expect(old.stderr).toMatch(/^Upgrading UD0: 0 of 3 upgrade domains complete\.$/m);
    expect(old.stderr).not.toMatch(/0 of 0 upgrade domains/);
    expect((await cluster.run("type", "ls")).stdout).toBe("ShopType  1.1.0  Available\n");
    expect((await cluster.run("ls")).stdout).toBe("Store/\n");
    const again = await cluster.run("deploy", shopPackage("1.1.0"), ...brief);
    expect(again.stdout).toMatch(/^Upload +already done/m);
    expect(again.stdout).toMatch(/\(deployed before\)\.\n$/);
    expect(again.stderr).toContain(
      "Its files have the same names and sizes as those of the package; contents cannot be compared.",
    );
  });

  it("takes an archive, parameters and a name", async () => {
    const cluster = await clusterForTest();
    const folder = shopPackage("1.0.0");
    const names = ["ApplicationManifest.xml", "WebPkg/ServiceManifest.xml", "WebPkg/Code/web.exe"];
    const entries = names.map((name) => ({ name, content: readFileSync(join(folder, name)) }));
    const archive = writeZip(join(scratchFolder(), "Shop.sfpkg"), entries);
    const profile = join(scratchFolder(), "Cloud.xml");
    writeFileSync(
      profile,
      '<Application Name="fabric:/Other"><Parameters><Parameter Name="Count" Value="5"/></Parameters></Application>',
    );
    const flags = ["--name", "Team/Shop", "--parameters", profile, "--parameters", "Region=east"];
    const { code } = await cluster.run("deploy", archive, ...flags, ...brief);
    expect(code).toBe(0);
    const found = await cluster.applications.getApplication({ applicationName: "fabric:/Team/Shop" });
    expect(found?.parameters).toEqual({ Count: "5", Region: "east" });
  });

  it("changes nothing with --dry-run, and says what would happen", async () => {
    const cluster = await clusterForTest();
    const { code, stdout } = await cluster.run("deploy", shopPackage("1.0.0"), "--dry-run");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /\nWould create fabric:\/Shop with ShopType 1\.0\.0\. Nothing was changed\.\n$/,
      ),
    });
    expect((await cluster.run("ls")).stdout).toBe("");
    expect(await versionOf(cluster)).toBeUndefined();
  });

  it("prints JSON lines and one document with --json, and only the result with --quiet", async () => {
    const cluster = await clusterForTest();
    const result = await cluster.run("deploy", shopPackage("1.0.0"), ...brief, "--json");
    expect(resultOf(result)).toMatchObject({
      outcome: "created",
      applicationName: "fabric:/Shop",
      typeVersion: "1.0.0",
      previousTypeVersion: null,
      upload: { files: 3 },
      health: { healthState: "Ok", services: [{ name: "fabric:/Shop/Web" }] },
      upgrade: null,
      cleanUpFailure: null,
    });
    const events = result.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.filter(({ event }) => event === "deploy").map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(["lint", "upload", "provision", "create", "health"]),
    );
    expect(await cluster.run("deploy", shopPackage("1.0.0"), ...brief, "-q")).toMatchObject({ stderr: "" });
  });

  it("exits with 1 after a rollback, with the reasons; the old version runs", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    breakVersion(cluster, "1.1.0");
    const { code, stdout } = await cluster.run("deploy", shopPackage("1.1.0"), ...brief, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "failed", kind: "upgrade-failed", message: expect.stringContaining("Crashes") },
    });
    expect(await versionOf(cluster)).toBe("1.0.0");
  });

  it("exits with 1 if the new version is not healthy in time", async () => {
    const cluster = await clusterForTest();
    breakVersion(cluster, "1.0.0");
    const { code, stderr } = await cluster.run("deploy", shopPackage("1.0.0"), "--wait", "1s");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^To see the health, run: sf-image-store app health Shop$/m);
  });

  it("exits with 2 before anything is sent: manifests, parameters and paths", async () => {
    const cluster = await clusterForTest();
    const broken = shopPackage("1.0.0");
    writeFileSync(join(broken, "WebPkg/ServiceManifest.xml"), '<ServiceManifest Name="WebPkg" Version="9"/>');
    const rows: readonly (readonly [readonly string[], RegExp])[] = [
      [[broken], /A cluster would reject the manifests of the package\./],
      [[shopPackage("1.0.0"), "--parameters", "Cont=1"], /--parameters Cont is not a parameter/],
      [[shopPackage("1.0.0"), "--parameters", "nope.xml"], /The file of --parameters cannot be read/],
      [["nope"], /nope does not exist/],
      [[join(broken, "ApplicationManifest.xml")], /The archive must be a zip archive/],
      [["-"], /cannot be read from standard input/],
      [["https://example.com/Shop.sfpkg"], /--type-name is required/],
      [[broken, "--replace"], /--replace requires --to/],
      [[broken, "--to", "Store/a"], /reserved for the cluster/],
    ];
    for (const [args, text] of rows) {
      const { code, stderr } = await cluster.run("deploy", ...args);
      expect({ args, code, stderr }).toEqual({ args, code: 2, stderr: expect.stringMatching(text) });
    }
    expect((await cluster.run("ls")).stdout).toBe("");
  });

  it("explains that the cluster has the version with other content", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    const changed = shopPackage("1.0.0");
    const manifest = join(changed, "ApplicationManifest.xml");
    writeFileSync(
      manifest,
      readFileSync(manifest, "utf8").replace('DefaultValue="west"', 'DefaultValue="north"'),
    );
    const { stdout } = await cluster.run("deploy", changed, ...brief, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        exitCode: 1,
        kind: "different-content",
        remedy: expect.stringMatching(
          /^Increase the versions .* sf-image-store type unprovision ShopType 1\.0\.0$/,
        ),
      },
    });
  });

  it("exits with 1 if files changed under a provisioned version, and names them and the versions to raise", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    const changed = shopPackage("1.0.0");
    writeFileSync(join(changed, "WebPkg/Code/web.exe"), "MZ with a fix");
    const { code, stdout, stderr } = await cluster.run("deploy", changed, ...brief);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(
      "Error: The cluster already has ShopType 1.0.0 with other files: WebPkg/Code/web.exe (8 bytes in the cluster, 13 in the package). Nothing was changed, because the cluster would run the old files. Raise the version of CodePackage Code in WebPkg/ServiceManifest.xml, and the versions of the service and the application that contain it.\n",
    );
    expect((await cluster.run("deploy", changed, ...brief, "--dry-run")).code).toBe(1);
  });

  it("says that the health is Warning, and that only parameters changed", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    const args = ["deploy", shopPackage("1.0.0"), ...brief, "--parameters", "Count=2"];
    expect((await cluster.run(...args, "--dry-run")).stdout).toMatch(
      /\nWould change the parameters of fabric:\/Shop, which runs ShopType 1\.0\.0\. Nothing was changed\.\n$/,
    );
    const changed = await cluster.run(...args);
    expect(changed.stdout).toMatch(
      /^Upgrade the application +done .* Changed the parameters of fabric:\/Shop\.$/m,
    );
    expect(changed.stdout).toMatch(
      /\nfabric:\/Shop runs ShopType 1\.0\.0 and is healthy \(parameters changed\)\.\n$/,
    );
    cluster.emulator.setHealth({ application: "fabric:/Shop", state: "Warning", description: "Slow disk" });
    expect((await cluster.run(...args)).stdout).toMatch(
      /\nfabric:\/Shop runs ShopType 1\.0\.0 \(deployed before\)\. Its health is Warning: .*Slow disk.*\n$/,
    );
  });

  it("names flags and paths in errors", async () => {
    const cluster = await clusterForTest();
    const folder = shopPackage("1.0.0");
    const percent = await cluster.run("deploy", folder, "--name", "a%2fb");
    expect(percent).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^Error: --name contains % or #, which gateways on Windows and on Linux read differently, got "a%2fb"\. Nothing was sent\.\nPass --gateway-platform windows or --gateway-platform linux\.$/m,
      ),
    });
    expect((await cluster.run("deploy", folder, "--parameters", "nope.xml")).stderr).toContain(
      `\nError: The file of --parameters cannot be read: ${join(process.cwd(), "nope.xml")} does not exist. Nothing was sent.\n`,
    );
    await cluster.run("deploy", folder, ...brief);
    await cluster.provision("1.1.0");
    await cluster.applications.startApplicationUpgrade({
      ...{ applicationName: "fabric:/Shop", typeVersion: "1.1.0", mode: "UnmonitoredManual" },
    });
    const other = await cluster.run("deploy", shopPackage("1.2.0"), "--when-upgrading", "fail");
    expect(other.stderr).toContain("To replace it, pass --when-upgrading replace.");
    expect(other.stderr).not.toContain("whenUpgrading");
  });

  it("exits with 6 after --timeout, and the same command continues", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    const slow = ["deploy", shopPackage("1.1.0"), "--health-check-stable", "20m", "--healthy-for", "0s"];
    const { code, stderr } = await cluster.run(...slow, "--timeout", "2s");
    expect({ code, stderr }).toEqual({ code: 6, stderr: expect.stringContaining("The cluster goes on") });
    cluster.emulator.advance(61 * 60_000);
    const again = await cluster.run(...slow);
    expect(again).toMatchObject({ code: 0 });
    expect(await versionOf(cluster)).toBe("1.1.0");
  });

  it("says after Ctrl+C that the cluster continues, and the same command continues", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    const args = ["deploy", shopPackage("1.1.0"), "--health-check-stable", "20m", "--healthy-for", "0s"];
    const variables = { SF_ENDPOINT: cluster.emulator.endpoint };
    const running = startCliProcess(args, variables);
    await expect.poll(running.stderr).toContain("Upgrading UD0");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.result;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Error: Stopped\. The cluster continues the upgrade\.$/m);
    expect(stderr).toContain(`To continue, run:\n  sf-image-store ${args.join(" ")}\n`);
    const again = startCliProcess([...args, "--json"], variables);
    await expect.poll(again.stderr).toContain("UD0");
    again.child.kill("SIGTERM");
    const stopped = await again.result;
    expect(JSON.parse(stopped.stdout).error).toMatchObject({
      ...{ code: "interrupted", exitCode: 143 },
      details: { resume: { arguments: [...args, "--json"] } },
    });
    expect(stopped.code).toBe(143);
    cluster.emulator.advance(61 * 60_000);
    expect((await startCliProcess(args, variables).result).code).toBe(0);
  });

  it("asks before each upgrade domain of a manual upgrade on a terminal, and fails without one", async () => {
    const cluster = await clusterForTest();
    await cluster.run("deploy", shopPackage("1.0.0"), ...brief);
    const args = ["deploy", shopPackage("1.1.0"), "--upgrade-mode", "manual", "--healthy-for", "0s"];
    const { stdout } = await cluster.run(...args, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      error: { exitCode: 1, kind: "upgrade-paused", remedy: expect.stringContaining("app resume Shop") },
    });
    const terminal = cluster.onTerminal(...args);
    await terminal.shows("Continue with the upgrade domain UD1? [y/N] ");
    terminal.type("y\r");
    await terminal.shows("Continue with the upgrade domain UD2? [y/N] ");
    terminal.type("y\r");
    expect(await terminal.exited).toBe(0);
    expect(await versionOf(cluster)).toBe("1.1.0");
  });
});

describe("the summary of a deployment", () => {
  const hostile = "a##vso[task.complete]\n::error::x\u001b[2J|`<b>*_[x](https://evil)";

  it("is added to the step summary of GitHub Actions, of a success and of a failure", async () => {
    const cluster = await clusterForTest();
    const file = join(scratchFolder(), "summary.md");
    writeFileSync(file, "");
    const environment = {
      ...{ SF_ENDPOINT: cluster.emulator.endpoint, GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file },
    };
    await startCli(["deploy", shopPackage("1.0.0"), ...brief], environment).result;
    breakVersion(cluster, "1.1.0");
    const failed = await startCli(["deploy", shopPackage("1.1.0"), ...brief], environment).result;
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^::group::Upgrade the application\n(.*\n)*::endgroup::\n::error::/m);
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(
      /^### ✅ Deployed fabric:\/Shop\n\nfabric:\/Shop runs ShopType 1\.0\.0 and is healthy \(created\)\.\n/,
    );
    expect(text).toMatch(/^\| Upload \| done \| \d+\.\d s \| Sent .* \|$/m);
    expect(text).toMatch(
      /^Health: \*\*Ok\*\*\n\n\| Service \| Health \|\n\| --- \| --- \|\n\| fabric:\/Shop\/Web \| Ok \|$/m,
    );
    expect(text).toMatch(/^### ❌ Deployment of fabric:\/Shop \(ShopType 1\.1\.0\) failed$/m);
    expect(text).toMatch(
      /^\| Upgrade the application \| failed \| \d+\.\d s \| The upgrade of fabric:\/Shop to 1\.1\.0 failed in UD0 \(HealthCheck\)\. \|$/m,
    );
    expect(text).not.toMatch(/##vso\[|<b>/);
    expect(text).not.toContain("\u001b");
  });

  it("says why a deployment could not begin", async () => {
    const cluster = await clusterForTest();
    const file = join(scratchFolder(), "summary.md");
    const environment = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file };
    const rows: readonly (readonly [readonly string[], string, RegExp])[] = [
      [
        ["nope"],
        cluster.emulator.endpoint,
        /^### ❌ Deployment of nope failed\n\n.*nope does not exist\.\s+$/,
      ],
      [["a", "--replace"], cluster.emulator.endpoint, /\n\n\\?-\\?-replace requires \\?-\\?-to\.\s+$/],
      [
        [shopPackage("1.0.0")],
        "http://127.0.0.1:1",
        /^### ❌ .*Shop \(3 files, 788 B\) failed\n\n.*ECONNREFUSED/,
      ],
    ];
    for (const [args, endpoint, text] of rows) {
      writeFileSync(file, "");
      const { code } = await startCli(["deploy", ...args], { ...environment, SF_ENDPOINT: endpoint }).result;
      expect({ args, code: code !== 0, text: readFileSync(file, "utf8") }).toEqual({
        ...{ args, code: true },
        text: expect.stringMatching(text),
      });
    }
  });

  it("is uploaded in Azure Pipelines", async () => {
    const cluster = await clusterForTest();
    const folder = scratchFolder();
    const { stderr } = await startCli(["deploy", shopPackage("1.0.0"), ...brief], {
      ...{ SF_ENDPOINT: cluster.emulator.endpoint, TF_BUILD: "True", AGENT_TEMPDIRECTORY: folder },
    }).result;
    const path = /^##vso\[task\.uploadsummary\](.*)$/m.exec(stderr)?.[1] ?? "";
    expect(dirname(dirname(path))).toBe(folder);
    expect(readFileSync(path, "utf8")).toMatch(/^### ✅ Deployed fabric:\/Shop\n/);
  });

  it("that cannot be written is only a warning", async () => {
    const cluster = await clusterForTest();
    const file = join(scratchFolder(), "folder");
    mkdirSync(file);
    const { code, stderr } = await startCli(["deploy", shopPackage("1.0.0"), ...brief], {
      ...{ SF_ENDPOINT: cluster.emulator.endpoint, GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file },
    }).result;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^::warning::Could not write the summary: EISDIR/m),
    });
  });

  it("contains text from outside only as text", () => {
    expect(markdownText(hostile)).toBe(
      "a\\#\\\\x23vso\\[task.complete\\]\\\\n\\\\x3a:error::x\\\\x1b\\[2J\\|\\`\\<b\\>\\*\\_\\[x\\](https\\://evil)",
    );
  });
});
