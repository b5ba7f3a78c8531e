import { describe, expect, it } from "vitest";
import { isSameManifest } from "../../src/node/deploy/source.js";
import {
  type DeployOptions,
  isAbortError,
  isTimeoutError,
  type PackageContent,
} from "../../src/node/index.js";
import { rejection } from "../server.js";
import { type Cluster, failure, monitoring, shop, startCluster } from "./cluster.js";

const app = "fabric:/Shop";

async function versionOf({ applications }: Cluster): Promise<string | undefined> {
  return (await applications.getApplication({ applicationName: app }))?.typeVersion;
}

async function versionsOf({ applications }: Cluster): Promise<string[]> {
  const versions: string[] = [];
  for await (const type of applications.listApplicationTypes()) versions.push(type.typeVersion);
  return versions;
}

/** Version 1 of a package whose service has these files. */
function serviceWith(files: Readonly<Record<string, string>>, codeVersion = "1"): PackageContent {
  const hasConfig = Object.keys(files).some((path) => path.startsWith("Config"));
  const service = `<ServiceManifest Name="WebPkg" Version="1"><ServiceTypes><StatelessServiceType ServiceTypeName="WebType" /></ServiceTypes>
  <CodePackage Name="Code" Version="${codeVersion}" /><ConfigPackage Name="Config" Version="1" /></ServiceManifest>`;
  const all = {
    "ServiceManifest.xml": service,
    ...(hasConfig ? {} : { "Config/Settings.xml": "<Settings />" }),
    ...files,
  };
  const [manifest] = shop("1").files;
  const own = Object.entries(all).map(([path, text]) => {
    const bytes = new TextEncoder().encode(text);
    return { relativePath: `WebPkg/${path}`, size: bytes.length, open: async () => bytes };
  });
  return { files: [...(manifest === undefined ? [] : [manifest]), ...own] };
}

/** A cluster with version 1, and with versions 2 and 3 provisioned for another application. */
async function withVersions(): Promise<Cluster> {
  const cluster = await startCluster();
  const quick = { healthyForMs: 0 };
  await cluster.deploy(shop("1"), quick);
  for (const version of ["2", "3"])
    await cluster.deploy(shop(version), { ...quick, applicationName: "fabric:/Other" });
  return cluster;
}

