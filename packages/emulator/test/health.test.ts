import { describe, expect, it } from "vitest";
import type { Emulator, Fault, HealthReport } from "../src/index.js";
import { deployed, get, minutes, monitored, post, progress } from "./application-exchange.js";
import { emulatorForTest } from "./exchange.js";

const application = "fabric:/App";
const service = "fabric:/App/Web";

async function healthAt(emulator: Emulator, path: string): Promise<string> {
  return JSON.parse((await get(emulator, path)).text).AggregatedHealthState;
}

const unhealthyWeb: HealthReport = {
  application,
  service,
  state: "Error",
  description: "It does not answer.",
  version: "2",
  afterUpgradeDomain: "UD1",
};

/** Which upgrade domains are complete, and the state of the upgrade. */
async function shownUpgrade(emulator: Emulator) {
  const { UpgradeDomains, UpgradeState, UpgradeDomainProgressAtFailure: failed } = await progress(emulator);
  const states = UpgradeDomains.map(({ State }: { State: string }) => State);
  return { states, UpgradeState, failedIn: failed.DomainName };
}

describe("health of an application and of the cluster", () => {
  it("follows the reports", async () => {
    const emulator = await deployed();
    emulator.setHealth({ application, service, state: "Error" });
    const shown = JSON.parse((await get(emulator, "/Applications/App/$/GetHealth")).text);
    expect(shown).toMatchObject({
      AggregatedHealthState: "Error",
      ServiceHealthStates: [{ AggregatedHealthState: "Error" }],
    });
    const cluster = JSON.parse((await get(emulator, "/$/GetClusterHealth")).text);
    expect(cluster).toMatchObject({
      AggregatedHealthState: "Error",
      ApplicationHealthStates: [{ Name: "fabric:/App" }],
    });
    const absent = await get(emulator, "/Applications/B/$/GetHealth");
    expect(absent).toMatchObject({ status: 404, code: "FABRIC_E_HEALTH_ENTITY_NOT_FOUND" });
  });

  it.each([
    [{ state: "Bad" }, "state must be Ok, Warning or Error, not Bad."],
    [{ state: "Ok", service }, "service needs application, the name of the application."],
    [{ state: "Ok", afterUpgradeDomain: "UD0" }, "afterUpgradeDomain needs application"],
  ])("rejects the report %j", async (report, message) => {
    const emulator = await emulatorForTest();
    expect(() => emulator.setHealth(JSON.parse(JSON.stringify(report)))).toThrow(message);
  });
});

describe("health that changes after an upgrade domain", () => {
  it("rolls a monitored upgrade back in the next domain, and is then over", async () => {
    const emulator = await deployed();
    emulator.setHealth(unhealthyWeb);
    await post(emulator, "/Applications/App/$/Upgrade", monitored);
    emulator.advance(2 * minutes + 30_000);
    expect(await healthAt(emulator, "/Applications/App/$/GetHealth")).toBe("Ok");
    emulator.advance(2 * minutes);
    expect(await shownUpgrade(emulator)).toMatchObject({ states: ["Completed", "Completed", "InProgress"] });
    expect(await healthAt(emulator, "/Applications/App/$/GetHealth")).toBe("Error");
    emulator.advance(10 * minutes);
    expect(await shownUpgrade(emulator)).toMatchObject({
      UpgradeState: "RollingBackCompleted",
      failedIn: "UD2",
    });
    expect(JSON.stringify(await progress(emulator))).toContain("It does not answer.");
    expect(await healthAt(emulator, "/Applications/App/$/GetHealth")).toBe("Ok");
  });

  it("stays after an upgrade that is not monitored, until the next one", async () => {
    const emulator = await deployed();
    emulator.setHealth(unhealthyWeb);
    const unmonitored = { ...monitored, RollingUpgradeMode: "UnmonitoredAuto" };
    await post(emulator, "/Applications/App/$/Upgrade", unmonitored);
    emulator.advance(minutes);
    expect(await shownUpgrade(emulator)).toMatchObject({ UpgradeState: "RollingForwardCompleted" });
    expect(await healthAt(emulator, "/Applications/App/$/GetHealth")).toBe("Error");
    // Version 1 is healthy, while it replaces version 2, too.
    await post(emulator, "/Applications/App/$/Upgrade", { ...monitored, TargetApplicationTypeVersion: "1" });
    emulator.advance(30 * minutes);
    expect(await shownUpgrade(emulator)).toMatchObject({ UpgradeState: "RollingForwardCompleted" });
    expect(await healthAt(emulator, "/Applications/App/$/GetHealth")).toBe("Ok");
  });

  it("can be a fault", async () => {
    const fault: Fault = { do: "report-health", operation: "StartApplicationUpgrade", ...unhealthyWeb };
    const fired: string[] = [];
    const emulator = await deployed({
      faults: [fault],
      onFault: ({ url }: { url: string }) => fired.push(url),
    });
    expect(fired).toEqual([]);
    await post(emulator, "/Applications/App/$/Upgrade", monitored);
    expect(fired).toHaveLength(1);
    emulator.advance(30 * minutes);
    expect(await shownUpgrade(emulator)).toMatchObject({ UpgradeState: "RollingBackCompleted" });
  });
});

