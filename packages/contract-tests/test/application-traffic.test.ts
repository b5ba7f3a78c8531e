import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createImageStoreClient, isFabricError } from "@sf-image-store/client";
import { type ApplicationsClient, createApplicationsClient } from "@sf-image-store/client/applications";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { packageFiles, scratchFolder, writeZip } from "@sf-image-store/testing";
import { type OperationId, operations } from "@sf-image-store/types/applications";
import { checkExchange, type Exchange, recordingFetch } from "openapi-contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ownContract } from "./contract.js";

const contract = await ownContract("applications");
const exchanges: Exchange[] = [];
const record = recordingFetch(fetch, (exchange) => exchanges.push(exchange));
let emulator: Emulator;
let client: ApplicationsClient;

beforeAll(async () => {
  emulator = await startEmulator();
  client = createApplicationsClient({
    endpoint: emulator.endpoint,
    fetch: record,
    retryOptions: { maxRetries: 0 },
  });
  for (const version of ["1.0.0", "1.1.0"]) await uploadPackage(version);
});
afterAll(() => emulator.close());
beforeEach(() => {
  exchanges.length = 0;
});

function filesOf(version: string): [string, string][] {
  return Object.entries(packageFiles).map(([path, text]) => [path, text.replaceAll("1.0.0", version)]);
}

async function uploadPackage(version: string): Promise<void> {
  const store = createImageStoreClient({ endpoint: emulator.endpoint });
  const files = [...filesOf(version), ["WebPkg/_.dir", ""], ["_.dir", ""]] as const;
  for (const [path, text] of files)
    await store.putFile({ storePath: `${version}/${path}`, content: new TextEncoder().encode(text) });
}

/** All requests and responses since the test began, checked against the contract. */
function violations() {
  return exchanges.flatMap((exchange) => checkExchange(contract, exchange));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const applicationName = "fabric:/Shop";
const typeName = "Shop";
const monitoring = { failureAction: "Rollback", healthCheckStableMs: 60_000 } as const;
const toNext = { applicationName, typeVersion: "1.1.0", mode: "Monitored", monitoring } as const;

describe("every operation follows the contract between the client and the emulator", () => {
  /** A deployment, in which each operation finds what it needs. */
  const uses: Record<OperationId, () => Promise<unknown>> = {
    ProvisionApplicationType: async () => {
      for (const storePath of ["1.0.0", "1.1.0"]) await client.provisionApplicationType({ storePath });
    },
    GetApplicationTypeInfoList: () => collect(client.listApplicationTypes()),
    GetApplicationTypeInfoListByName: () => collect(client.listApplicationTypes({ typeName })),
    GetApplicationManifest: () => client.getApplicationManifest({ typeName, typeVersion: "1.0.0" }),
    CreateApplication: () => client.createApplication({ applicationName, typeName, typeVersion: "1.0.0" }),
    GetApplicationInfoList: () => collect(client.listApplications()),
    GetApplicationInfo: () => client.getApplication({ applicationName }),
    GetServiceInfoList: () => collect(client.listServices({ applicationName })),
    StartApplicationUpgrade: () => client.startApplicationUpgrade({ ...toNext, mode: "UnmonitoredManual" }),
    ResumeApplicationUpgrade: () => {
      emulator.advance(60_000);
      return client.resumeApplicationUpgrade({ applicationName, upgradeDomain: "UD1" });
    },
    UpdateApplicationUpgrade: () =>
      client.updateApplicationUpgrade({ applicationName, mode: "Monitored", monitoring }),
    GetApplicationUpgrade: () => client.getApplicationUpgrade({ applicationName }),
    RollbackApplicationUpgrade: () => client.rollbackApplicationUpgrade({ applicationName }),
    GetApplicationHealth: () => {
      emulator.setHealth({ application: applicationName, state: "Error", description: "Down" });
      return client.getApplicationHealth({ applicationName });
    },
    GetApplicationHealthUsingPolicy: () =>
      client.getApplicationHealth({ applicationName, policy: { considerWarningAsError: true } }),
    GetClusterHealth: () => client.getClusterHealth(),
    GetClusterHealthUsingPolicy: () =>
      record(`${emulator.endpoint}/$/GetClusterHealth?api-version=6.0`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ClusterHealthPolicy: { ConsiderWarningAsError: true } }),
      }),
    DeleteApplication: () => client.deleteApplication({ applicationName }),
    UnprovisionApplicationType: () =>
      client.unprovisionApplicationType({ typeName, typeVersion: "1.0.0", async: true }),
  };

  it.each(Object.entries(uses))("%s", async (operationId, use) => {
    await use();
    const [, operation] = Object.entries(operations).find(([id]) => id === operationId) ?? [];
    const { method = "", path = "" } = operation ?? {};
    const last = exchanges.at(-1);
    expect(last?.request.method).toBe(method);
    const pattern = path.replaceAll("$", "\\$").replaceAll(/\{[^}]+\}/g, "[^/]+");
    expect(new URL(last?.request.url ?? "").pathname).toMatch(new RegExp(`^${pattern}$`));
    expect([200, 201, 202]).toContain(last?.response.status);
    expect(violations()).toEqual([]);
  });

  it("includes all operations", () => {
    expect(Object.keys(uses).sort()).toEqual(Object.keys(operations).sort());
  });
});

