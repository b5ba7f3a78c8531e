import { describe, expect, it } from "vitest";
import { withReport } from "../src/applications/health.js";
import {
  beginCopying,
  beginProvision,
  createApplication,
  deleteApplication,
  failProvision,
  finishProvision,
  startUpgrade,
  unprovision,
  unusedParts,
} from "../src/applications/machine.js";
import {
  type ClusterState,
  emptyState,
  findApplication,
  findType,
  type HealthReport,
  defaultShape as shape,
  type TypeContent,
  type UpgradePlan,
  versionOnNode,
} from "../src/applications/state.js";
import {
  moveToNextDomain,
  nextDomain,
  observeHealth,
  rollBack,
  settle,
} from "../src/applications/upgrade.js";

const app = "fabric:/App";
const step = shape.upgradeDomainMs;

function content(parts: TypeContent["parts"] = {}): TypeContent {
  const services = [
    { name: "Web", typeName: "WebType", kind: "Stateless", hasPersistedState: false, manifestVersion: "1" },
  ] as const;
  return { manifest: "<ApplicationManifest/>", parameters: [{ Key: "P", Value: "1" }], services, parts };
}

function requestOf(version: string, isAsync = false) {
  return {
    name: "T",
    version,
    isAsync,
    source: { kind: "image-store", path: "pkg", isRemovedAfterwards: false },
  } as const;
}

function provisioned(state: ClusterState, version: string, parts?: TypeContent["parts"]): ClusterState {
  const begun = beginProvision(state, requestOf(version));
  return finishProvision(begun, begun.attempts, content(parts));
}

function created(state: ClusterState, version: string): ClusterState {
  const after = createApplication(state, { name: app, typeName: "T", version, parameters: [] });
  if (after === undefined) throw new Error("The version is not available.");
  return after;
}

function planTo(version: string, plan: Partial<UpgradePlan> = {}, monitoring = {}): UpgradePlan {
  const policy = {
    failureAction: "Rollback",
    waitMs: 100,
    stableMs: 200,
    retryMs: 1000,
    domainTimeoutMs: 60_000,
    upgradeTimeoutMs: 600_000,
    ...monitoring,
  } as const;
  const description = { Name: app, TargetApplicationTypeVersion: version, UpgradeKind: "Rolling" };
  return {
    version,
    parameters: [],
    mode: "Monitored",
    monitoring: policy,
    healthPolicy: {},
    description,
    ...plan,
  };
}

/** An application at version 1, with version 2 registered. */
const ready = created(provisioned(provisioned(emptyState, "1"), "2"), "1");

function upgrading(plan: UpgradePlan): ClusterState {
  return startUpgrade(ready, app, plan, 0);
}

function upgradeOf(state: ClusterState) {
  const upgrade = findApplication(state, app)?.upgrade;
  if (upgrade === undefined) throw new Error("There is no upgrade.");
  return upgrade;
}

/** `direction phase done`, such as `forward checking 1`. */
function at(state: ClusterState, now: number): string {
  const { direction, phase, done } = upgradeOf(settle(state, now, shape));
  return `${direction} ${phase} ${done}`;
}

function report(state: ClusterState, now: number, changes: Partial<HealthReport> = {}): ClusterState {
  const settled = settle(state, now, shape);
  return observeHealth(
    withReport(settled, { application: app, state: "Error", ...changes }, now),
    now,
    shape,
  );
}

