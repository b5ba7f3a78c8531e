import type { Schemas } from "@sf-image-store/types/applications";
import { evaluateApplication, serviceName, servicesOf } from "./health.js";
import {
  type Application,
  type ClusterShape,
  type ClusterState,
  domainName,
  isPending,
  nodeName,
  type TypeVersion,
  type Upgrade,
} from "./state.js";
import { nextDomain } from "./upgrade.js";

/** The ID in paths: the name without `fabric:/`, and `~` for `/`, from api-version 6.0 on (deploy-flow §1). */
function idOf(name: string): string {
  return name.replace(/^fabric:\//, "").replaceAll("/", "~");
}

/** The name for an ID in a path. */
export function nameOf(id: string): string {
  return `fabric:/${id.replaceAll("~", "/")}`;
}

export function describeType(type: TypeVersion, withoutParameters: boolean): Schemas["ApplicationTypeInfo"] {
  return {
    Name: type.name,
    Version: type.version,
    DefaultParameterList: withoutParameters ? [] : [...(type.content?.parameters ?? [])],
    Status: type.status,
    ...(type.details === "" ? {} : { StatusDetails: type.details }),
    ApplicationTypeDefinitionKind: "ServiceFabricApplicationPackage",
  };
}

export function describeApplication(
  state: ClusterState,
  application: Application,
  shape: ClusterShape,
  withoutParameters: boolean,
): Schemas["ApplicationInfo"] {
  return {
    Id: idOf(application.name),
    Name: application.name,
    TypeName: application.typeName,
    TypeVersion: application.version,
    Status: isPending(application.upgrade) ? "Upgrading" : "Ready",
    Parameters: withoutParameters ? [] : [...application.parameters],
    HealthState: evaluateApplication(state, application, shape).state,
    ApplicationDefinitionKind: "ServiceFabricApplicationDescription",
  };
}

export function describeServices(
  state: ClusterState,
  application: Application,
  shape: ClusterShape,
): Schemas["ServiceInfo"][] {
  const { services } = evaluateApplication(state, application, shape);
  return servicesOf(state, application).map((service) => {
    const name = serviceName(application, service);
    const common = {
      Id: idOf(name),
      Name: name,
      TypeName: service.typeName,
      ManifestVersion: service.manifestVersion,
      HealthState: services.find((each) => each.name === name)?.state ?? "Ok",
      ServiceStatus: isPending(application.upgrade) ? "Upgrading" : "Active",
      IsServiceGroup: false,
    } as const;
    return service.kind === "Stateless"
      ? { ...common, ServiceKind: "Stateless" }
      : { ...common, ServiceKind: "Stateful", HasPersistedState: service.hasPersistedState };
  });
}

const never = "0001-01-01T00:00:00.000Z";
const nothing = { DomainName: "", NodeUpgradeProgressList: [] };

/** The progress of the last upgrade. An application that was never upgraded has one, too (ClusterManagerReplica.cpp:3605-3625). */
export function describeUpgrade(
  { name, typeName, version, parameters, upgrade }: Application,
  shape: ClusterShape,
  now: number,
): Schemas["ApplicationUpgradeProgressInfo"] {
  if (upgrade === undefined) {
    return {
      Name: name,
      TypeName: typeName,
      TargetApplicationTypeVersion: version,
      UpgradeDomains: [],
      UpgradeState: "RollingForwardCompleted",
      NextUpgradeDomain: "",
      RollingUpgradeMode: "Invalid",
      UpgradeDurationInMilliseconds: durationText(0),
      UpgradeDomainDurationInMilliseconds: durationText(0),
      UnhealthyEvaluations: [],
      CurrentUpgradeDomainProgress: nothing,
      StartTimestampUtc: never,
      FailureTimestampUtc: never,
      FailureReason: "None",
      UpgradeDomainProgressAtFailure: nothing,
      UpgradeStatusDetails: "",
    };
  }
  // While it rolls back, the target is the old version, with the old parameters (ClusterManagerReplica.cpp:3567-3577).
  const isBack = upgrade.direction === "back";
  const target = isBack ? version : upgrade.version;
  const next = nextDomain(upgrade, shape);
  const end = upgrade.phase === "ended" ? upgrade.phaseAt : now;
  return {
    Name: name,
    TypeName: typeName,
    TargetApplicationTypeVersion: target,
    UpgradeDomains: Array.from({ length: shape.upgradeDomains }, (_, domain) => ({
      Name: domainName(domain),
      State: domainState(upgrade, domain),
    })),
    UpgradeState: upgradeState(upgrade),
    NextUpgradeDomain: next === undefined ? "" : domainName(next),
    RollingUpgradeMode: upgrade.mode,
    UpgradeDescription: {
      ...upgrade.description,
      TargetApplicationTypeVersion: target,
      ...(isBack ? { Parameters: [...parameters] } : {}),
    },
    UpgradeDurationInMilliseconds: durationText(end - upgrade.startedAt),
    UpgradeDomainDurationInMilliseconds: durationText(end - upgrade.domainStartedAt),
    UnhealthyEvaluations: upgrade.failure?.evaluations ?? [],
    CurrentUpgradeDomainProgress: isInProgress(upgrade)
      ? progressOf(upgrade.done, phaseOf(upgrade))
      : nothing,
    StartTimestampUtc: new Date(upgrade.startedAt).toISOString(),
    FailureTimestampUtc: upgrade.failure === undefined ? never : new Date(upgrade.failure.at).toISOString(),
    FailureReason: upgrade.failure?.reason ?? "None",
    UpgradeDomainProgressAtFailure:
      upgrade.failure === undefined ? nothing : progressOf(upgrade.failure.domain, "PostUpgradeSafetyCheck"),
    UpgradeStatusDetails: "",
  };
}

function isInProgress({ phase }: Upgrade): boolean {
  return phase === "replacing" || phase === "checking";
}

function phaseOf({ phase }: Upgrade): Schemas["NodeUpgradePhase"] {
  return phase === "checking" ? "PostUpgradeSafetyCheck" : "Upgrading";
}

function progressOf(
  domain: number,
  UpgradePhase: Schemas["NodeUpgradePhase"],
): Schemas["CurrentUpgradeDomainProgressInfo"] {
  const NodeUpgradeProgressList = [{ NodeName: nodeName(domain), UpgradePhase, PendingSafetyChecks: [] }];
  return { DomainName: domainName(domain), NodeUpgradeProgressList };
}

function domainState(upgrade: Upgrade, domain: number): Schemas["UpgradeDomainState"] {
  if (domain < upgrade.done) return "Completed";
  return domain === upgrade.done && isInProgress(upgrade) ? "InProgress" : "Pending";
}

function upgradeState({ direction, phase }: Upgrade): Schemas["UpgradeState"] {
  if (direction === "back") return phase === "ended" ? "RollingBackCompleted" : "RollingBackInProgress";
  if (phase === "waiting") return "RollingForwardPending";
  return phase === "ended" ? "RollingForwardCompleted" : "RollingForwardInProgress";
}

/** A time span such as `PT0H3M12S`. */
function durationText(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  const hours = Math.floor(ms / 3_600_000) % 24;
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1000;
  return `P${days > 0 ? `${days}D` : ""}T${hours}H${minutes}M${seconds}S`;
}

const durationPattern =
  /^P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

/** Milliseconds of a duration: a number of milliseconds such as `0`, or ISO 8601 such as `PT0H2M0S`. Undefined for other texts. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = durationPattern.exec(text) ?? [];
  if (!durationPattern.test(text)) return undefined;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
}
