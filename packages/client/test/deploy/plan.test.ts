import { describe, expect, it } from "vitest";
import type { Application, ApplicationType, ApplicationUpgrade } from "../../src/applications/index.js";
import {
  type ClusterView,
  type DeployHistory,
  type DeployTarget,
  nextStep,
  parametersToSend,
} from "../../src/node/deploy/plan.js";

const target: DeployTarget = {
  ...{ applicationName: "fabric:/A", typeName: "T", typeVersion: "2", parameters: {} },
  whenUpgrading: "wait",
};

const type: ApplicationType = {
  ...{ typeName: "T", typeVersion: "2", status: "Available", statusDetails: undefined },
  ...{ defaultParameters: { P: "1", Q: "" }, definitionKind: "ServiceFabricApplicationPackage" },
};

const application = (typeVersion: string, change: Partial<Application> = {}): Application => ({
  ...{ applicationName: "fabric:/A", typeName: "T", typeVersion, status: "Ready", healthState: "Ok" },
  ...{ parameters: {}, definitionKind: "ServiceFabricApplicationDescription" },
  ...change,
});

const startedAt = new Date("2026-11-27T12:00:00Z");
const later = new Date("2026-11-27T13:00:00Z");

const upgrade = (
  state: ApplicationUpgrade["state"],
  change: Partial<ApplicationUpgrade> = {},
): ApplicationUpgrade => ({
  ...{ applicationName: "fabric:/A", typeName: "T", targetTypeVersion: "2", parameters: {}, state },
  ...{ mode: "Monitored", upgradeDomains: [], nextUpgradeDomain: undefined, current: undefined },
  ...{ durationMs: 0, upgradeDomainDurationMs: 0, startedAt, failure: undefined },
  ...{ unhealthyEvaluations: [], statusDetails: undefined },
  ...change,
});

const none: DeployHistory = {
  ...{ provision: undefined, create: undefined, upgrade: undefined },
  ...{ isProved: true, wasUpgrading: false, wasReached: false },
};
const sent = (before: Date | undefined) => ({ upgrade: { isAnswered: true, before } });
const lost = (before: Date | undefined) => ({ upgrade: { isAnswered: false, before } });
const paused = { mode: "UnmonitoredManual", nextUpgradeDomain: "UD1" } as const;
const failed = {
  ...paused,
  failure: { reason: "HealthCheck", failedAt: later, progress: undefined },
} as const;
const to3 = { targetTypeVersion: "3" } as const;
const ended = upgrade("RollingForwardCompleted", { targetTypeVersion: "1" });

type Row = readonly [string, Partial<ClusterView>, Partial<DeployHistory>, string, Partial<DeployTarget>?];

