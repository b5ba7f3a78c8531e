import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import {
  type ApplicationsClient,
  createApplicationsClient,
  describeUnhealthyEvaluations,
} from "../../src/applications/index.js";
import { rejection } from "../server.js";

/** The response of an example of the specification. */
function exampleBody(name: string): object {
  const file = resolve(import.meta.dirname, "../../../../specs/applications.examples", `${name}.json`);
  return JSON.parse(readFileSync(file, "utf8")).responses["200"].body;
}

interface Cluster extends AsyncDisposable {
  readonly client: ApplicationsClient;
  readonly requests: { method: string; url: string; body: unknown }[];
}

/** A real HTTP server that sends these responses in order, and then status 500. */
async function cluster(...responses: { status: number; body?: unknown }[]): Promise<Cluster> {
  const waiting = [...responses];
  const requests: Cluster["requests"] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { method = "", url = "" } = request;
    requests.push({ method, url, body: body === "" ? undefined : JSON.parse(body) });
    const next = waiting.shift() ?? { status: 500 };
    response.writeHead(next.status, { "content-type": "application/json; charset=utf-8" });
    response.end(next.body === undefined ? "" : JSON.stringify(next.body));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return {
    client: createApplicationsClient({ endpoint, retryOptions: { maxRetries: 1, retryDelayMs: 0 } }),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const empty = { ContinuationToken: "", Items: [] };

async function all<Item>(listing: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of listing) items.push(item);
  return items;
}

describe("application types", () => {
  it("are listed by page, with the token unchanged", async () => {
    const [first, last] = ["more-pages", "next-page"].map((name) =>
      exampleBody(`GetApplicationTypeInfoList.${name}`),
    );
    await using server = await cluster({ status: 200, body: first }, { status: 200, body: last });
    const types = await all(server.client.listApplicationTypes({ pageSize: 1, excludeParameters: false }));
    expect(types.map(({ typeVersion }) => typeVersion)).toEqual(["1.0.0", "1.1.0"]);
    expect(types[0]).toEqual({
      typeName: "CalculatorType",
      typeVersion: "1.0.0",
      status: "Available",
      statusDetails: undefined,
      defaultParameters: { Calculator_InstanceCount: "-1" },
      definitionKind: "ServiceFabricApplicationPackage",
    });
    const start = "/ApplicationTypes?api-version=6.0&ExcludeApplicationParameters=false&MaxResults=1";
    expect(server.requests.map(({ url }) => url)).toEqual([
      start,
      `${start}&ContinuationToken=CalculatorType+1.0.0`,
    ]);
  });

  it("are not listed forever when a token repeats", async () => {
    const page = { status: 200, body: { ...empty, ContinuationToken: "again" } };
    await using server = await cluster(page, page, page);
    expect(await rejection(all(server.client.listApplicationTypes()))).toMatchObject({
      name: "ProtocolError",
    });
  });

  it("escape only what would end the token in a URL", async () => {
    const page = { status: 200, body: { ...empty, ContinuationToken: "A&B #1%20" } };
    await using server = await cluster(page, { status: 200, body: empty });
    await all(server.client.listApplications());
    expect(server.requests[1]?.url).toMatch(/&ContinuationToken=A%26B%20%231%20$/);
  });

  it("are undefined if the version does not exist", async () => {
    await using server = await cluster({ status: 200, body: empty });
    const options = { typeName: "T x", typeVersion: "1.0+2" };
    expect(await server.client.getApplicationType(options)).toBeUndefined();
    expect(server.requests[0]?.url).toBe(
      "/ApplicationTypes/T%20x?api-version=6.0&ApplicationTypeVersion=1.0%2B2",
    );
  });

  it("are provisioned with Kind first, asynchronously unless the caller says otherwise", async () => {
    await using server = await cluster({ status: 202 }, { status: 200 }, { status: 202 });
    const { client } = server;
    await client.provisionApplicationType({ storePath: "App" });
    await client.provisionApplicationType({ storePath: "App", async: false, cleanupPolicy: "Automatic" });
    const packageUrl = "https://packages.example/App.sfpkg?sig=1";
    await client.provisionApplicationType({ packageUrl, typeName: "T", typeVersion: "1" });
    expect(server.requests.map(({ body }) => JSON.stringify(body))).toEqual([
      '{"Kind":"ImageStorePath","Async":true,"ApplicationTypeBuildPath":"App"}',
      '{"Kind":"ImageStorePath","Async":false,"ApplicationTypeBuildPath":"App","ApplicationPackageCleanupPolicy":"Automatic"}',
      `{"Kind":"ExternalStore","Async":true,"ApplicationPackageDownloadUri":"${packageUrl}","ApplicationTypeName":"T","ApplicationTypeVersion":"1"}`,
    ]);
  });
});

describe("requests", () => {
  it("are retried only if they read", async () => {
    await using server = await cluster({ status: 204 }, { status: 503 }, { status: 204 }, { status: 503 });
    const options = { applicationName: "fabric:/a/b" };
    expect(await server.client.getApplication(options)).toBeUndefined();
    expect(await server.client.getApplication(options)).toBeUndefined();
    expect(await rejection(server.client.rollbackApplicationUpgrade(options))).toMatchObject({ status: 503 });
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      ...Array(3).fill("GET /Applications/a~b?api-version=6.0"),
      "POST /Applications/a~b/$/RollbackUpgrade?api-version=6.0",
    ]);
  });

  const app = "fabric:/App";
  it.each<[string, (client: ApplicationsClient) => unknown]>([
    ["applicationName", (client) => client.getApplication({ applicationName: "App" })],
    ["applicationName", (client) => client.getApplication({ applicationName: "fabric:/a~b" })],
    ["applicationName", (client) => client.getApplication({ applicationName: "fabric:/a/../b" })],
    ["typeName", (client) => client.getApplicationType({ typeName: "a/b", typeVersion: "1" })],
    ["typeVersion", (client) => client.getApplicationType({ typeName: "a", typeVersion: " " })],
    ["storePath", (client) => client.provisionApplicationType({ storePath: "../a" })],
    [
      "packageUrl",
      (client) =>
        client.provisionApplicationType({ packageUrl: "file:///a.sfpkg", typeName: "a", typeVersion: "1" }),
    ],
    [
      "events",
      (client) => client.getApplicationHealth({ applicationName: app, events: JSON.parse('["Bad"]') }),
    ],
    [
      "policy.maxPercentUnhealthyDeployedApplications",
      (client) =>
        client.getApplicationHealth({
          applicationName: app,
          policy: { maxPercentUnhealthyDeployedApplications: 101 },
        }),
    ],
    [
      "monitoring.upgradeTimeoutMs",
      (client) =>
        client.startApplicationUpgrade({
          applicationName: app,
          typeVersion: "2",
          monitoring: { upgradeTimeoutMs: -1 },
        }),
    ],
    [
      "parameters.P",
      (client) =>
        client.startApplicationUpgrade({
          applicationName: app,
          typeVersion: "2",
          parameters: JSON.parse('{"P":1}'),
        }),
    ],
    ["force", (client) => client.deleteApplication({ applicationName: app, force: JSON.parse('"yes"') })],
  ])("with an invalid %s are not sent", async (parameter, call) => {
    await using server = await cluster();
    const error = await rejection(Promise.resolve().then(() => call(server.client)));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter });
    expect(server.requests).toEqual([]);
  });
});

