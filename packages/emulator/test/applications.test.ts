import { readFileSync } from "node:fs";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import {
  applicationManifest,
  deployed,
  get,
  itemsAt,
  minutes,
  monitored,
  post,
  progress,
  provision,
  put,
  registeredFiles,
  serviceManifest,
  upload,
} from "./application-exchange.js";
import { allFiles } from "./content-exchange.js";
import { emulatorForTest, send } from "./exchange.js";

describe("deploy-flow §2 Provision", () => {
  it("registers a package, whose files then count as registered below Store", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "1");
    const { status, text } = await provision(emulator, "pkg1\\\\");
    expect({ status, text }).toEqual({ status: 200, text: "" });
    expect(await itemsAt(emulator, "/ApplicationTypes/T")).toEqual([
      {
        Name: "T",
        Version: "1",
        DefaultParameterList: [{ Key: "P", Value: "1" }],
        Status: "Available",
        ApplicationTypeDefinitionKind: "ServiceFabricApplicationPackage",
      },
    ]);
    expect(await registeredFiles(emulator)).toBe(5);
    const manifest = await get(
      emulator,
      "/ApplicationTypes/T/$/GetApplicationManifest",
      "api-version=6.0&ApplicationTypeVersion=1",
    );
    const { Manifest } = JSON.parse(manifest.text);
    expect(Manifest).toMatch(/^<\?xml version="1.0" encoding="utf-8"\?><ApplicationManifest xmlns:xsi=/);
    expect((await provision(emulator, "pkg1")).code).toBe("FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS");
  });

  it("stores manifests as the cluster writes them, checksums, and the files of each part", async () => {
    const emulator = await emulatorForTest();
    const manifest = applicationManifest("1")
      .replace(
        '<Parameter Name="P"',
        '<!-- why --><Parameter Name="Z" DefaultValue="&lt;2" /><Parameter Name="P"',
      )
      .replace(
        "<DefaultServices>",
        '<DefaultServices><Service Name="Zeta"><StatelessService ServiceTypeName="WebType"><SingletonPartition /></StatelessService></Service>',
      );
    const service = serviceManifest("1").replace(
      '<CodePackage Name="Code" Version="1" />',
      '<CodePackage Name="Code" Version="1"><EntryPoint><ExeHost><Program>app.js</Program></ExeHost></EntryPoint></CodePackage><CodePackage Name="Box" Version="1"><EntryPoint><ContainerHost><ImageName>x</ImageName></ContainerHost></EntryPoint></CodePackage><ConfigPackage Name="Config" Version="1" /><DataPackage Name="Data" Version="1" />',
    );
    await upload(emulator, "1", {
      "ApplicationManifest.xml": manifest,
      "WebPkg/ServiceManifest.xml": service,
      "WebPkg/Code/FabricCommon.dll": "native",
      "WebPkg/Config/more.json": "{}",
      "WebPkg/Data.zip": "PK",
    });
    expect(await provision(emulator, "pkg1")).toMatchObject({ status: 200 });
    const stored = (await allFiles(emulator)).map((path) => path.replaceAll("\\", "/"));
    expect(stored.filter((path) => path.startsWith("Store/")).sort()).toEqual([
      ...["Store/T/ApplicationManifest.1.xml", "Store/T/WebPkg.Code.1.checksum"],
      ...["Store/T/WebPkg.Code.1/app.js", "Store/T/WebPkg.Config.1.checksum"],
      ...["Store/T/WebPkg.Config.1/Settings.xml", "Store/T/WebPkg.Config.1/more.json"],
      ...["Store/T/WebPkg.Data.1.checksum", "Store/T/WebPkg.Data.1.zip"],
      ...["Store/T/WebPkg.Manifest.1.xml", "Store/T/WebPkg.Manifest.1.xml.checksum"],
    ]);
    const textOf = (path: string) => readFileSync(emulator.contentPath(`Store/T/${path}`), "utf8");
    expect(textOf("WebPkg.Code.1.checksum")).toMatch(/^[0-9A-F]{64}\r\n$/);
    expect(textOf("ApplicationManifest.1.xml")).toBe(
      '\ufeff<?xml version="1.0" encoding="utf-8"?><ApplicationManifest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ApplicationTypeName="T" ApplicationTypeVersion="1" xmlns="http://schemas.microsoft.com/2011/01/fabric"><Parameters><Parameter Name="P" DefaultValue="1" /><Parameter Name="Z" DefaultValue="&lt;2" /></Parameters><ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="1" /></ServiceManifestImport><DefaultServices><Service Name="Web"><StatelessService ServiceTypeName="WebType" /></Service><Service Name="Zeta"><StatelessService ServiceTypeName="WebType"><SingletonPartition /></StatelessService></Service></DefaultServices></ApplicationManifest>',
    );
    expect(textOf("WebPkg.Manifest.1.xml")).toContain("<Program>app.js</Program>");
    // The store's checksums stand for what a later package leaves out.
    for (const [version, files] of [
      ["2", { "WebPkg/ServiceManifest.xml": undefined }],
      ["3", { "WebPkg/ServiceManifest.xml": service }],
    ] as const) {
      const changed = manifest.replace('ApplicationTypeVersion="1"', `ApplicationTypeVersion="${version}"`);
      const own = { "ApplicationManifest.xml": changed, ...files, "WebPkg/_.dir": "", "_.dir": "" };
      for (const [path, body] of Object.entries(own))
        if (body !== undefined) await put(emulator, `pkg${version}/${path}`, body);
      expect(await provision(emulator, `pkg${version}`)).toMatchObject({ status: 200 });
    }
  });

  it.each([
    ["a missing folder", "other", {}, 404, "FABRIC_E_DIRECTORY_NOT_FOUND"],
    [
      "a manifest that is not XML",
      "pkg1",
      { "ApplicationManifest.xml": "<a" },
      400,
      "FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR",
    ],
    [
      "another version",
      "pkg1",
      { "WebPkg/ServiceManifest.xml": serviceManifest("9") },
      400,
      "FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR",
    ],
  ] as const)("refuses %s", async (_, path, files, status, code) => {
    const emulator = await emulatorForTest();
    await upload(emulator, "1", files);
    expect(await provision(emulator, path)).toMatchObject({ status, code });
    expect(await itemsAt(emulator, "/ApplicationTypes")).toEqual([]);
  });

  it("refuses a folder without a manifest", async () => {
    const emulator = await emulatorForTest();
    await put(emulator, "pkg/_.dir", "");
    // Even if the request is asynchronous.
    expect(await provision(emulator, "pkg", true)).toMatchObject({
      status: 404,
      code: "FABRIC_E_FILE_NOT_FOUND",
    });
  });

  it("keeps an asynchronous failure with its details", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "1", { "ApplicationManifest.xml": applicationManifest("1", "9") });
    expect((await provision(emulator, "pkg1", true)).status).toBe(202);
    await expect
      .poll(() => itemsAt(emulator, "/ApplicationTypes/T"))
      .toMatchObject([
        {
          Status: "Failed",
          StatusDetails: expect.stringMatching(/^FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR: /),
        },
      ]);
  });

  it.each([
    ["an unknown kind", { Kind: "Other", ApplicationTypeBuildPath: "a" }],
    ["no path and no URI", { Kind: "ImageStorePath" }],
    [
      "a URI without .sfpkg",
      {
        Kind: "ExternalStore",
        ApplicationPackageDownloadUri: "https://a/b.zip",
        ApplicationTypeName: "T",
        ApplicationTypeVersion: "1",
      },
    ],
    [
      "an external package without its version",
      { Kind: "ExternalStore", ApplicationPackageDownloadUri: "https://a/b.SFPKG", ApplicationTypeName: "T" },
    ],
  ])("refuses a body with %s", async (_, body) => {
    const emulator = await emulatorForTest();
    const refused = await post(emulator, "/ApplicationTypes/$/Provision", body, "api-version=6.2");
    expect(refused).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });

  it("takes the flat body of api-version 6.0", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "1");
    const { status } = await post(emulator, "/ApplicationTypes/$/Provision", {
      ApplicationTypeBuildPath: "pkg1",
      ApplicationPackageCleanupPolicy: null,
    });
    expect(status).toBe(200);
  });
});

