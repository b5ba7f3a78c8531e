import type { Schemas } from "@sf-image-store/types/applications";
import type { SentProvision } from "../applications/cluster-manager.js";
import type { CreateRequest } from "../applications/machine.js";
import type {
  HealthPolicy,
  HealthReport,
  MonitoringPolicy,
  Parameter,
  UpgradeMode,
  UpgradePlan,
} from "../applications/state.js";
import { parseDuration } from "../applications/views.js";
import { FabricError } from "../wire/fabric-error.js";

type Members = Readonly<Record<string, unknown>>;

/** Reads a JSON object. Members that are null count as absent (deploy-flow §1.2). @throws FabricError `E_INVALIDARG` */
export function readBody(body: Buffer): Members {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new FabricError("E_INVALIDARG", "The body is not valid JSON.", { cause: error });
  }
  return membersOf(value, "The body");
}

function membersOf(value: unknown, what: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FabricError("E_INVALIDARG", `${what} must be an object.`);
  }
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function text(members: Members, name: string): string | undefined {
  const value = members[name];
  if (value === undefined || typeof value === "string") return value;
  throw new FabricError("E_INVALIDARG", `${name} must be a string.`);
}

function requiredText(members: Members, name: string): string {
  const value = text(members, name) ?? "";
  if (value === "") throw new FabricError("E_INVALIDARG", `${name} is missing.`);
  return value;
}

function flag(members: Members, name: string): boolean {
  const value = members[name] ?? false;
  if (typeof value === "boolean") return value;
  throw new FabricError("E_INVALIDARG", `${name} must be true or false.`);
}

function parameters(value: unknown): readonly Parameter[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new FabricError("E_INVALIDARG", "The parameters must be an array.");
  return value.map((each) => {
    const members = membersOf(each, "A parameter");
    return { Key: requiredText(members, "Key"), Value: text(members, "Value") ?? "" };
  });
}

