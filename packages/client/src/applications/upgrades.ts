import type { Schemas } from "@sf-image-store/types/applications";
import { requireInteger } from "../http/retry.js";
import { decodeAnswer, expectNoContent, wireList, wireObject, wireString } from "../wire/answer.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import { type ApplicationOptions, applicationOptionNames } from "./applications.js";
import { decodeEvaluations, type HealthEvaluation, wireDateIfAny } from "./health.js";
import { type ApplicationHealthPolicy, encodeHealthPolicy } from "./health-operations.js";
import {
  applicationPath,
  defined,
  durationText,
  parameterList,
  type Requests,
  requireBoolean,
  requireOneOf,
  requireText,
  wireDuration,
  wireParameters,
} from "./request.js";

/** How far an upgrade is. `RollingForwardPending` waits for `resumeApplicationUpgrade`. */
export type UpgradeState = Schemas["UpgradeState"];

/**
 * How an upgrade moves to the next upgrade domain: `Monitored` after health checks, `UnmonitoredAuto` without them,
 * `UnmonitoredManual` when `resumeApplicationUpgrade` says so.
 */
export type UpgradeMode = "Monitored" | "UnmonitoredAuto" | "UnmonitoredManual";

/** How a monitored upgrade checks health. All times are in milliseconds; `Infinity` means no limit. */
export interface MonitoringPolicy {
  /** `Rollback` goes back to the old version, `Manual` waits for the caller. @default "Manual", applied by the server */
  readonly failureAction?: "Rollback" | "Manual";
  /** How long to wait after an upgrade domain is complete before its health is checked. @default 0 */
  readonly healthCheckWaitMs?: number;
  /** How long an upgrade domain must stay healthy before the next one starts. @default 120000 */
  readonly healthCheckStableMs?: number;
  /** How long to repeat failed health checks before the upgrade fails. @default 600000 */
  readonly healthCheckRetryMs?: number;
  /** How long the whole upgrade may take. @default no limit */
  readonly upgradeTimeoutMs?: number;
  /** How long an upgrade domain may take. @default no limit */
  readonly upgradeDomainTimeoutMs?: number;
}

export interface UpgradeSettings extends ApplicationOptions {
  /** Whether processes restart although their code did not change. @default false */
  readonly forceRestart?: boolean;
  /** How a monitored upgrade checks health, and what it does on a failure. @default the defaults of MonitoringPolicy */
  readonly monitoring?: MonitoringPolicy;
  /** When the application is healthy. @default the policy in the application manifest */
  readonly healthPolicy?: ApplicationHealthPolicy;
  /** How long to wait until partitions are safe before the upgrade continues, in seconds, 0 to 4294967295. @default no limit */
  readonly replicaSetCheckTimeoutSeconds?: number;
}

export interface StartUpgradeOptions extends UpgradeSettings {
  /** The version to upgrade to. It must be available. */
  readonly typeVersion: string;
  /** Replace all parameters of the application. Parameters that are missing here get the default values of the manifest. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** @default "Monitored" */
  readonly mode?: UpgradeMode;
}

export interface UpdateUpgradeOptions extends UpgradeSettings {
  /** Required by the server. */
  readonly mode: UpgradeMode;
}

export interface ResumeUpgradeOptions extends ApplicationOptions {
  /** The `nextUpgradeDomain` of the progress. */
  readonly upgradeDomain: string;
}

export interface UpgradeDomainProgress {
  readonly upgradeDomain: string;
  readonly nodes: readonly {
    readonly nodeName: string;
    readonly phase: Schemas["NodeUpgradePhase"];
    /** The kinds of the safety checks that the upgrade waits for. */
    readonly pendingSafetyChecks: readonly string[];
  }[];
}

/** Why and where an upgrade failed. */
export interface UpgradeFailure {
  readonly reason: Schemas["FailureReason"];
  readonly failedAt: Date;
  readonly progress: UpgradeDomainProgress | undefined;
}

/** The progress of the last upgrade of an application. */
export interface ApplicationUpgrade {
  readonly applicationName: string;
  readonly typeName: string;
  readonly targetTypeVersion: string;
  /** The parameters of the upgrade. Undefined if the cluster does not describe the upgrade. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
  readonly state: UpgradeState;
  readonly mode: Schemas["UpgradeMode"];
  readonly upgradeDomains: readonly {
    readonly name: string;
    readonly state: Schemas["UpgradeDomainState"];
  }[];
  /** Undefined if there is none. */
  readonly nextUpgradeDomain: string | undefined;
  /** Undefined if no upgrade domain is being upgraded. */
  readonly current: UpgradeDomainProgress | undefined;
  readonly durationMs: number;
  readonly upgradeDomainDurationMs: number;
  readonly startedAt: Date | undefined;
  /** Undefined if the upgrade did not fail. */
  readonly failure: UpgradeFailure | undefined;
  /** Why the application is unhealthy. `describeUnhealthyEvaluations` puts it into words. */
  readonly unhealthyEvaluations: readonly HealthEvaluation[];
  /** Undefined if there are none. */
  readonly statusDetails: string | undefined;
}

