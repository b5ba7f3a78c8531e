import type { Fault, FaultAction } from "@sf-image-store/emulator";
import { describe, expect, it } from "vitest";
import { type DeployOptions, isDeployError } from "../../src/node/index.js";
import { rejection } from "../server.js";
import { failure, shop, startCluster } from "./cluster.js";

const unavailable = { do: "answer", status: 503, code: "E_ABORT" } as const;

const posts = [
  "ProvisionApplicationType",
  "CreateApplication",
  "StartApplicationUpgrade",
  "ResumeApplicationUpgrade",
  "UnprovisionApplicationType",
] as const;
/** What the two deployments send once. */
const sentOnce: readonly string[] = [
  ...["CreateApplication", "StartApplicationUpgrade", "UnprovisionApplicationType"],
];
const reads = [
  "GetApplicationTypeInfoListByName",
  "GetApplicationManifest",
  "GetApplicationInfo",
  "GetApplicationUpgrade",
  "GetApplicationHealth",
  "GetApplicationInfoList",
  "GetImageStoreContent",
  "UploadFile",
  "DeleteImageStoreContent",
] as const;
const actions: Readonly<Record<string, FaultAction>> = {
  "does not arrive": { do: "drop-before" },
  "has a lost response": { do: "drop-after" },
  "is unavailable": unavailable,
};

const cases = [...posts, ...reads].flatMap((operation) =>
  Object.entries(actions).map(([what, action]) => [operation, what, action] as const),
);

describe("Two deployments, the second in manual mode, succeed although twice", () => {
  it.each(cases)("%s %s", async (operation, _, action) => {
    let fired = 0;
    const fault: Fault = { operation, times: 2, ...action };
    await using cluster = await startCluster({ faults: [fault], onFault: () => (fired += 1) });
    const options: Partial<DeployOptions> = {
      ...{ confirmUpgradeDomain: () => true, keepVersions: 0, healthyForMs: 3000 },
      upgradeMode: "manual",
    };
    expect(await cluster.deploy(shop("1", { isSmall: true }), options)).toMatchObject({ outcome: "created" });
    expect(await cluster.deploy(shop("2", { isSmall: true }), options)).toMatchObject({
      ...{ outcome: "upgraded", removedVersions: ["1"], cleanUpFailure: undefined },
    });
    // After a lost response, the cluster shows that the request arrived, so that it is not repeated.
    const isOnce = action.do === "drop-after" && sentOnce.includes(operation);
    expect(fired).toBe(isOnce ? 1 : 2);
    // A request that changes something is repeated only if the cluster shows that it did not arrive.
    const rejected = cluster.requests.filter(
      ({ method, status = 0 }) => method !== "GET" && status >= 400 && status < 500,
    );
    expect(rejected).toEqual([]);
  });
});

it("A deployment ends when a request fails too often, and goes on later", async () => {
  await using cluster = await startCluster();
  const remove = cluster.emulator.addFault({ operation: "CreateApplication", times: 1000, ...unavailable });
  const error = await rejection(cluster.deploy(shop("1")));
  if (!isDeployError(error)) throw error;
  expect(error).toMatchObject({ reason: "no-progress", phase: "create", cause: { status: 503 } });
  expect(error.message).toMatch(
    /failed: .* \(phase create\)\. Last step: Creating fabric:\/Shop with ShopType 1\./,
  );
  expect(cluster.requests.filter(({ operationId }) => operationId === "CreateApplication")).toHaveLength(11);
  remove();
  expect(await cluster.deploy(shop("1"))).toMatchObject({ outcome: "created", proof: "package" });
});

it("A request that the cluster rejects ends the deployment at once", async () => {
  await using cluster = await startCluster();
  cluster.emulator.addFault({
    ...{ operation: "CreateApplication", do: "answer", status: 403, code: "E_ACCESSDENIED" },
  });
  expect(await rejection(cluster.deploy(shop("1")))).toMatchObject({
    ...{ name: "DeployError", reason: "refused", phase: "create", cause: { code: "E_ACCESSDENIED" } },
  });
});

it("A deployment that cannot read the state of the cluster says so, and does not blame the manifests", async () => {
  await using cluster = await startCluster();
  await cluster.emulator.close();
  const error = await failure(cluster.deploy(shop("1")));
  expect(error).toMatchObject({ reason: "no-progress", phase: "provision" });
  expect(error.message).toMatch(
    /is the port correct\? \(phase provision\)\. Last step: Reading the state of the cluster\./,
  );
});