describe("A version that", () => {
  it("cannot be provisioned is an error with the details, and can be deployed when it is fixed", async () => {
    await using cluster = await startCluster();
    const broken = shop("1");
    const without = { files: broken.files.filter(({ relativePath }) => !relativePath.endsWith("app.js")) };
    const error = await failure(cluster.deploy(without));
    expect(error).toMatchObject({ reason: "provision-failed", phase: "provision", typeVersion: "1" });
    expect(error.message).toContain("The package Code of WebPkg was not found.");
    expect(error.phases.map(({ phase }) => phase)).toEqual(["lint", "upload"]);
    const fixed = await cluster.deploy(broken);
    expect(fixed).toMatchObject({ outcome: "created", upload: { deletedPaths: 1 } });
  });

  it("the cluster has with another manifest is refused", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    const before = cluster.requests.length;
    const changed = shop("1", { extra: '<Parameter Name="New" DefaultValue="" />' });
    const error = await failure(cluster.deploy(changed));
    expect(error).toMatchObject({ reason: "different-content", phase: "provision" });
    expect(error.message).toBe(
      'The cluster already has ShopType 1 with another application manifest. The application changed, but its version is still "1". Raise ApplicationTypeVersion, and the versions that contain it.',
    );
    expect(cluster.requests.slice(before).every(({ method }) => method === "GET")).toBe(true);
  });

  it("the cluster has with a manifest that means the same is not refused", async () => {
    await using cluster = await startCluster();
    const parameter = (name: string) => `<!-- ${name} --><Parameter DefaultValue="0" Name="${name}" />`;
    const extra = `${parameter("Zeta")}${parameter("Alpha")}`;
    await cluster.deploy(shop("1", { extra }));
    expect(await cluster.deploy(shop("1", { extra }))).toMatchObject({ outcome: "alreadyDeployed" });
    const other = shop("1", { extra: extra.replace('"0"', '"1"') });
    expect(await failure(cluster.deploy(other))).toMatchObject({ reason: "different-content" });
  });

  it("the cluster has with a default value is not the same with `0` or `false`", () => {
    const manifest = (attributes: string) =>
      `<ApplicationManifest><Some ${attributes} /></ApplicationManifest>`;
    for (const name of ["IsEnabled", "IncludeDockerHealthStatusInSystemHealthReport"]) {
      expect(isSameManifest(manifest(`${name}="true"`), manifest(""))).toBe(true);
      expect(isSameManifest(manifest(`${name}="false"`), manifest(""))).toBe(false);
      expect(isSameManifest(manifest(`${name}="false"`), manifest(`${name}="true"`))).toBe(false);
    }
    expect(isSameManifest(manifest('MinReplicaSetSize="0"'), manifest('MinReplicaSetSize="1"'))).toBe(false);
    expect(isSameManifest(manifest('HasPersistedState="false"'), manifest(""))).toBe(true);
  });

  it("the cluster has with other files is refused, and nothing changes", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(serviceWith({ "Code/app.js": "old", "Code/lib/a.js": "1" }));
    const before = cluster.requests.length;
    const rows: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [
        { "Code/app.js": "longer", "Code/lib/a.js": "1" },
        /^The cluster already has ShopType 1 with other files: WebPkg\/Code\/app\.js \(3 bytes in the cluster, 6 in the package\)\. Nothing was changed, because the cluster would run the old files\. Raise the version of CodePackage Code in WebPkg\/ServiceManifest\.xml, and the versions of the service and the application that contain it\.$/,
      ],
      [{ "Code/app.js": "old" }, /WebPkg\/Code\/lib\/a\.js \(only in the cluster\)/],
      [
        { "Code/app.js": "old", "Code/lib/a.js": "1", "Code/lib/b.js": "" },
        /WebPkg\/Code\/lib\/b\.js \(not in the cluster\)/,
      ],
      [
        { "Code/app.js": "old", "Code/lib/a.js": "1", "Config/Settings.xml": "<Settings>  </Settings>" },
        /WebPkg\/Config\/Settings\.xml \(\d+ bytes in the cluster, 23 in the package\)\..* ConfigPackage Config/,
      ],
      [
        { "Code/app.js": "a", "Code/lib/a.js": "", "Code/b": "", "Code/c": "" },
        /\(not in the cluster\), and 1 more\./,
      ],
    ];
    for (const [files, text] of rows) {
      for (const dryRun of [false, true]) {
        const error = await failure(cluster.deploy(serviceWith(files), { dryRun }));
        expect(error).toMatchObject({ reason: "different-content", phase: "provision" });
        expect(error.message).toMatch(text);
      }
    }
    const renamed = serviceWith({ "Code/app.js": "old", "Code/lib/a.js": "1" }, "1.1");
    expect((await failure(cluster.deploy(renamed))).message).toContain(
      "WebPkg/Code/ (the cluster has no CodePackage Code 1.1 of WebPkg)",
    );
    expect(cluster.requests.slice(before).every(({ method }) => method === "GET")).toBe(true);
    expect(await cluster.deploy(serviceWith({ "Code/app.js": "new", "Code/lib/a.js": "1" }))).toMatchObject({
      outcome: "alreadyDeployed",
      proof: "sizes",
    });
  });

  it("the cluster has is compared with the content of a package that was there before it, if that was kept", async () => {
    await using cluster = await startCluster();
    const options = { keepPackage: true };
    const old = serviceWith({ "Code/app.js": "old" });
    await cluster.deploy(old, options);
    expect(await cluster.deploy(old, options)).toMatchObject({
      outcome: "alreadyDeployed",
      proof: "package",
    });
    const changed = serviceWith({ "Code/app.js": "new" });
    const error = await failure(cluster.deploy(changed, options));
    expect(error).toMatchObject({ reason: "different-content" });
    expect(error.message).toContain(
      "the package that was at ShopType_1 before that has files with other content",
    );
    // A package that was written after the version proves nothing.
    await cluster.clients.imageStore.uploadPackage(changed, { destination: "ShopType_1", replace: true });
    for (const content of [old, changed])
      expect(await cluster.deploy(content, options)).toMatchObject({ proof: "sizes" });
  });

  it("the cluster has without libraries of the runtime, and with settings of its own, is not refused", async () => {
    await using cluster = await startCluster();
    const files = { "Code/app.js": "1", "Code/FabricCommon.dll": "native", "Config/more.json": "{}" };
    await cluster.deploy(serviceWith(files));
    expect(await cluster.deploy(serviceWith(files))).toMatchObject({ proof: "sizes" });
  });

  it("the cluster has is compared with archives, too", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(serviceWith({ "Code.zip": "PK1", "Config.zip": "PK" }));
    const same = serviceWith({ "Code.zip": "PK2", "Config.zip": "PK" });
    expect(await cluster.deploy(same)).toMatchObject({ proof: "sizes" });
    const error = await failure(cluster.deploy(serviceWith({ "Code.zip": "PK", "Config.zip": "PK" })));
    expect(error.message).toContain("WebPkg/Code.zip (3 bytes in the cluster, 2 in the package)");
    // The cluster may have added settings to an archive without them.
    const settings = serviceWith({ "Code.zip": "PK1", "Config.zip": "P" });
    expect(await cluster.deploy(settings)).toMatchObject({ proof: "manifest" });
    // Files cannot be compared with an archive.
    const unpacked = await cluster.deploy(serviceWith({ "Code/app.js": "1", "Config.zip": "PK" }));
    expect(unpacked).toMatchObject({ outcome: "alreadyDeployed", proof: "manifest" });
    expect(unpacked.phases.find(({ phase }) => phase === "provision")?.message).toBe(
      "The cluster already had ShopType 1 with the same application manifest. Not all other files could be compared.",
    );
  });

  it("the cluster has is not compared if the image store cannot be listed", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(serviceWith({ "Code/app.js": "old" }));
    const refuse = { do: "answer", status: 403, code: "E_ACCESSDENIED" } as const;
    cluster.emulator.addFault({ operation: "GetImageStoreContent", ...refuse, times: 100 });
    const changed = serviceWith({ "Code/app.js": "longer" });
    expect(await cluster.deploy(changed, { keepPackage: true })).toMatchObject({
      outcome: "alreadyDeployed",
      proof: "manifest",
    });
  });

  it("belongs to another type does not replace the application", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    const other = shop("1", { type: "OtherType" });
    const error = await failure(cluster.deploy(other, { applicationName: app }));
    expect(error).toMatchObject({ reason: "different-type" });
    expect(await versionsOf(cluster)).toEqual(["1"]);
  });

  it("is at the path of the package with other content is not replaced at a path of the caller", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"), { destination: "Mine", keepPackage: true });
    const deployment = cluster.deploy(shop("2"), { destination: "Mine" });
    expect(await rejection(deployment)).toMatchObject({
      name: "InvalidInputError",
      parameter: "destination",
    });
    await cluster.deploy(shop("2"), { destination: "Mine", upload: { replace: true } });
    expect(await versionOf(cluster)).toBe("2");
  });
});