describe("deploy-flow §2 Unprovision", () => {
  it("refuses a version in use, and removes the files of another one", async () => {
    const emulator = await deployed();
    const remove = (version: string) =>
      post(emulator, "/ApplicationTypes/T/$/Unprovision", { ApplicationTypeVersion: version });
    expect(await remove("1")).toMatchObject({ status: 409, code: "FABRIC_E_APPLICATION_TYPE_IN_USE" });
    expect(await remove("3")).toMatchObject({ status: 404, code: "FABRIC_E_APPLICATION_TYPE_NOT_FOUND" });
    expect((await remove("2")).status).toBe(200);
    expect(await registeredFiles(emulator)).toBe(5);
  });
});

describe("deploy-flow §2 applications", () => {
  it("shows an application and its services, and 204 for an absent one", async () => {
    const emulator = await deployed();
    const item = {
      Id: "App",
      Name: "fabric:/App",
      TypeName: "T",
      TypeVersion: "1",
      Status: "Ready",
      Parameters: [{ Key: "P", Value: "2" }],
      HealthState: "Ok",
      ApplicationDefinitionKind: "ServiceFabricApplicationDescription",
    };
    const query = "api-version=6.0&ExcludeApplicationParameters=False";
    expect(JSON.parse((await get(emulator, "/Applications/App", query)).text)).toEqual(item);
    expect(await itemsAt(emulator, "/Applications", "api-version=6.1&MaxResults=0")).toEqual([item]);
    expect(await itemsAt(emulator, "/Applications/App/$/GetServices")).toMatchObject([
      { Name: "fabric:/App/Web", ServiceKind: "Stateless" },
    ]);
    expect((await get(emulator, "/Applications/Other")).status).toBe(204);
  });

  it("deletes an application with ForceRemove=True, and refuses an absent one", async () => {
    const emulator = await deployed();
    const remove = () =>
      post(emulator, "/Applications/App/$/Delete", undefined, "api-version=6.0&ForceRemove=True");
    expect((await remove()).status).toBe(200);
    expect(await remove()).toMatchObject({ status: 404, code: "FABRIC_E_APPLICATION_NOT_FOUND" });
  });

  it("keeps types, applications and upgrades when it starts again", async () => {
    const location = scratchFolder();
    const first = await deployed({ location });
    await post(first, "/Applications/App/$/Upgrade", monitored);
    await first.close();
    const second = await emulatorForTest({ location });
    expect(await itemsAt(second, "/ApplicationTypes")).toHaveLength(2);
    expect(await progress(second)).toMatchObject({ UpgradeState: "RollingForwardInProgress" });
  });
});