/** Upgrades of applications. */
export interface UpgradeOperations {
  /**
   * Starts an upgrade to another version, or to other parameters. Resolves when the cluster has accepted it. Fails with 409
   * `FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION` if nothing would change, and with 409
   * `FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS` if the same upgrade is in progress. Interrupts a different upgrade.
   */
  startApplicationUpgrade(options: StartUpgradeOptions): Promise<void>;

  /** Gets the progress of the last upgrade. */
  getApplicationUpgrade(options: ApplicationOptions): Promise<ApplicationUpgrade>;

  /** Continues an upgrade that waits, with the next upgrade domain. */
  resumeApplicationUpgrade(options: ResumeUpgradeOptions): Promise<void>;

  /** Starts to go back to the old version. Fails with 400 `FABRIC_E_APPLICATION_NOT_UPGRADING` without an upgrade. */
  rollbackApplicationUpgrade(options: ApplicationOptions): Promise<void>;

  /** Changes the settings of an upgrade in progress. */
  updateApplicationUpgrade(options: UpdateUpgradeOptions): Promise<void>;
}

const settingNames: OptionNames<UpdateUpgradeOptions> = {
  ...applicationOptionNames,
  ...{ mode: true, forceRestart: true, monitoring: true, healthPolicy: true },
  replicaSetCheckTimeoutSeconds: true,
};

const startNames: OptionNames<StartUpgradeOptions> = { ...settingNames, typeVersion: true, parameters: true };

const monitoringNames: OptionNames<MonitoringPolicy> = {
  ...{ failureAction: true, healthCheckWaitMs: true, healthCheckStableMs: true, healthCheckRetryMs: true },
  ...{ upgradeTimeoutMs: true, upgradeDomainTimeoutMs: true },
};

export function upgradeOperations(requests: Requests): UpgradeOperations {
  return {
    async startApplicationUpgrade(options) {
      requireOptions("startApplicationUpgrade", options, startNames);
      const { applicationName, mode = "Monitored", monitoring, healthPolicy } = options;
      const path = applicationPath(applicationName, requests);
      const body = {
        Name: applicationName,
        TargetApplicationTypeVersion: requireText("typeVersion", options.typeVersion),
        UpgradeKind: "Rolling",
        RollingUpgradeMode: requireMode(mode),
        ...defined({
          Parameters: parameterList("parameters", options.parameters),
          ForceRestart: requireBoolean("forceRestart", options.forceRestart),
          UpgradeReplicaSetCheckTimeoutInSeconds: checkTimeout(options),
          MonitoringPolicy: monitoring && encodeMonitoring(monitoring),
          ApplicationHealthPolicy: healthPolicy && encodeHealthPolicy("healthPolicy", healthPolicy),
        }),
      };
      expectNoContent(await requests.once("StartApplicationUpgrade", options, { path, body }));
    },

    async getApplicationUpgrade(options) {
      requireOptions("getApplicationUpgrade", options, applicationOptionNames);
      const path = applicationPath(options.applicationName, requests);
      return requests.read("GetApplicationUpgrade", options, { path }, (answer) =>
        decodeAnswer(answer, decodeUpgrade),
      );
    },

    async resumeApplicationUpgrade(options) {
      requireOptions("resumeApplicationUpgrade", options, { ...applicationOptionNames, upgradeDomain: true });
      const path = applicationPath(options.applicationName, requests);
      const body = { UpgradeDomainName: requireText("upgradeDomain", options.upgradeDomain) };
      expectNoContent(await requests.once("ResumeApplicationUpgrade", options, { path, body }));
    },

    async rollbackApplicationUpgrade(options) {
      requireOptions("rollbackApplicationUpgrade", options, applicationOptionNames);
      const path = applicationPath(options.applicationName, requests);
      expectNoContent(await requests.once("RollbackApplicationUpgrade", options, { path }));
    },

    async updateApplicationUpgrade(options) {
      requireOptions("updateApplicationUpgrade", options, settingNames);
      const { applicationName, mode, monitoring = {}, healthPolicy } = options;
      const path = applicationPath(applicationName, requests);
      const seconds = checkTimeout(options);
      const body = {
        Name: applicationName,
        UpgradeKind: "Rolling",
        UpdateDescription: {
          RollingUpgradeMode: requireMode(mode),
          ...encodeMonitoring(monitoring),
          ...defined({
            ForceRestart: requireBoolean("forceRestart", options.forceRestart),
            ReplicaSetCheckTimeoutInMilliseconds: seconds === undefined ? undefined : seconds * 1000,
          }),
        },
        ...defined({
          ApplicationHealthPolicy: healthPolicy && encodeHealthPolicy("healthPolicy", healthPolicy),
        }),
      };
      expectNoContent(await requests.once("UpdateApplicationUpgrade", options, { path, body }));
    },
  };
}