describe("An upgrade", () => {
  it("that is rolled back is an error with the reasons, and the next version can be deployed", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    const bad = { application: app, service: `${app}/Web`, version: "2", state: "Error" } as const;
    cluster.emulator.setHealth({ ...bad, sourceId: "Watchdog", property: "Ping", description: "No answer." });
    const error = await failure(cluster.deploy(shop("2")));
    expect(error).toMatchObject({ reason: "rolled-back", phase: "upgrade" });
    expect(error.message).toBe(
      "The upgrade of fabric:/Shop to 2 failed in UD0 (HealthCheck). The cluster rolled it back to 1. fabric:/Shop/Web: Watchdog reported Error on Ping: No answer.",
    );
    expect(error.unhealthyReasons).toEqual(["fabric:/Shop/Web: Watchdog reported Error on Ping: No answer."]);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ name: "DeployError", reason: "rolled-back" });
    expect(await versionOf(cluster)).toBe("1");
    expect(await cluster.deploy(shop("3"))).toMatchObject({ outcome: "upgraded", previousTypeVersion: "1" });
  });

  it("waits for a decision after a failure, if the caller wants that", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    cluster.emulator.setHealth({ application: app, version: "2", state: "Error" });
    const error = await failure(cluster.deploy(shop("2"), { failureAction: "manual" }));
    expect(error).toMatchObject({ reason: "upgrade-paused", nextUpgradeDomain: "UD1" });
    expect(error.message).toMatch(
      /failed in UD0 \(HealthCheck\) and waits for a decision before UD1\. Resume/,
    );
    expect(await failure(cluster.deploy(shop("2")))).toMatchObject({ reason: "upgrade-paused" });
  });

  it("in manual mode stops at each upgrade domain, unless the caller confirms it", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    const manual = { upgradeMode: "manual" } as const;
    const error = await failure(cluster.deploy(shop("2"), manual));
    expect(error).toMatchObject({ reason: "upgrade-paused", nextUpgradeDomain: "UD1" });
    expect(error.message).toBe(
      "The upgrade of fabric:/Shop to 2 waits before UD1: 1 of 3 upgrade domains are complete. Resume it or roll it back. Deploy again to wait for its end.",
    );
    const planned = await failure(cluster.deploy(shop("2"), { dryRun: true }));
    expect(planned.message).toBe(error.message);
    const asked: (string | undefined)[] = [];
    const confirmed = await cluster.deploy(shop("2"), {
      ...manual,
      confirmUpgradeDomain: async ({ nextUpgradeDomain }) => asked.push(nextUpgradeDomain) > 0,
    });
    expect(confirmed.outcome).toBe("upgraded");
    expect(asked).toEqual(["UD1", "UD2"]);
  });

  it("without monitoring reports bad health afterwards", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    cluster.emulator.setHealth({ application: app, version: "2", state: "Error", description: "It burns." });
    const options = { upgradeMode: "unmonitored-auto", healthTimeoutMs: 120_000 } as const;
    const error = await failure(cluster.deploy(shop("2"), options));
    expect(error).toMatchObject({ reason: "unhealthy", phase: "health" });
    expect(error.message).toBe(
      "fabric:/Shop has version 2, but did not become healthy within 120 s. Emulator reported Error on Health: It burns.",
    );
    // It is repeated with the same result, and waits until the health is good for a while.
    expect(await failure(cluster.deploy(shop("2"), options))).toMatchObject({ reason: "unhealthy" });
    const since = cluster.time.now();
    const end = cluster.time.setTimer(60_000, () =>
      cluster.emulator.setHealth({ application: app, version: "2", state: "Warning" }),
    );
    const deployed = await cluster.deploy(shop("2"), options);
    expect(deployed.health?.healthState).toBe("Warning");
    expect(deployed.phases.find(({ phase }) => phase === "health")?.message).toBe(
      "fabric:/Shop is healthy, with warnings: Emulator reported Warning on Health. It was healthy for 30 s.",
    );
    expect(cluster.time.now() - since).toBeGreaterThanOrEqual(90_000);
    end();
  });

  const start = async (cluster: Cluster, version: string, mode: "Monitored" | "UnmonitoredManual") => {
    await cluster.applications.startApplicationUpgrade({
      ...{ applicationName: app, typeVersion: version, mode, parameters: {}, monitoring },
    });
  };

  it("waits for another one, replaces it, or fails", async () => {
    const run = async (whenUpgrading: NonNullable<DeployOptions["whenUpgrading"]>) => {
      await using cluster = await withVersions();
      await start(cluster, "2", "Monitored");
      const before = cluster.time.now();
      const deployment = cluster.deploy(shop("3"), { whenUpgrading, healthyForMs: 0 });
      const result = await deployment.catch((error: unknown) => error);
      return { result, waitedMs: cluster.time.now() - before };
    };
    const waited = await run("wait");
    expect(waited.result).toMatchObject({ outcome: "upgraded", previousTypeVersion: "2" });
    const replaced = await run("replace");
    expect(replaced.result).toMatchObject({ outcome: "upgraded", previousTypeVersion: "1" });
    expect(replaced.waitedMs).toBeLessThan(waited.waitedMs);
    const failed = await run("fail");
    expect(failed.result).toMatchObject({ name: "DeployError", reason: "upgrade-in-progress" });
    expect(String(failed.result)).toContain("Another upgrade of fabric:/Shop to 2 is in progress.");
  });

  it("does not wait for another one that waits for a decision", async () => {
    await using cluster = await withVersions();
    await start(cluster, "2", "UnmonitoredManual");
    const error = await failure(cluster.deploy(shop("3")));
    expect(error).toMatchObject({ reason: "upgrade-in-progress" });
    expect(error.message).toMatch(
      /to 2 is in progress and waits for a decision\. Resume it, roll it back, or replace it\.$/,
    );
  });

  it("that leads to the same version and parameters is followed", async () => {
    await using cluster = await withVersions();
    await start(cluster, "2", "Monitored");
    expect(await cluster.deploy(shop("2"), { parameters: {} })).toMatchObject({ outcome: "upgraded" });
    expect(
      cluster.requests.filter(({ url }) => url.startsWith("/Applications/Shop/$/Upgrade?")),
    ).toHaveLength(1);
  });

  it("that something else replaces is an error", async () => {
    await using cluster = await withVersions();
    let isReplaced = false;
    const error = await failure(
      cluster.deploy(shop("3"), {
        onProgress: ({ upgrade }) => {
          if (isReplaced || upgrade?.current?.upgradeDomain !== "UD1") return;
          isReplaced = true;
          void start(cluster, "2", "Monitored");
        },
      }),
    );
    expect(error).toMatchObject({ reason: "superseded" });
    expect(error.message).toMatch(
      /^Something else changed fabric:\/Shop during this deployment of version 3/,
    );
  });

  it("of something else while the health is checked is an error", async () => {
    await using cluster = await withVersions();
    let isReplaced = false;
    const deployment = cluster.deploy(shop("3"), {
      onProgress: ({ healthyForMs }) => {
        if (isReplaced || healthyForMs < 5000) return;
        isReplaced = true;
        void start(cluster, "2", "Monitored");
      },
    });
    expect(await failure(deployment)).toMatchObject({ reason: "superseded" });
  });
});