/** Reads a request to register a type: flat up to api-version 6.0, by `Kind` above (deploy-flow §2 "Provision"). */
export function readProvision(body: Buffer, apiVersion: number): SentProvision {
  const members = readBody(body);
  const kind = text(members, "Kind");
  if (apiVersion > 6 && kind !== "ImageStorePath" && kind !== "ExternalStore") {
    throw new FabricError("E_INVALIDARG", "Kind must be ImageStorePath or ExternalStore.");
  }
  const path = text(members, "ApplicationTypeBuildPath") ?? "";
  const uri = text(members, "ApplicationPackageDownloadUri") ?? "";
  if ((path === "") === (uri === "")) {
    throw new FabricError(
      "E_INVALIDARG",
      "Either ApplicationTypeBuildPath or ApplicationPackageDownloadUri is required.",
    );
  }
  const isAsync = flag(members, "Async");
  if (uri !== "") {
    if (!/^https?:\/\//i.test(uri))
      throw new FabricError("E_INVALIDARG", "The download URI must be http or https.");
    if (!/\.sfpkg$/i.test(uri.split(/[?#]/, 1)[0] ?? "")) {
      throw new FabricError("E_INVALIDARG", "The download URI must end with .sfpkg.");
    }
    const name = requiredText(members, "ApplicationTypeName");
    const version = requiredText(members, "ApplicationTypeVersion");
    return { name, version, isAsync, source: { kind: "download", uri } };
  }
  const isRemovedAfterwards = text(members, "ApplicationPackageCleanupPolicy") === "Automatic";
  return { isAsync, source: { kind: "image-store", path, isRemovedAfterwards } };
}

export function readUnprovision(body: Buffer): { readonly version: string; readonly isAsync: boolean } {
  const members = readBody(body);
  return { version: requiredText(members, "ApplicationTypeVersion"), isAsync: flag(members, "Async") };
}

export function readCreate(body: Buffer): CreateRequest {
  const members = readBody(body);
  return {
    name: requiredText(members, "Name"),
    typeName: requiredText(members, "TypeName"),
    version: requiredText(members, "TypeVersion"),
    parameters: parameters(members["ParameterList"]),
  };
}

/** Reads an upgrade. The application is the one in the body (deploy-flow §2 "Upgrade"). */
export function readUpgrade(body: Buffer): { readonly name: string; readonly plan: UpgradePlan } {
  const members = readBody(body);
  const name = requiredText(members, "Name");
  const version = requiredText(members, "TargetApplicationTypeVersion");
  const given = parameters(members["Parameters"]);
  const mode = readMode(text(members, "RollingUpgradeMode") ?? "UnmonitoredAuto");
  const monitoring = readMonitoring(members["MonitoringPolicy"], defaultMonitoring);
  const healthPolicy = readHealthPolicy(members["ApplicationHealthPolicy"]);
  const description: Schemas["ApplicationUpgradeDescription"] = {
    ...members,
    Name: name,
    TargetApplicationTypeVersion: version,
    Parameters: [...given],
    UpgradeKind: text(members, "UpgradeKind") ?? "Rolling",
    RollingUpgradeMode: mode,
  };
  return { name, plan: { version, parameters: given, mode, monitoring, healthPolicy, description } };
}

/** Reads an update of an upgrade, which keeps what it does not mention. */
export function readUpdate(body: Buffer, plan: UpgradePlan): UpgradePlan {
  const members = readBody(body);
  const update = membersOf(members["UpdateDescription"] ?? {}, "UpdateDescription");
  const policy = members["ApplicationHealthPolicy"];
  const mode = readMode(text(update, "RollingUpgradeMode") ?? plan.mode);
  const healthPolicy = policy === undefined ? plan.healthPolicy : readHealthPolicy(policy);
  const sent = (names: readonly string[]) =>
    Object.fromEntries(Object.entries(update).filter(([name]) => names.includes(name)));
  const checkTimeout = text(update, "ReplicaSetCheckTimeoutInMilliseconds");
  const checkTimeoutMs = checkTimeout === undefined ? undefined : parseDuration(checkTimeout);
  const description: Schemas["ApplicationUpgradeDescription"] = {
    ...plan.description,
    ...sent(["ForceRestart", "InstanceCloseDelayDurationInSeconds"]),
    RollingUpgradeMode: mode,
    MonitoringPolicy: { ...plan.description.MonitoringPolicy, ...sent(monitoringMembers) },
    ...(policy === undefined ? {} : { ApplicationHealthPolicy: healthPolicy }),
    ...(checkTimeoutMs === undefined
      ? {}
      : { UpgradeReplicaSetCheckTimeoutInSeconds: Math.trunc(checkTimeoutMs / 1000) }),
  };
  return { ...plan, mode, healthPolicy, monitoring: readMonitoring(update, plan.monitoring), description };
}

const monitoringMembers = [
  "FailureAction",
  "HealthCheckWaitDurationInMilliseconds",
  "HealthCheckStableDurationInMilliseconds",
  "HealthCheckRetryTimeoutInMilliseconds",
  "UpgradeTimeoutInMilliseconds",
  "UpgradeDomainTimeoutInMilliseconds",
];

function readMode(mode: string): UpgradeMode {
  if (mode === "Monitored" || mode === "UnmonitoredAuto" || mode === "UnmonitoredManual") return mode;
  throw new FabricError("E_INVALIDARG", `The emulator does not support the upgrade mode ${mode}.`);
}

/** The largest number of milliseconds that is exact, because JSON has no infinity. */
const forever = Number.MAX_SAFE_INTEGER;

/** The defaults of the cluster (RollingUpgradeMonitoringPolicy.cpp:14-22). */
const defaultMonitoring: MonitoringPolicy = {
  failureAction: "Manual",
  waitMs: 0,
  stableMs: 120_000,
  retryMs: 600_000,
  upgradeTimeoutMs: forever,
  domainTimeoutMs: forever,
};

function readMonitoring(value: unknown, before: MonitoringPolicy): MonitoringPolicy {
  const members = membersOf(value ?? {}, "MonitoringPolicy");
  const action = text(members, "FailureAction") ?? before.failureAction;
  if (action !== "Rollback" && action !== "Manual") {
    const message = "FailureAction must be Rollback or Manual.";
    throw new FabricError("FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR", message);
  }
  const duration = (name: string, otherwise: number) => {
    const sent = text(members, `${name}InMilliseconds`);
    const ms = sent === undefined ? otherwise : parseDuration(sent);
    if (ms === undefined) throw new FabricError("E_INVALIDARG", `${name}InMilliseconds is not a duration.`);
    return Math.min(ms, forever);
  };
  return {
    failureAction: action,
    waitMs: duration("HealthCheckWaitDuration", before.waitMs),
    stableMs: duration("HealthCheckStableDuration", before.stableMs),
    retryMs: duration("HealthCheckRetryTimeout", before.retryMs),
    upgradeTimeoutMs: duration("UpgradeTimeout", before.upgradeTimeoutMs),
    domainTimeoutMs: duration("UpgradeDomainTimeout", before.domainTimeoutMs),
  };
}

export function readHealthPolicy(value: unknown): HealthPolicy {
  return value === undefined || value === null ? {} : membersOf(value, "The health policy");
}

/** Reads what a report says. Its time to live and its sequence number have no effect here. */
export function readHealthInformation(body: Buffer): Omit<HealthReport, "application" | "service" | "node"> {
  const members = readBody(body);
  const state = requiredText(members, "HealthState");
  if (state !== "Ok" && state !== "Warning" && state !== "Error")
    throw new FabricError("E_INVALIDARG", "HealthState must be Ok, Warning or Error.");
  const sourceId = requiredText(members, "SourceId");
  const property = requiredText(members, "Property");
  return { state, sourceId, property, description: text(members, "Description") ?? "" };
}