function refusal(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

function expectRefusal(work: () => unknown, status: number, code: string): void {
  expect(refusal(work)).toMatchObject({ status, code });
}

describe("deploy-flow §2 Provision", () => {
  it("refuses a version that is complete", () => {
    expectRefusal(
      () => beginProvision(ready, requestOf("1")),
      409,
      "FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS",
    );
  });

  it("joins a pending registration", () => {
    const begun = beginProvision(emptyState, requestOf("1"));
    expect(beginProvision(begun, requestOf("1"))).toBe(begun);
    expect(findType(begun, "T", "1")?.status).toBe("Provisioning");
  });

  it("keeps an asynchronous failure with code and message, and starts again", () => {
    const begun = beginProvision(emptyState, requestOf("1", true));
    const error = { code: "FABRIC_E_FILE_NOT_FOUND", message: "No manifest." } as const;
    const failed = failProvision(begun, begun.attempts, error);
    expect(findType(failed, "T", "1")).toMatchObject({
      status: "Failed",
      details: "FABRIC_E_FILE_NOT_FOUND: No manifest.",
    });
    const again = beginProvision(failed, requestOf("1"));
    expect(findType(again, "T", "1")).toMatchObject({ status: "Provisioning", details: "", attempt: 2 });
  });

  it("removes the record of a synchronous failure", () => {
    const begun = beginProvision(emptyState, requestOf("1"));
    expect(failProvision(begun, 1, { code: "E_FAIL", message: "" }).types).toEqual([]);
  });

  it("remembers what a canceled or failed attempt has copied", () => {
    const begun = beginProvision(emptyState, requestOf("1"));
    const copying = beginCopying(begun, 1, ["a", "b"], content());
    const removals = [{ name: "T", stored: ["a", "b"] }];
    expect(unprovision(copying, "T", "1")).toMatchObject({ types: [], removals });
    const failed = failProvision(copying, 1, { code: "E_FAIL", message: "" });
    expect(failed).toMatchObject({ types: [], removals });
    expectRefusal(() => beginCopying(emptyState, 1, [], content()), 503, "E_ABORT");
  });

  it("removes only what no other version uses", () => {
    const copied = (state: ClusterState, version: string, stored: string[]) => {
      const begun = beginProvision(state, requestOf(version));
      return beginCopying(begun, begun.attempts, stored, content());
    };
    const both = copied(copied(emptyState, "1", ["a", "b"]), "2", ["b", "c"]);
    expect(unusedParts(both, { name: "T", stored: ["a", "b", "d"] })).toEqual(["d"]);
    expect(unusedParts(both, { name: "U", stored: ["a"] })).toEqual(["a"]);
  });

  it("refuses changed content under one version", () => {
    const first = provisioned(emptyState, "1", { "WebPkg.Manifest.1": "a" });
    expect(provisioned(first, "2", { "WebPkg.Manifest.1": "a", "WebPkg.Code.2": "b" }).types).toHaveLength(2);
    const change = () => provisioned(first, "2", { "WebPkg.Manifest.1": "b" });
    expectRefusal(change, 400, "FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR");
  });
});

describe("deploy-flow §2 Unprovision", () => {
  it("refuses an unknown version", () => {
    expectRefusal(() => unprovision(ready, "T", "3"), 404, "FABRIC_E_APPLICATION_TYPE_NOT_FOUND");
  });

  it("refuses a version in use, and the target of an unfinished upgrade", () => {
    expectRefusal(() => unprovision(ready, "T", "1"), 409, "FABRIC_E_APPLICATION_TYPE_IN_USE");
    expectRefusal(
      () => unprovision(upgrading(planTo("2")), "T", "2"),
      409,
      "FABRIC_E_APPLICATION_TYPE_IN_USE",
    );
    expect(unprovision(ready, "T", "2").types).toHaveLength(1);
  });

  it("cancels a registration under way", () => {
    const canceled = unprovision(beginProvision(emptyState, requestOf("1")), "T", "1");
    expect(finishProvision(canceled, 1, content()).types).toEqual([]);
  });
});

describe("deploy-flow §2 Create and Delete", () => {
  const create = (name: string, version: string, state = ready) =>
    createApplication(state, { name, typeName: "T", version, parameters: [] });

  it("refuses a bad name, an absent type, and an existing application", () => {
    expectRefusal(() => create("fabric:/fabric:/H3", "1"), 400, "FABRIC_E_INVALID_NAME_URI");
    expectRefusal(() => create("fabric:/B", "9"), 404, "FABRIC_E_APPLICATION_TYPE_NOT_FOUND");
    expectRefusal(() => create(app, "2"), 409, "FABRIC_E_APPLICATION_ALREADY_EXISTS");
  });

  it("waits for a version that is not available yet", () => {
    expect(create("fabric:/B", "3", beginProvision(ready, requestOf("3")))).toBeUndefined();
  });

  it("deletes an application under upgrade, and refuses an absent one", () => {
    const deleted = deleteApplication(upgrading(planTo("2")), app);
    expect(deleted.applications).toEqual([]);
    expectRefusal(() => deleteApplication(deleted, app), 404, "FABRIC_E_APPLICATION_NOT_FOUND");
  });
});

describe("deploy-flow §2 Upgrade", () => {
  it.each([
    ["an absent application", 404, "FABRIC_E_APPLICATION_NOT_FOUND", "fabric:/B", planTo("2")],
    ["an absent version", 404, "FABRIC_E_APPLICATION_TYPE_NOT_FOUND", app, planTo("9")],
    ["no change", 409, "FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION", app, planTo("1")],
    [
      "a domain timeout below the retries",
      400,
      "FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR",
      app,
      planTo("2", {}, { domainTimeoutMs: 1100 }),
    ],
    [
      "an upgrade timeout below that of a domain",
      400,
      "FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR",
      app,
      planTo("2", {}, { upgradeTimeoutMs: 50_000 }),
    ],
  ] as const)("refuses %s", (_, status, code, name, plan) => {
    expectRefusal(() => startUpgrade(ready, name, plan, 0), status, code);
  });

  it("takes the same version with other parameters", () => {
    const changed = startUpgrade(ready, app, planTo("1", { parameters: [{ Key: "P", Value: "2" }] }), 0);
    const done = settle(changed, 60_000, shape);
    expect(findApplication(done, app)?.parameters).toEqual([{ Key: "P", Value: "2" }]);
  });

  it("refuses the same upgrade while it is pending, whatever the order of its members", () => {
    const plan = planTo("2");
    const { version, ...others } = plan;
    for (const same of [plan, { ...others, version }]) {
      expectRefusal(
        () => startUpgrade(upgrading(plan), app, same, 1),
        409,
        "FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS",
      );
    }
  });

  it("takes other policies without starting over", () => {
    const pending = settle(upgrading(planTo("2")), step, shape);
    const policy = { ApplicationHealthPolicy: { ConsiderWarningAsError: true } };
    const plan = planTo("2", {
      healthPolicy: policy.ApplicationHealthPolicy,
      description: { ...planTo("2").description, ...policy },
    });
    const changed = startUpgrade(pending, app, plan, step);
    expect(at(changed, step)).toBe("forward checking 0");
    expect(upgradeOf(changed)).toMatchObject({ startedAt: 0, description: policy });
  });

  it("rolls back before it starts another upgrade", () => {
    const state = provisioned(ready, "3");
    const plan = planTo("2", { mode: "UnmonitoredAuto" });
    const pending = settle(startUpgrade(state, app, plan, 0), step, shape);
    const replaced = startUpgrade(pending, app, planTo("3", { mode: "UnmonitoredAuto" }), step);
    expect(upgradeOf(replaced)).toMatchObject({ version: "2", direction: "back" });
    expectRefusal(() => unprovision(replaced, "T", "3"), 409, "FABRIC_E_APPLICATION_TYPE_IN_USE");
    // Two domains have version 2.
    const next = settle(replaced, 3 * step, shape);
    expect(upgradeOf(next)).toMatchObject({ version: "3", direction: "forward", startedAt: 3 * step });
    expect(findApplication(settle(next, 6 * step, shape), app)).toMatchObject({ version: "3" });
    expect(findApplication(next, app)).not.toHaveProperty("goal");
  });

  it("ends as complete if the other upgrade leads back", () => {
    const replaced = startUpgrade(upgrading(planTo("2")), app, planTo("1"), 1);
    const ended = settle(replaced, 10 * step, shape);
    expect(upgradeOf(ended)).toMatchObject({
      version: "1",
      mode: "UnmonitoredAuto",
      direction: "forward",
      phase: "ended",
      done: 3,
    });
  });

  it("drops the other upgrade if a request rolls back", () => {
    const replaced = startUpgrade(provisioned(upgrading(planTo("2")), "3"), app, planTo("3"), 1);
    const ended = settle(rollBack(replaced, app, 2), 60_000, shape);
    expect(upgradeOf(ended)).toMatchObject({ version: "2", direction: "back", phase: "ended" });
  });

  it("goes through the domains, with the old version until the end", () => {
    const started = upgrading(planTo("2", { mode: "UnmonitoredAuto" }));
    expect([0, step, 2 * step, 3 * step].map((now) => at(started, now))).toEqual([
      "forward replacing 0",
      "forward replacing 1",
      "forward replacing 2",
      "forward ended 3",
    ]);
    const between = findApplication(settle(started, step, shape), app);
    expect(between?.version).toBe("1");
    expect(between && [0, 1, 2].map((domain) => versionOnNode(between, domain))).toEqual(["2", "1", "1"]);
    expect(findApplication(settle(started, 3 * step, shape), app)?.version).toBe("2");
  });

  it("waits for a request before each domain in manual mode", () => {
    const started = settle(upgrading(planTo("2", { mode: "UnmonitoredManual" })), 10 * step, shape);
    expect(at(started, 10 * step)).toBe("forward waiting 1");
    expect(nextDomain(upgradeOf(started), shape)).toBe(1);
    const move = (domain: string) => moveToNextDomain(started, { name: app, domain }, 10 * step, shape);
    expectRefusal(() => move("UD0"), 500, "FABRIC_E_UPGRADE_DOMAIN_ALREADY_COMPLETED");
    expectRefusal(() => move("UD2"), 400, "E_INVALIDARG");
    expect(at(move("UD1"), 11 * step)).toBe("forward waiting 2");
  });

  it("refuses to roll back or to move on without an upgrade", () => {
    expectRefusal(() => rollBack(ready, app, 0), 400, "FABRIC_E_APPLICATION_NOT_UPGRADING");
    const move = () => moveToNextDomain(ready, { name: app, domain: "UD0" }, 0, shape);
    expectRefusal(move, 400, "FABRIC_E_APPLICATION_NOT_UPGRADING");
  });

  it("rolls back on request the domains that have the new version", () => {
    const interrupted = rollBack(
      settle(upgrading(planTo("2", { mode: "UnmonitoredAuto" })), step, shape),
      app,
      step,
    );
    expect(upgradeOf(interrupted).failure?.reason).toBe("Interrupted");
    expect([step, 2 * step, 3 * step].map((now) => at(interrupted, now))).toEqual([
      "back replacing 0",
      "back replacing 1",
      "back ended 3",
    ]);
    expect(findApplication(settle(interrupted, 3 * step, shape), app)?.version).toBe("1");
  });
});

describe("health checks of a monitored upgrade", () => {
  const started = upgrading(planTo("2"));
  const perDomain = step + 100 + 200;

  it("complete a domain after the wait and the stable time", () => {
    expect(at(started, step)).toBe("forward checking 0");
    expect(at(started, perDomain - 1)).toBe("forward checking 0");
    expect(at(started, perDomain)).toBe("forward replacing 1");
    expect(at(started, 3 * perDomain)).toBe("forward ended 3");
  });

  it("start the stable time again after a failure", () => {
    const unhealthy = report(started, step + 250);
    const healthy = report(unhealthy, step + 500, { state: "Ok" });
    expect(at(healthy, step + 699)).toBe("forward checking 0");
    expect(at(healthy, step + 700)).toBe("forward replacing 1");
  });

  it("roll back after the retries, with the reasons", () => {
    const failed = settle(report(started, 0, { version: "2", description: "It crashes." }), 60_000, shape);
    const { failure, direction, phase } = upgradeOf(failed);
    expect({ direction, phase }).toEqual({ direction: "back", phase: "ended" });
    expect(failure).toMatchObject({ at: step + 1100, reason: "HealthCheck", domain: 0 });
    expect(JSON.stringify(failure?.evaluations)).toContain("It crashes.");
    expect(findApplication(failed, app)?.version).toBe("1");
  });

  it("do not count a report on another version", () => {
    expect(at(report(started, 0, { version: "3" }), 3 * perDomain)).toBe("forward ended 3");
  });

  it("wait for a decision if the policy says so", () => {
    const manual = report(upgrading(planTo("2", {}, { failureAction: "Manual" })), 0);
    const { mode, phase, failure } = upgradeOf(settle(manual, 60_000, shape));
    expect({ mode, phase, reason: failure?.reason }).toEqual({
      mode: "UnmonitoredManual",
      phase: "waiting",
      reason: "HealthCheck",
    });
  });

  it.each([
    ["UpgradeDomainTimeout", { domainTimeoutMs: 1150, upgradeTimeoutMs: 600_000 }],
    ["OverallUpgradeTimeout", { domainTimeoutMs: 2000, upgradeTimeoutMs: 2000 }],
  ])("fail for %s", (reason, timeouts) => {
    const upgrade = upgradeOf(settle(upgrading(planTo("2", {}, timeouts)), 60_000, shape));
    expect(upgrade).toMatchObject({ direction: "back", phase: "ended", failure: { reason } });
  });

  it.each([
    ["a warning", { state: "Warning" }, {}, "forward ended 3"],
    ["a warning as an error", { state: "Warning" }, { ConsiderWarningAsError: true }, "back ended 3"],
    ["a service", { service: `${app}/Web` }, {}, "back ended 3"],
    [
      "a tolerated service",
      { service: `${app}/Web` },
      { DefaultServiceTypeHealthPolicy: { MaxPercentUnhealthyServices: 100 } },
      "forward ended 3",
    ],
    ["a node", { node: "_Node_1" }, {}, "back ended 3"],
    [
      "a tolerated node, rounded up",
      { node: "_Node_1" },
      { MaxPercentUnhealthyDeployedApplications: 10 },
      "forward ended 3",
    ],
  ] as const)("judge %s by the policy", (_, change, healthPolicy, expected) => {
    expect(at(report(upgrading(planTo("2", { healthPolicy })), 0, change), 60_000)).toBe(expected);
  });
});