describe("Cleaning up", () => {
  it("keeps as many old versions as the caller wants, the one before first", async () => {
    await using cluster = await startCluster();
    const quick = { healthyForMs: 0 };
    for (const version of ["1.9", "1.10", "1.2"]) await cluster.deploy(shop(version), quick);
    const other = { ...quick, applicationName: "fabric:/Other" };
    await cluster.deploy(shop("1.1"), other);
    await cluster.deploy(shop("3"), other);
    await cluster.deploy(shop("1.1"), other);
    expect(await versionsOf(cluster)).toEqual(["1.1", "1.10", "1.2", "1.9", "3"]);
    const { removedVersions } = await cluster.deploy(shop("2"), { ...quick, keepVersions: 1 });
    expect(removedVersions).toEqual(["1.10", "1.9"]);
    expect(await versionsOf(cluster)).toEqual(["1.1", "1.2", "2", "3"]);
  });

  it("never makes a deployment fail", async () => {
    await using cluster = await startCluster();
    const refusal = { do: "answer", status: 403, code: "E_ACCESSDENIED" } as const;
    cluster.emulator.addFault({ operation: "DeleteImageStoreContent", times: 100, ...refusal });
    const { deletedPackage, cleanUpFailure } = await cluster.deploy(shop("1"));
    expect(deletedPackage).toBeUndefined();
    expect(cleanUpFailure).toMatchObject({ name: "FabricError", status: 403 });
  });

  it("deletes a package of an earlier run, but not another package at a path of the caller", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"), { keepPackage: true });
    expect(await cluster.deploy(shop("1"))).toMatchObject({ deletedPackage: "ShopType_1" });
    await cluster.deploy(shop("2"), { destination: "Mine", keepPackage: true });
    const mine = { destination: "Mine" };
    expect(await cluster.deploy(shop("1"), mine)).toMatchObject({ deletedPackage: undefined });
    expect(await cluster.deploy(shop("2"), mine)).toMatchObject({ deletedPackage: "Mine" });
  });
});