describe("the emulator's answers follow the contract", () => {
  const other = "fabric:/Shop/Other";
  const absent = { applicationName: "fabric:/Absent" };

  it("if it refuses a request", async () => {
    await client.provisionApplicationType({ storePath: "1.0.0" }).catch(() => undefined);
    await client.createApplication({ applicationName: other, typeName, typeVersion: "1.0.0" });
    const refused: Readonly<Record<string, () => Promise<unknown>>> = {
      "409 FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS": () =>
        client.provisionApplicationType({ storePath: "1.0.0" }),
      "404 FABRIC_E_DIRECTORY_NOT_FOUND": () => client.provisionApplicationType({ storePath: "absent" }),
      "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND": () =>
        client.getApplicationManifest({ typeName, typeVersion: "9" }),
      "409 FABRIC_E_APPLICATION_TYPE_IN_USE": () =>
        client.unprovisionApplicationType({ typeName, typeVersion: "1.0.0" }),
      "409 FABRIC_E_APPLICATION_ALREADY_EXISTS": () =>
        client.createApplication({ applicationName: other, typeName, typeVersion: "1.0.0" }),
      "404 FABRIC_E_APPLICATION_NOT_FOUND": () => client.getApplicationUpgrade(absent),
      "404 FABRIC_E_HEALTH_ENTITY_NOT_FOUND": () => client.getApplicationHealth(absent),
      "400 FABRIC_E_APPLICATION_NOT_UPGRADING": () =>
        client.rollbackApplicationUpgrade({ applicationName: other }),
      "409 FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION": () =>
        client.startApplicationUpgrade({ ...toNext, applicationName: other, typeVersion: "1.0.0" }),
    };
    for (const [expected, call] of Object.entries(refused)) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(isFabricError(error) ? `${error.status} ${error.code}` : error).toBe(expected);
    }
    expect(await client.getApplication(absent)).toBeUndefined();
    expect(violations()).toEqual([]);
  });

  it("while an upgrade fails and rolls back, with its reasons", async () => {
    emulator.setHealth({ application: other, version: "1.1.0", state: "Error", description: "Down" });
    await client.startApplicationUpgrade({ ...toNext, applicationName: other });
    const states = new Set<string>();
    for (let minute = 0; minute < 30; minute++) {
      const { state } = await client.getApplicationUpgrade({ applicationName: other });
      states.add(state);
      await client.getApplicationHealth({ applicationName: other });
      await client.getClusterHealth();
      await client.getApplication({ applicationName: other });
      emulator.advance(60_000);
    }
    expect([...states]).toEqual(["RollingForwardInProgress", "RollingBackCompleted"]);
    expect(violations()).toEqual([]);
  });

  it("while a package is downloaded, and if that fails", async () => {
    const archive = readFileSync(
      writeZip(
        join(scratchFolder(), "a.sfpkg"),
        filesOf("2.0.0").map(([name, content]) => ({ name, content })),
      ),
    );
    const server = createServer((request, response) => {
      if (request.url === "/good.sfpkg") response.end(archive);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    for (const [name, typeVersion] of [
      ["good", "2.0.0"],
      ["absent", "3.0.0"],
    ] as const) {
      await client.provisionApplicationType({
        packageUrl: `${base}/${name}.sfpkg`,
        typeName,
        typeVersion,
        async: true,
      });
    }
    await expect
      .poll(async () =>
        (await collect(client.listApplicationTypes({ typeName }))).map(({ status }) => status),
      )
      .toEqual(expect.arrayContaining(["Available", "Failed"]));
    expect(violations()).toEqual([]);
  });
});