describe("the cluster of the options", () => {
  it("has as many upgrade domains, and upgrades that much faster", async () => {
    const emulator = await deployed({ upgradeDomains: 5, upgradeSpeed: 60 });
    await post(emulator, "/Applications/App/$/Upgrade", monitored);
    // Each domain takes a second, and 2 minutes of good health.
    emulator.advance((2 * 121_000) / 60 + 50);
    expect(await shownUpgrade(emulator)).toMatchObject({
      states: ["Completed", "Completed", "InProgress", "Pending", "Pending"],
    });
    emulator.advance((3 * 121_000) / 60);
    expect(await shownUpgrade(emulator)).toMatchObject({ UpgradeState: "RollingForwardCompleted" });
  });
});

describe("requests that report health", () => {
  const error = { SourceId: "Watchdog", Property: "Ping", HealthState: "Error", Description: "Down" };

  it.each([
    ["/Applications/App", "/Applications/App/$/GetHealth"],
    ["/Services/App~Web", "/Applications/App/$/GetHealth"],
    ["/Nodes/_Node_2", "/$/GetClusterHealth"],
    ["/$/ReportClusterHealth", "/$/GetClusterHealth"],
  ])("set that of %s", async (path, shownAt) => {
    const emulator = await deployed();
    const url = path.startsWith("/$/") ? path : `${path}/$/ReportHealth`;
    // As sfctl sends it.
    const body = { ...error, TimeToLiveInMilliSeconds: null, RemoveWhenExpired: false, SequenceNumber: null };
    expect(await post(emulator, url, body)).toMatchObject({ status: 200, text: "" });
    expect(await healthAt(emulator, shownAt)).toBe("Error");
    // A report replaces the one with the same source and property.
    await post(emulator, url, { ...error, HealthState: "Ok" });
    expect(await healthAt(emulator, shownAt)).toBe("Ok");
  });

  it.each([
    ["/Applications/B", error, 404, "FABRIC_E_HEALTH_ENTITY_NOT_FOUND"],
    ["/Services/App~Api", error, 404, "FABRIC_E_HEALTH_ENTITY_NOT_FOUND"],
    ["/Nodes/_Node_3", error, 404, "FABRIC_E_HEALTH_ENTITY_NOT_FOUND"],
    ["/Applications/App", { ...error, HealthState: "Invalid" }, 400, "E_INVALIDARG"],
    ["/Applications/App", { ...error, SourceId: undefined }, 400, "E_INVALIDARG"],
    ["/Applications/App", { ...error, Property: "" }, 400, "E_INVALIDARG"],
  ])("are refused for %s with %j", async (path, body, status, code) => {
    const emulator = await deployed();
    expect(await post(emulator, `${path}/$/ReportHealth`, body)).toMatchObject({ status, code });
  });
});