describe("deploy-flow §2 Upgrade", () => {
  it("shows a completed upgrade for an application that was never upgraded", async () => {
    const shown = await progress(await deployed());
    expect(shown).toMatchObject({
      UpgradeState: "RollingForwardCompleted",
      TargetApplicationTypeVersion: "1",
    });
  });

  it("goes through the domains over the emulator's clock", async () => {
    const emulator = await deployed();
    expect((await post(emulator, "/Applications/App/$/Upgrade", monitored)).status).toBe(200);
    emulator.advance(2 * minutes + 30_000);
    expect(await progress(emulator)).toMatchObject({
      UpgradeState: "RollingForwardInProgress",
      UpgradeDomains: [{ State: "Completed" }, { State: "InProgress" }, { State: "Pending" }],
      NextUpgradeDomain: "UD2",
    });
    emulator.advance(10 * minutes);
    expect(await progress(emulator)).toMatchObject({
      UpgradeState: "RollingForwardCompleted",
      NextUpgradeDomain: "",
    });
    expect(JSON.parse((await get(emulator, "/Applications/App")).text)).toMatchObject({
      TypeVersion: "2",
      Status: "Ready",
    });
  });

  it("rolls back when the new version is unhealthy", async () => {
    const emulator = await deployed();
    emulator.setHealth({
      application: "fabric:/App",
      version: "2",
      state: "Error",
      description: "It crashes.",
    });
    await post(emulator, "/Applications/App/$/Upgrade", monitored);
    emulator.advance(30 * minutes);
    const shown = await progress(emulator);
    expect(shown).toMatchObject({
      UpgradeState: "RollingBackCompleted",
      TargetApplicationTypeVersion: "1",
      FailureReason: "HealthCheck",
      UpgradeDomainProgressAtFailure: { DomainName: "UD0" },
    });
    expect(JSON.stringify(shown.UnhealthyEvaluations)).toContain("It crashes.");
    const health = JSON.parse((await get(emulator, "/Applications/App/$/GetHealth")).text);
    expect(health.AggregatedHealthState).toBe("Ok");
  });

  it("refuses the name that sfctl builds from an id with fabric:/", async () => {
    const emulator = await deployed();
    const wrong = { ...monitored, Name: "fabric:/fabric:/App" };
    const refused = await post(emulator, "/Applications/fabric:/App/$/Upgrade", wrong);
    expect(refused).toMatchObject({ status: 400, code: "FABRIC_E_INVALID_NAME_URI" });
  });

  it("goes on with the domain that a manual upgrade waits for", async () => {
    const emulator = await deployed();
    await post(emulator, "/Applications/App/$/Upgrade", {
      ...monitored,
      RollingUpgradeMode: "UnmonitoredManual",
    });
    emulator.advance(minutes);
    expect(await progress(emulator)).toMatchObject({
      UpgradeState: "RollingForwardPending",
      NextUpgradeDomain: "UD1",
    });
    const move = { UpgradeDomainName: "UD1" };
    expect((await post(emulator, "/Applications/App/$/MoveToNextUpgradeDomain", move)).status).toBe(200);
    expect((await post(emulator, "/Applications/App/$/RollbackUpgrade")).status).toBe(200);
    emulator.advance(minutes);
    expect(await progress(emulator)).toMatchObject({
      UpgradeState: "RollingBackCompleted",
      FailureReason: "Interrupted",
    });
  });
});