/** What the cluster shows, what this deployment did, and what it does next. */
const rows: readonly Row[] = [
  ["no version", { type: undefined }, {}, "provision"],
  ["a version in progress", { type: { ...type, status: "Provisioning" } }, {}, "wait provision"],
  ["a version that is being removed", { type: { ...type, status: "Unprovisioning" } }, {}, "wait provision"],
  ["a version that failed before", { type: { ...type, status: "Failed" } }, {}, "provision"],
  [
    "a version that failed after the request",
    { type: { ...type, status: "Failed" } },
    { provision: { isAnswered: true, before: "Failed" } },
    "fail provision-failed",
  ],
  [
    "a version that failed, and was absent before a request with a lost response",
    { type: { ...type, status: "Failed" } },
    { provision: { isAnswered: false, before: undefined } },
    "fail provision-failed",
  ],
  [
    "a version that failed, before and after a request with a lost response",
    { type: { ...type, status: "Failed" } },
    { provision: { isAnswered: false, before: "Failed" } },
    "provision",
  ],
  ["a version with unknown content", {}, { isProved: false }, "prove"],
  ["no application", {}, {}, "create"],
  ["no application any more", {}, { wasReached: true }, "fail superseded"],
  [
    "an application of another type",
    { application: application("1", { typeName: "U" }), type: undefined },
    {},
    "fail different-type",
  ],
  [
    "an application that is being created",
    { application: application("2", { status: "Creating" }) },
    {},
    "wait create",
  ],
  [
    "an application that is being deleted",
    { application: application("2", { status: "Deleting" }) },
    {},
    "wait create",
  ],
  [
    "an application that could not be created before",
    { application: application("2", { status: "Failed" }) },
    {},
    "create",
  ],
  [
    "an application that could not be created",
    { application: application("2", { status: "Failed" }) },
    { create: { isAnswered: true, before: undefined } },
    "fail refused",
  ],
  [
    "the version",
    { application: application("2"), upgrade: upgrade("RollingForwardCompleted") },
    {},
    "check-health",
  ],
  [
    "the version with other parameters",
    { application: application("2", { parameters: { P: "5" } }), upgrade: ended },
    {},
    "upgrade",
  ],
  [
    "the version with parameters like the default",
    { application: application("2", { parameters: { P: "1" } }), upgrade: ended },
    {},
    "check-health",
  ],
  [
    "the version with parameters that are kept",
    { application: application("2", { parameters: { P: "5" } }), upgrade: ended },
    {},
    "check-health",
    { parameters: undefined },
  ],
  ["another version", { application: application("1"), upgrade: ended }, {}, "upgrade"],
  [
    "another version, after a request that did not arrive",
    { application: application("1"), upgrade: ended },
    lost(startedAt),
    "upgrade",
  ],
  [
    "another version and a rollback that began after a request with a lost response",
    { application: application("1"), upgrade: upgrade("RollingBackCompleted", { startedAt: later }) },
    lost(startedAt),
    "fail rolled-back",
  ],
  [
    "another version and an old rollback",
    { application: application("1"), upgrade: upgrade("RollingBackCompleted") },
    {},
    "upgrade",
  ],
  [
    "another version and a rollback",
    { application: application("1"), upgrade: upgrade("RollingBackCompleted") },
    sent(undefined),
    "fail rolled-back",
  ],
  [
    "another version and a failed upgrade",
    { application: application("1"), upgrade: upgrade("Failed") },
    { wasUpgrading: true },
    "fail rolled-back",
  ],
  [
    "another version, after the goal",
    { application: application("3"), upgrade: ended },
    { wasReached: true },
    "fail superseded",
  ],
  [
    "another version, after the upgrade",
    { application: application("3"), upgrade: upgrade("RollingForwardCompleted", to3) },
    sent(startedAt),
    "fail superseded",
  ],
  ["the upgrade in progress", { upgrade: upgrade("RollingForwardInProgress") }, {}, "wait upgrade"],
  [
    "the upgrade before an upgrade domain",
    { upgrade: upgrade("RollingForwardPending", paused) },
    {},
    "confirm",
  ],
  [
    "the upgrade after a failure",
    { upgrade: upgrade("RollingForwardPending", failed) },
    {},
    "fail upgrade-paused",
  ],
  ["the upgrade between upgrade domains", { upgrade: upgrade("RollingForwardPending") }, {}, "wait upgrade"],
  [
    "the upgrade on its way back",
    { upgrade: upgrade("RollingBackInProgress", { targetTypeVersion: "1" }) },
    sent(undefined),
    "wait upgrade",
  ],
  ["another upgrade", { upgrade: upgrade("RollingForwardInProgress", to3) }, {}, "wait upgrade"],
  [
    "another upgrade, to replace",
    { upgrade: upgrade("RollingForwardInProgress", to3) },
    {},
    "upgrade",
    { whenUpgrading: "replace" },
  ],
  [
    "another upgrade, to fail",
    { upgrade: upgrade("RollingForwardInProgress", to3) },
    {},
    "fail upgrade-in-progress",
    { whenUpgrading: "fail" },
  ],
  [
    "another upgrade that waits for a decision",
    { upgrade: upgrade("RollingForwardPending", { ...to3, ...paused }) },
    {},
    "fail upgrade-in-progress",
  ],
  [
    "another upgrade, after this one",
    { upgrade: upgrade("RollingForwardInProgress", to3) },
    { wasUpgrading: true },
    "fail superseded",
  ],
  [
    "another upgrade with other parameters",
    { upgrade: upgrade("RollingForwardInProgress", { parameters: { P: "7" } }) },
    {},
    "wait upgrade",
  ],
  ["a rollback of something else", { upgrade: upgrade("RollingBackInProgress") }, {}, "wait upgrade"],
  [
    "an application that begins to upgrade",
    { application: application("1", { status: "Upgrading" }), upgrade: ended },
    {},
    "wait upgrade",
  ],
];

describe("A deployment that sees", () => {
  it.each(rows.map((row) => ({ name: row[0], row })))("$name", ({ row }) => {
    const [, view, history, expected, change = {}] = row;
    const isUpgrading = view.upgrade !== undefined && view.application === undefined;
    const all: ClusterView = {
      ...{ type, upgrade: undefined },
      application: isUpgrading ? application("1", { status: "Upgrading" }) : undefined,
      ...view,
    };
    const step = nextStep({ ...target, ...change }, all, { ...none, ...history });
    const detail = step.do === "wait" ? ` ${step.phase}` : step.do === "fail" ? ` ${step.reason}` : "";
    expect(`${step.do}${detail}`).toBe(expected);
    if ("message" in step) expect(step.message).toMatch(/^[A-Z].*[.]$|^fabric:.*[.]$/);
  });

  it("parameters that the new version no longer has leaves them out", () => {
    const before = application("1", { parameters: { P: "5", Old: "1" } });
    expect(parametersToSend({ ...target, parameters: undefined }, type, before)).toEqual({ P: "5" });
    expect(parametersToSend(target, type, before)).toEqual({});
  });
});
