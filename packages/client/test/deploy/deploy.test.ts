import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  applicationPackage,
  packageFiles,
  scratchFolder,
  writeTree,
  writeZip,
} from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DeployOptions, DeployProgress } from "../../src/node/index.js";
import { rejection } from "../server.js";
import { type Cluster, failure, shop, startCluster } from "./cluster.js";

const app = "fabric:/Shop";

describe("A deployment", () => {
  it("creates, then upgrades to the next version, and does nothing the third time", async () => {
    await using cluster = await startCluster();
    const first = await cluster.deploy(shop("1"));
    expect(first).toMatchObject({
      ...{ outcome: "created", applicationName: app, typeName: "ShopType", typeVersion: "1", dryRun: false },
      ...{
        proof: "package",
        previousTypeVersion: undefined,
        deletedPackage: "ShopType_1",
        removedVersions: [],
      },
      ...{ application: { status: "Ready" }, health: { healthState: "Ok" }, cleanUpFailure: undefined },
    });
    expect(first.phases.map(({ phase, status }) => `${phase} ${status}`)).toEqual([
      ...["lint done", "upload done", "provision done", "create done", "health done", "clean-up done"],
    ]);
    expect(first.phases.find(({ phase }) => phase === "health")?.durationMs).toBe(30_000);
    const second = await cluster.deploy(shop("2"));
    expect(second).toMatchObject({
      ...{ outcome: "upgraded", previousTypeVersion: "1", application: { typeVersion: "2" } },
      upgrade: { state: "RollingForwardCompleted" },
    });
    const before = cluster.requests.length;
    const third = await cluster.deploy(shop("2"));
    expect(third).toMatchObject({ outcome: "alreadyDeployed", proof: "sizes", deletedPackage: undefined });
    // An earlier run may have stopped before it knew that the version is healthy.
    expect(third.phases.find(({ phase }) => phase === "health")?.durationMs).toBe(30_000);
    expect(third.phases.find(({ phase }) => phase === "provision")?.message).toBe(
      "The cluster already had ShopType 2 with the same application manifest, and files of the same names and sizes.",
    );
    expect(cluster.requests.slice(before).every(({ method }) => method === "GET")).toBe(true);
    expect(cluster.changes()).toEqual([
      ...["ProvisionApplicationType", "CreateApplication", "DeleteImageStoreContent"],
      ...["ProvisionApplicationType", "StartApplicationUpgrade", "DeleteImageStoreContent"],
    ]);
  });

  it("reports phases, upgrade domains and health", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"));
    const steps: DeployProgress[] = [];
    await cluster.deploy(shop("2"), { onProgress: (step) => steps.push(step) });
    const phases = steps.map(({ phase }) => phase);
    expect(phases.filter((phase, index) => phase !== phases[index - 1])).toEqual([
      ...["lint", "upload", "provision", "upgrade", "health", "clean-up"],
    ]);
    expect(steps.some(({ upload }) => upload !== undefined && upload.committedBytes > 0)).toBe(true);
    const domains = steps.flatMap(({ upgrade }) => upgrade?.current?.upgradeDomain ?? []);
    expect([...new Set(domains)]).toEqual(["UD0", "UD1", "UD2"]);
    expect(steps.map(({ message }) => message)).toContain(
      "The cluster upgrades fabric:/Shop to 2: 1 of 3 upgrade domains are complete, UD1 in progress.",
    );
    expect(steps.at(-2)).toMatchObject({
      phase: "health",
      healthyForMs: 30_000,
      health: { healthState: "Ok" },
    });
  });

  it("ends if onProgress throws", async () => {
    await using cluster = await startCluster();
    const onProgress = ({ phase }: DeployProgress) => {
      if (phase === "upload") throw new Error("out of paper");
    };
    const error = await failure(cluster.deploy(shop("1"), { onProgress }));
    expect(error.reason).toBe("internal");
    expect(error.message).toContain("onProgress has thrown an error: out of paper");
  });

  it("takes directories, archives and URLs of them", async () => {
    const directory = applicationPackage();
    for (const source of [directory, pathToFileURL(directory), pathToFileURL(directory).href]) {
      await using cluster = await startCluster();
      const { applicationName, typeVersion } = await cluster.deploy(source);
      expect([applicationName, typeVersion]).toEqual(["fabric:/Shop", "1.0.0"]);
    }
  });

  it("takes an .sfpkg file, or its URL, from which the cluster downloads it", async () => {
    const folder = scratchFolder();
    const files = Object.entries(packageFiles).map(([name, content]) => ({ name, content }));
    const archive = writeZip(join(folder, "Shop.sfpkg"), files);
    await using cluster = await startCluster();
    expect(await cluster.deploy(archive)).toMatchObject({ outcome: "created", typeVersion: "1.0.0" });

    await using other = await startCluster();
    const server = createServer((_, response) => response.end(readFileSync(archive)));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}/Shop.sfpkg?sig=1`;
    const type = { typeName: "Shop", typeVersion: "1.0.0" };
    const deployment = await other.deploy(url, type);
    expect(deployment).toMatchObject({ ...type, outcome: "created", proof: "name", upload: undefined });
    expect(deployment.phases.map(({ phase, status }) => `${phase} ${status}`)).toEqual([
      ...["lint skipped", "upload skipped", "provision done", "create done", "health done"],
      "clean-up skipped",
    ]);
    expect(await other.deploy(new URL(url), type)).toMatchObject({ outcome: "alreadyDeployed" });
    const wrong = other.deploy(url, { ...type, typeVersion: "2.0.0" });
    expect(await failure(wrong)).toMatchObject({ reason: "provision-failed", phase: "provision" });
  });

  it.each([
    ["source", "/nowhere", {}],
    ["source", "https://packages.example/Shop.zip", { typeName: "T", typeVersion: "1" }],
    ["typeName", "https://packages.example/Shop.sfpkg", {}],
    ["typeVersion", "https://packages.example/Shop.sfpkg", { typeName: "T" }],
    ["typeVersion", shop("1"), { typeVersion: "2" }],
    ["parameters.Size", shop("1"), { parameters: { Size: "1" } }],
    ["applicationName", shop("1"), { applicationName: "Shop" }],
    ["monitoring.upgradeTimeoutMs", shop("1"), { monitoring: { upgradeTimeoutMs: -1 } }],
    ["upload.verify", shop("1"), { upload: JSON.parse('{"verify":false}') }],
    ["healthPolicy.serviceTypes", shop("1"), { healthPolicy: JSON.parse('{"serviceTypes":1}') }],
    ["whenUpgrading", shop("1"), JSON.parse('{"whenUpgrading":"hope"}')],
    ["keepVersions", shop("1"), { keepVersions: -1 }],
    ["parametersFile", shop("1"), { parametersFile: "/nowhere.xml" }],
  ] as const)("sends nothing if %s is invalid", async (parameter, source, options) => {
    await using cluster = await startCluster();
    const error = await rejection(cluster.deploy(source, options));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter });
    expect(cluster.requests).toEqual([]);
  });

  it("sends nothing if a cluster would reject the manifests", async () => {
    await using cluster = await startCluster();
    const error = await failure(cluster.deploy({ files: [] }));
    expect(error).toMatchObject({ reason: "lint", findings: [{ code: "no-application-manifest" }] });
    expect(error.message).toMatch(/ApplicationManifest\.xml: The package has no .* Nothing was sent\.$/);
    expect(cluster.requests).toEqual([]);
  });
});

describe("A dry run", () => {
  const planned = async (cluster: Cluster, version: string, options: Partial<DeployOptions> = {}) => {
    const before = cluster.requests.length;
    const deployment = await cluster.deploy(shop(version), { dryRun: true, ...options });
    expect(cluster.requests.slice(before).filter(({ method }) => method !== "GET")).toEqual([]);
    expect(deployment.dryRun).toBe(true);
    const { outcome, removedVersions, phases } = deployment;
    const messages = phases.filter(({ status }) => status === "planned").map(({ message }) => message);
    return { outcome, removedVersions, messages };
  };

  it("says what would happen, and changes nothing", async () => {
    await using cluster = await startCluster();
    expect(await planned(cluster, "1")).toEqual({
      outcome: "created",
      removedVersions: [],
      messages: [
        expect.stringMatching(/^Upload 3 files \(\d+ bytes\) to ShopType_1\.$/),
        "Provision ShopType 1 from ShopType_1.",
        "Create fabric:/Shop with ShopType 1.",
        "Wait until fabric:/Shop is healthy for 30 s.",
        "Delete ShopType_1 from the image store.",
      ],
    });
    await cluster.deploy(shop("1"));
    expect(await planned(cluster, "1")).toEqual({
      outcome: "alreadyDeployed",
      removedVersions: [],
      messages: ["Wait until fabric:/Shop is healthy for 30 s."],
    });
    expect(await planned(cluster, "2", { keepVersions: 0 })).toMatchObject({
      outcome: "upgraded",
      removedVersions: ["1"],
      messages: expect.arrayContaining([
        "Upgrade fabric:/Shop from 1 to 2.",
        expect.stringMatching(/Remove/),
      ]),
    });
    expect(await planned(cluster, "1", { parameters: { Color: "blue" } })).toMatchObject({
      messages: ["Change the parameters of fabric:/Shop.", "Wait until fabric:/Shop is healthy for 30 s."],
    });
    await cluster.deploy(shop("1"), { parameters: { Color: "blue" } });
    expect(await planned(cluster, "1", { parameters: { Count: "3" } })).toMatchObject({
      messages: ["Change the parameters of fabric:/Shop. No longer set: Color.", expect.anything()],
    });
    const changed = shop("1", { extra: '<Parameter Name="New" DefaultValue="" />' });
    expect(await failure(cluster.deploy(changed, { dryRun: true }))).toMatchObject({
      reason: "different-content",
    });
  });
});

describe("Parameters", () => {
  const parametersOf = async ({ applications }: Cluster) =>
    (await applications.getApplication({ applicationName: app }))?.parameters;

  it("are kept unless the deployment has some", async () => {
    await using cluster = await startCluster();
    await cluster.deploy(shop("1"), { parameters: { Color: "blue" } });
    const kept = await cluster.deploy(shop("2"));
    expect(kept.parameters).toEqual({ Color: "blue" });
    const replaced = await cluster.deploy(shop("2"), { parameters: { Count: "3" } });
    expect(replaced).toMatchObject({
      ...{ outcome: "upgraded", previousTypeVersion: undefined, onlyParameters: true },
      phases: expect.arrayContaining([
        expect.objectContaining({ phase: "upgrade", message: "Changed the parameters of fabric:/Shop." }),
      ]),
    });
    expect(kept.onlyParameters).toBe(false);
    expect(await parametersOf(cluster)).toEqual({ Count: "3" });
    expect(await cluster.deploy(shop("2"), { parameters: { Count: "3", Color: "red" } })).toMatchObject({
      outcome: "alreadyDeployed",
    });
    await cluster.deploy(shop("2"), { parameters: {} });
    expect(await parametersOf(cluster)).toEqual({});
  });

  it("come from a Publish Profile, which also sets the name and the upgrade", async () => {
    const folder = writeTree(scratchFolder(), {
      "Profiles/Cloud.xml": `<PublishProfile xmlns="http://schemas.microsoft.com/2015/05/fabrictools">
  <ApplicationParameterFile Path="..\\Parameters\\Cloud.xml" />
  <UpgradeDeployment Mode="Monitored" Enabled="true">
    <Parameters FailureAction="Manual" HealthCheckStableDurationSec="2" HealthCheckRetryTimeoutSec="4" UpgradeTimeoutSec="4294967295" UpgradeDomainTimeoutSec="60" ForceRestart="True" ConsiderWarningAsError="$true" />
  </UpgradeDeployment>
</PublishProfile>`,
      "Parameters/Cloud.xml": `\uFEFF<?xml version="1.0"?><Application Name="fabric:/Cloud/Shop" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <Parameters><Parameter Name="Count" Value="5" /><Parameter Name="Color" Value="" /></Parameters>
</Application>`,
    });
    await using cluster = await startCluster();
    const profile = { parametersFile: join(folder, "Profiles/Cloud.xml"), monitoring: {} };
    const created = await cluster.deploy(shop("1"), { ...profile, parameters: { Count: "6" } });
    expect(created).toMatchObject({
      applicationName: "fabric:/Cloud/Shop",
      parameters: { Count: "6", Color: "" },
    });
    const { upgrade } = await cluster.deploy(shop("2"), {
      ...profile,
      parametersFile: pathToFileURL(profile.parametersFile),
    });
    expect(upgrade?.parameters).toEqual({ Count: "5", Color: "" });
    cluster.emulator.setHealth({ application: "fabric:/Cloud/Shop", version: "3", state: "Warning" });
    expect(await failure(cluster.deploy(shop("3"), profile))).toMatchObject({ reason: "upgrade-paused" });
  });

  it("in a file that does not exist are rejected with the path of the file", async () => {
    await using cluster = await startCluster();
    const profile = '<PublishProfile><ApplicationParameterFile Path="no.xml"/></PublishProfile>';
    const folder = writeTree(scratchFolder(), { "profile.xml": profile });
    for (const [file, path] of [
      ["nope.xml", "nope.xml"],
      ["profile.xml", "no.xml"],
    ] as const) {
      const error = await rejection(cluster.deploy(shop("1"), { parametersFile: join(folder, file) }));
      expect(error).toMatchObject({
        message: expect.stringContaining(
          `parametersFile cannot be read: ${join(folder, path)} does not exist`,
        ),
      });
    }
  });

  it.each([
    ["<Settings/>", /root element Settings instead of Application or PublishProfile/],
    ["<Application", /not well-formed XML/],
    ["<PublishProfile/>", /no ApplicationParameterFile/],
    ["<Application><Parameters><Parameter Name='A'/></Parameters></Application>", /without Name or Value/],
    [
      "<Application><Parameters><Parameter Name='A' Value=''/><Parameter Name='A' Value=''/></Parameters></Application>",
      /"A" twice/,
    ],
  ])("in a file like %s are rejected", async (text, expected) => {
    await using cluster = await startCluster();
    const folder = writeTree(scratchFolder(), { "p.xml": text });
    const error = await rejection(cluster.deploy(shop("1"), { parametersFile: join(folder, "p.xml") }));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "parametersFile" });
    expect(String(error)).toMatch(expected);
  });
});