describe("upgrades", () => {
  it("send times in milliseconds and all that the caller sets", async () => {
    await using server = await cluster({ status: 200 });
    await server.client.startApplicationUpgrade({
      applicationName: "fabric:/a/b",
      typeVersion: "2",
      parameters: { P: "1" },
      monitoring: { failureAction: "Rollback", healthCheckStableMs: 5000, upgradeTimeoutMs: Infinity },
    });
    expect(server.requests[0]?.body).toEqual({
      Name: "fabric:/a/b",
      TargetApplicationTypeVersion: "2",
      UpgradeKind: "Rolling",
      RollingUpgradeMode: "Monitored",
      Parameters: [{ Key: "P", Value: "1" }],
      MonitoringPolicy: {
        FailureAction: "Rollback",
        HealthCheckStableDurationInMilliseconds: "5000",
        UpgradeTimeoutInMilliseconds: "P10675199DT02H48M05.4775807S",
      },
    });
  });

  it("say why they were rolled back", async () => {
    await using server = await cluster({
      status: 200,
      body: exampleBody("GetApplicationUpgrade.rolled-back"),
    });
    const upgrade = await server.client.getApplicationUpgrade({ applicationName: "fabric:/Calculator" });
    expect(upgrade).toMatchObject({
      state: "RollingBackCompleted",
      targetTypeVersion: "1.0.0",
      parameters: { Calculator_InstanceCount: "-1" },
      durationMs: 192_000,
      nextUpgradeDomain: undefined,
      current: undefined,
      failure: {
        reason: "HealthCheck",
        failedAt: new Date("2026-03-02T08:26:41.500Z"),
        progress: { upgradeDomain: "UD0", nodes: [{ nodeName: "_Node_1" }] },
      },
    });
    expect(describeUnhealthyEvaluations(upgrade.unhealthyEvaluations)).toEqual([
      "fabric:/Calculator/Calculator, partition 8d4a2b15-3e67-4a0a-9d9b-0c3a1f7e2b46, replica 133756218011034018: " +
        "Watchdog reported Error on Ping: No answer for 30 seconds.",
      "The application is unhealthy on 1 of 1 nodes of UD0.",
      "fabric:/Calculator, node _Node_0, service package CalculatorPkg: The service package is unhealthy.",
    ]);
  });
});

describe("health", () => {
  it("has numbers, dates and no limit for reports that do not expire", async () => {
    await using server = await cluster({ status: 200, body: exampleBody("GetApplicationHealth") });
    const health = await server.client.getApplicationHealth({
      applicationName: "fabric:/Calculator",
      events: [],
      services: ["Warning", "Error"],
    });
    expect(health).toMatchObject({
      applicationName: "fabric:/Calculator",
      healthState: "Ok",
      services: [{ name: "fabric:/Calculator/Calculator", healthState: "Ok" }],
      nodes: [{ name: "_Node_0", healthState: "Ok" }],
      statistics: { Service: { ok: 1, warning: 0, error: 0 } },
    });
    expect(health.events[0]).toMatchObject({
      timeToLiveMs: Number.POSITIVE_INFINITY,
      sequenceNumber: 133_756_218_011_034_017n,
      lastErrorAt: undefined,
      lastOkAt: new Date("2026-03-02T08:15:30.125Z"),
    });
    expect(server.requests[0]?.url).toContain("EventsHealthStateFilter=1&ServicesHealthStateFilter=12");
  });

  it("accepts reasons of kinds that it does not know", async () => {
    const reason = { Kind: "Moon", AggregatedHealthState: "Error", Description: "A new\nkind." };
    const body = {
      ...exampleBody("GetApplicationHealth"),
      UnhealthyEvaluations: [{ HealthEvaluation: reason }],
    };
    await using server = await cluster({ status: 200, body });
    const health = await server.client.getApplicationHealth({ applicationName: "fabric:/Calculator" });
    expect(describeUnhealthyEvaluations(health.unhealthyEvaluations)).toEqual(["A new kind."]);
  });
});
