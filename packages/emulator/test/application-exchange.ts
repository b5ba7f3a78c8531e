import { expect } from "vitest";
import type { Emulator } from "../src/index.js";
import { emulatorForTest, type Received, send } from "./exchange.js";

export function applicationManifest(version: string, serviceVersion = version): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<ApplicationManifest ApplicationTypeName="T" ApplicationTypeVersion="${version}" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <Parameters><Parameter Name="P" DefaultValue="1" /></Parameters>
  <ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="${serviceVersion}" /></ServiceManifestImport>
  <DefaultServices><Service Name="Web"><StatelessService ServiceTypeName="WebType" InstanceCount="1" /></Service></DefaultServices>
</ApplicationManifest>`;
}

export function serviceManifest(version: string): string {
  return `<ServiceManifest Name="WebPkg" Version="${version}" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <ServiceTypes><StatelessServiceType ServiceTypeName="WebType" /></ServiceTypes>
  <CodePackage Name="Code" Version="${version}" />
</ServiceManifest>`;
}

export async function put(emulator: Emulator, path: string, body: string): Promise<void> {
  expect((await send(emulator, "PUT", `/ImageStore/${path}?api-version=6.0`, { body })).status).toBe(200);
}

/** The files of a version of a small package. */
export function packageOf(version: string): Readonly<Record<string, string>> {
  return {
    "ApplicationManifest.xml": applicationManifest(version),
    "WebPkg/ServiceManifest.xml": serviceManifest(version),
    "WebPkg/Code/app.js": `// ${version}`,
    "WebPkg/_.dir": "",
    "_.dir": "",
  };
}

/** Uploads the package of a version to the folder `pkg{version}`. */
export async function upload(
  emulator: Emulator,
  version: string,
  files: Readonly<Record<string, string>> = {},
) {
  const all = { ...packageOf(version), ...files };
  for (const [path, body] of Object.entries(all)) await put(emulator, `pkg${version}/${path}`, body);
}

export function post(
  emulator: Emulator,
  path: string,
  body?: object,
  query = "api-version=6.0",
): Promise<Received> {
  const text = body === undefined ? "" : JSON.stringify(body);
  return send(emulator, "POST", `${path}?${query}&timeout=60`, { body: text });
}

export function get(emulator: Emulator, path: string, query = "api-version=6.0"): Promise<Received> {
  return send(emulator, "GET", `${path}?${query}`);
}

export function provision(emulator: Emulator, path: string, isAsync = false): Promise<Received> {
  const body = { Kind: "ImageStorePath", Async: isAsync, ApplicationTypeBuildPath: path };
  return post(emulator, "/ApplicationTypes/$/Provision", body, "api-version=6.2");
}

export async function itemsAt(emulator: Emulator, path: string, query?: string) {
  return JSON.parse((await get(emulator, path, query)).text).Items;
}

/** An emulator with versions 1 and 2 of a type, and an application at version 1. */
export async function deployed(options = {}): Promise<Emulator> {
  const emulator = await emulatorForTest(options);
  for (const version of ["1", "2"]) {
    await upload(emulator, version);
    expect((await provision(emulator, `pkg${version}`)).status).toBe(200);
  }
  const created = await post(emulator, "/Applications/$/Create", {
    Name: "fabric:/App",
    TypeName: "T",
    TypeVersion: "1",
    ParameterList: [{ Key: "P", Value: "2" }],
    ApplicationCapacity: { MinimumNodes: 0, MaximumNodes: 0 },
  });
  expect({ status: created.status, text: created.text }).toEqual({ status: 201, text: "" });
  return emulator;
}

export const monitored = {
  Name: "fabric:/App",
  TargetApplicationTypeVersion: "2",
  Parameters: [],
  UpgradeKind: "Rolling",
  RollingUpgradeMode: "Monitored",
  SortOrder: null,
  MonitoringPolicy: {
    FailureAction: "Rollback",
    HealthCheckWaitDurationInMilliseconds: "0",
    HealthCheckStableDurationInMilliseconds: "PT0H2M0S",
    HealthCheckRetryTimeoutInMilliseconds: "PT0H10M0S",
    UpgradeTimeoutInMilliseconds: "P1D",
    UpgradeDomainTimeoutInMilliseconds: "PT1H",
  },
  ApplicationHealthPolicy: { ConsiderWarningAsError: false, MaxPercentUnhealthyDeployedApplications: 0 },
};

export async function progress(emulator: Emulator) {
  return JSON.parse((await get(emulator, "/Applications/App/$/GetUpgradeProgress")).text);
}

/** The number of files below `Store`. */
export async function registeredFiles(emulator: Emulator): Promise<number> {
  const info = JSON.parse((await get(emulator, "/ImageStore/$/Info", "api-version=6.5")).text);
  return Number(info.UsedByRegister.FileCount);
}

export const minutes = 60_000;