function requireMode(mode: UpgradeMode): UpgradeMode {
  // An update must have a mode.
  requireText("mode", mode);
  return requireOneOf("mode", mode, ["Monitored", "UnmonitoredAuto", "UnmonitoredManual"]);
}

function checkTimeout({ replicaSetCheckTimeoutSeconds: seconds }: UpgradeSettings): number | undefined {
  if (seconds !== undefined) requireInteger("replicaSetCheckTimeoutSeconds", seconds, 0, 2 ** 32 - 1);
  return seconds;
}

/** Throws InvalidInputError for an invalid policy. */
export function encodeMonitoring(policy: MonitoringPolicy): Schemas["MonitoringPolicyDescription"] {
  requireOptions("monitoring", policy, monitoringNames, "monitoring");
  const duration = (name: Exclude<keyof MonitoringPolicy, "failureAction">) =>
    durationText(`monitoring.${name}`, policy[name]);
  return defined({
    FailureAction: requireOneOf("monitoring.failureAction", policy.failureAction, ["Rollback", "Manual"]),
    HealthCheckWaitDurationInMilliseconds: duration("healthCheckWaitMs"),
    HealthCheckStableDurationInMilliseconds: duration("healthCheckStableMs"),
    HealthCheckRetryTimeoutInMilliseconds: duration("healthCheckRetryMs"),
    UpgradeTimeoutInMilliseconds: duration("upgradeTimeoutMs"),
    UpgradeDomainTimeoutInMilliseconds: duration("upgradeDomainTimeoutMs"),
  });
}

function decodeUpgrade(wire: Schemas["ApplicationUpgradeProgressInfo"]): ApplicationUpgrade {
  const { UpgradeDescription: description } = wire;
  const failedAt = wireDateIfAny("FailureTimestampUtc", wire.FailureTimestampUtc);
  const reason = wireString("FailureReason", wire.FailureReason);
  const next = wireString("NextUpgradeDomain", wire.NextUpgradeDomain);
  const details = wireString("UpgradeStatusDetails", wire.UpgradeStatusDetails);
  return {
    applicationName: wireString("Name", wire.Name),
    typeName: wireString("TypeName", wire.TypeName),
    targetTypeVersion: wireString("TargetApplicationTypeVersion", wire.TargetApplicationTypeVersion),
    parameters: description == null ? undefined : wireParameters("Parameters", description.Parameters ?? []),
    state: wireString("UpgradeState", wire.UpgradeState),
    mode: wireString("RollingUpgradeMode", wire.RollingUpgradeMode),
    upgradeDomains: wireList("UpgradeDomains", wire.UpgradeDomains).map(({ Name, State }) => ({
      name: wireString("Name", Name),
      state: wireString("State", State),
    })),
    nextUpgradeDomain: next === "" ? undefined : next,
    current: decodeProgress("CurrentUpgradeDomainProgress", wire.CurrentUpgradeDomainProgress),
    durationMs: wireDuration("UpgradeDurationInMilliseconds", wire.UpgradeDurationInMilliseconds),
    upgradeDomainDurationMs: wireDuration("the duration", wire.UpgradeDomainDurationInMilliseconds),
    startedAt: wireDateIfAny("StartTimestampUtc", wire.StartTimestampUtc),
    failure: failedAt && {
      reason,
      failedAt,
      progress: decodeProgress("UpgradeDomainProgressAtFailure", wire.UpgradeDomainProgressAtFailure),
    },
    unhealthyEvaluations: decodeEvaluations(wire.UnhealthyEvaluations),
    statusDetails: details === "" ? undefined : details,
  };
}

function decodeProgress(
  property: string,
  value: Schemas["CurrentUpgradeDomainProgressInfo"],
): UpgradeDomainProgress | undefined {
  const wire = wireObject(property, value);
  const upgradeDomain = wireString("DomainName", wire.DomainName);
  if (upgradeDomain === "") return undefined;
  return {
    upgradeDomain,
    nodes: wireList("NodeUpgradeProgressList", wire.NodeUpgradeProgressList).map((node) => ({
      nodeName: wireString("NodeName", node.NodeName),
      phase: wireString("UpgradePhase", node.UpgradePhase),
      pendingSafetyChecks: wireList("PendingSafetyChecks", node.PendingSafetyChecks).map(({ SafetyCheck }) =>
        wireString("Kind", wireObject("SafetyCheck", SafetyCheck).Kind),
      ),
    })),
  };
}