describe("A deployment that stops", () => {
  it("after its time limit says how far it came and that the cluster goes on, and continues later", async () => {
    await using cluster = await withVersions();
    const slow = { ...monitoring, healthCheckStableMs: 50_000 };
    const error = await failure(cluster.deploy(shop("2"), { timeoutMs: 70_000, monitoring: slow }));
    expect(error).toMatchObject({ reason: "timed-out", phase: "upgrade" });
    expect(isTimeoutError(error)).toBe(true);
    expect(error.message).toMatch(
      /^The deployment of fabric:\/Shop exceeded 70000 ms \(phase upgrade\)\. Last step: The cluster upgrades fabric:\/Shop to 2: \d of 3 .* The cluster goes on with what it has started\. Run the same deployment again to continue\.$/,
    );
    expect(await cluster.deploy(shop("2"))).toMatchObject({ outcome: "upgraded" });
    expect(
      cluster.requests.filter(({ url }) => url.startsWith("/Applications/Shop/$/Upgrade?")),
    ).toHaveLength(1);
  });

  it("because the caller aborts it says so", async () => {
    await using cluster = await startCluster();
    const controller = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === "health") controller.abort();
    };
    const error = await failure(cluster.deploy(shop("1"), { abortSignal: controller.signal, onProgress }));
    expect(error).toMatchObject({ reason: "aborted", phase: "health" });
    expect(isAbortError(error)).toBe(true);
    const before = await failure(cluster.deploy(shop("1"), { abortSignal: AbortSignal.abort() }));
    expect(before.message).not.toContain("goes on");
  });

  it("because nothing answers fails at once", async () => {
    await using cluster = await startCluster();
    await cluster.emulator.close();
    expect(await failure(cluster.deploy(shop("1")))).toMatchObject({ reason: "no-progress" });
    expect(cluster.time.now()).toBe(0);
  });
});