describe("deploy-flow §2, a row per fact", () => {
  const provisionPath = "/ApplicationTypes/$/Provision";
  const create = { Name: "fabric:/B", TypeName: "T", TypeVersion: "1" };
  const external = {
    Kind: "ExternalStore",
    ApplicationPackageDownloadUri: "https://a/b.sfpkg",
    ApplicationTypeName: "T",
    ApplicationTypeVersion: "1",
  };
  it.each([
    ["a body that is no JSON", provisionPath, "{", "400 E_INVALIDARG"],
    ["a body that is no object", provisionPath, [], "400 E_INVALIDARG"],
    ["path and URI", provisionPath, { ...external, ApplicationTypeBuildPath: "a" }, "400 E_INVALIDARG"],
    [
      "a URI of another scheme",
      provisionPath,
      { ...external, ApplicationPackageDownloadUri: "ftp://a/b.sfpkg" },
      "400 E_INVALIDARG",
    ],
    [
      "an external package without its type",
      provisionPath,
      { ...external, ApplicationTypeName: "" },
      "400 E_INVALIDARG",
    ],
    [
      "an absolute path",
      provisionPath,
      { Kind: "ImageStorePath", ApplicationTypeBuildPath: "/a" },
      "400 E_INVALIDARG",
    ],
    [
      "an unknown version to remove",
      "/ApplicationTypes/T/$/Unprovision",
      { ApplicationTypeVersion: "9" },
      "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    ],
    [
      "an unknown type to remove",
      "/ApplicationTypes/U/$/Unprovision",
      { ApplicationTypeVersion: "1" },
      "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    ],
    [
      "a version in use",
      "/ApplicationTypes/T/$/Unprovision",
      { ApplicationTypeVersion: "1" },
      "409 FABRIC_E_APPLICATION_TYPE_IN_USE",
    ],
    ["a bad name", "/Applications/$/Create", { ...create, Name: "B" }, "400 FABRIC_E_INVALID_NAME_URI"],
    [
      "an absent type",
      "/Applications/$/Create",
      { ...create, TypeName: "U" },
      "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    ],
    [
      "an existing application",
      "/Applications/$/Create",
      { ...create, Name: "fabric:/App" },
      "409 FABRIC_E_APPLICATION_ALREADY_EXISTS",
    ],
    [
      "an invalid upgrade mode",
      "/Applications/App/$/Upgrade",
      { ...monitored, RollingUpgradeMode: "Invalid" },
      "400 E_INVALIDARG",
    ],
    [
      "an upgrade of an absent application",
      "/Applications/App/$/Upgrade",
      { ...monitored, Name: "fabric:/B" },
      "404 FABRIC_E_APPLICATION_NOT_FOUND",
    ],
    [
      "an upgrade to an absent version",
      "/Applications/App/$/Upgrade",
      { ...monitored, TargetApplicationTypeVersion: "9" },
      "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    ],
    [
      "an upgrade that changes nothing",
      "/Applications/App/$/Upgrade",
      { ...monitored, TargetApplicationTypeVersion: "1", Parameters: [{ Key: "P", Value: "2" }] },
      "409 FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION",
    ],
    [
      "a policy that cannot pass",
      "/Applications/App/$/Upgrade",
      { ...monitored, MonitoringPolicy: { UpgradeTimeoutInMilliseconds: "PT1M" } },
      "400 FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR",
    ],
    [
      "the next domain without an upgrade",
      "/Applications/App/$/MoveToNextUpgradeDomain",
      { UpgradeDomainName: "UD0" },
      "400 FABRIC_E_APPLICATION_NOT_UPGRADING",
    ],
    [
      "a rollback without an upgrade",
      "/Applications/App/$/RollbackUpgrade",
      {},
      "400 FABRIC_E_APPLICATION_NOT_UPGRADING",
    ],
    [
      "the deletion of an absent application",
      "/Applications/B/$/Delete",
      {},
      "404 FABRIC_E_APPLICATION_NOT_FOUND",
    ],
  ] as const)("refuses %s", async (_, path, body, expected) => {
    const emulator = await deployed();
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const { status, code } = await send(emulator, "POST", `${path}?api-version=6.2`, { body: text });
    expect(`${status} ${code}`).toBe(expected);
  });

  it("takes the application of an upgrade from the body, not from the path", async () => {
    const emulator = await deployed();
    expect((await post(emulator, "/Applications/Other/$/Upgrade", monitored)).status).toBe(200);
    expect(await progress(emulator)).toMatchObject({ UpgradeState: "RollingForwardInProgress" });
    // Deleting it ends the upgrade.
    expect((await post(emulator, "/Applications/App/$/Delete")).status).toBe(200);
    expect((await get(emulator, "/Applications/App")).status).toBe(204);
  });

  it("repeats the creation of an application until its version is available, or the time is over", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "1", { "ApplicationManifest.xml": applicationManifest("1", "9") });
    await provision(emulator, "pkg1", true);
    const sendCreate = (seconds: number) =>
      send(emulator, "POST", `/Applications/$/Create?api-version=6.0&timeout=${seconds}`, {
        body: JSON.stringify(create),
      });
    expect(await sendCreate(0)).toMatchObject({ status: 504, code: "FABRIC_E_TIMEOUT" });
    const waiting = sendCreate(60);
    await expect.poll(() => itemsAt(emulator, "/ApplicationTypes")).toMatchObject([{ Status: "Failed" }]);
    // A version that failed can be registered again.
    await upload(emulator, "1");
    expect((await provision(emulator, "pkg1")).status).toBe(200);
    expect((await waiting).status).toBe(201);
  });
});
