import type { Schemas } from "@sf-image-store/types/applications";

/** A parameter of an application or of a type. */
export type Parameter = Schemas["ApplicationParameter"];

/** Where to get a package. */
export type PackageSource =
  | { readonly kind: "image-store"; readonly path: string; readonly isRemovedAfterwards: boolean }
  | { readonly kind: "download"; readonly uri: string };

/** A service that the manifest creates with each application. */
export interface DefaultService {
  readonly name: string;
  readonly typeName: string;
  readonly kind: "Stateless" | "Stateful";
  readonly hasPersistedState: boolean;
  /** The version of the service manifest. */
  readonly manifestVersion: string;
}

/** What a package contains. */
export interface TypeContent {
  /** The text of ApplicationManifest.xml. */
  readonly manifest: string;
  readonly parameters: readonly Parameter[];
  readonly services: readonly DefaultService[];
  /** Checksums of the service manifests and of the packages in them, by their path below `Store`, with `/`. */
  readonly parts: Readonly<Record<string, string>>;
}

/** One version of an application type. */
export interface TypeVersion {
  readonly name: string;
  readonly version: string;
  readonly status: "Provisioning" | "Available" | "Failed";
  /** The reason for the status, if it is not empty. */
  readonly details: string;
  readonly source: PackageSource;
  readonly isAsync: boolean;
  /** Distinguishes the requests that registered this version one after another. */
  readonly attempt: number;
  /** The files and folders below `Store/{name}` that belong to it. Present before the first one is copied. */
  readonly stored?: readonly string[];
  /** Present once it is available. */
  readonly content?: TypeContent;
}

/** Files and folders below `Store/{name}` to remove, except those that a version uses. */
export interface Removal {
  readonly name: string;
  readonly stored: readonly string[];
}

export type UpgradeMode = "Monitored" | "UnmonitoredAuto" | "UnmonitoredManual";

/** When an upgrade continues or fails, in milliseconds. */
export interface MonitoringPolicy {
  readonly failureAction: "Rollback" | "Manual";
  readonly waitMs: number;
  readonly stableMs: number;
  readonly retryMs: number;
  readonly upgradeTimeoutMs: number;
  readonly domainTimeoutMs: number;
}

export type HealthPolicy = Schemas["ApplicationHealthPolicy"];

/** What an application is upgraded to, and how. */
export interface UpgradePlan {
  readonly version: string;
  readonly parameters: readonly Parameter[];
  readonly mode: UpgradeMode;
  readonly monitoring: MonitoringPolicy;
  readonly healthPolicy: HealthPolicy;
  /** The request, as the progress repeats it. */
  readonly description: Schemas["ApplicationUpgradeDescription"];
}

export interface UpgradeFailure {
  readonly at: number;
  readonly reason: "Interrupted" | "HealthCheck" | "UpgradeDomainTimeout" | "OverallUpgradeTimeout";
  /** The number of the domain that was in progress. */
  readonly domain: number;
  readonly evaluations: Schemas["UnhealthyEvaluations"];
}

/** An upgrade of an application. All times are in milliseconds since 1970. */
export interface Upgrade extends UpgradePlan {
  readonly direction: "forward" | "back";
  /**
   * What happens in the domain with the number `done`: its nodes get the version; its health is checked; or the upgrade waits
   * for a request before that domain. `ended` is final.
   */
  readonly phase: "replacing" | "checking" | "waiting" | "ended";
  /** When the phase began. The health checks of `checking` begin later if the policy says to wait. */
  readonly phaseAt: number;
  /** The number of domains that are complete in this direction. */
  readonly done: number;
  /** The number of domains that got the new version, once the upgrade rolls back. */
  readonly touched: number;
  readonly startedAt: number;
  readonly domainStartedAt: number;
  /** Since when all health checks of this domain have passed. */
  readonly healthySince?: number;
  readonly failure?: UpgradeFailure;
}

export interface Application {
  readonly name: string;
  readonly typeName: string;
  /** The version until the upgrade in progress is complete. */
  readonly version: string;
  readonly parameters: readonly Parameter[];
  /** The last upgrade. */
  readonly upgrade?: Upgrade;
  /** The upgrade to start when the one in progress is rolled back. */
  readonly goal?: UpgradePlan;
}

/** A report on the health of an application, or of a part of the cluster. */
export interface HealthReport {
  /** The name of the application, such as `fabric:/MyApp`. Without it, the report is about the node, or about the cluster. */
  readonly application?: string;
  /** The name of a service of the application, such as `fabric:/MyApp/Web`. */
  readonly service?: string;
  /** The name of a node, such as `_Node_0`. With an application: the health of the application on this node. */
  readonly node?: string;
  /** The report applies only while nodes run this version of the application. Default: any version. */
  readonly version?: string;
  /**
   * The name of an upgrade domain, such as `UD1`. The report applies only once an upgrade of the application has completed this
   * domain, and until it is rolled back there. With `version`, only an upgrade to that version counts. Default: at any time.
   */
  readonly afterUpgradeDomain?: string;
  readonly state: "Ok" | "Warning" | "Error";
  /** The text of the health event. Default: empty. */
  readonly description?: string;
  /** Who reports. Default: `Emulator`. */
  readonly sourceId?: string;
  /** What the report is about. A report replaces the one with the same entity, source and property. Default: `Health`. */
  readonly property?: string;
}

export interface TimedReport extends HealthReport {
  readonly at: number;
}

/** Everything that the cluster manager knows. It is plain JSON, and every change makes a new one. */
export interface ClusterState {
  readonly types: readonly TypeVersion[];
  readonly applications: readonly Application[];
  readonly reports: readonly TimedReport[];
  /** The number of provisioning attempts so far. */
  readonly attempts: number;
  /** What versions left behind that were removed, or whose registration failed. */
  readonly removals: readonly Removal[];
}

export const emptyState: ClusterState = {
  types: [],
  applications: [],
  reports: [],
  attempts: 0,
  removals: [],
};

/** The nodes of the cluster. Each upgrade domain has one node. */
export interface ClusterShape {
  readonly upgradeDomains: number;
  /** How long it takes to replace a version in one upgrade domain, in milliseconds. */
  readonly upgradeDomainMs: number;
  /** How many times faster the time of upgrades passes: their domains, health checks and timeouts. */
  readonly upgradeSpeed: number;
}

export const defaultShape: ClusterShape = { upgradeDomains: 3, upgradeDomainMs: 1000, upgradeSpeed: 1 };

export function domainName(index: number): string {
  return `UD${index}`;
}

export function nodeName(index: number): string {
  return `_Node_${index}`;
}

export function findType(state: ClusterState, name: string, version: string): TypeVersion | undefined {
  return state.types.find((type) => type.name === name && type.version === version);
}

export function findApplication(state: ClusterState, name: string): Application | undefined {
  return state.applications.find((application) => application.name === name);
}

/** Whether the upgrade has not ended. */
export function isPending(upgrade: Upgrade | undefined): upgrade is Upgrade {
  return upgrade !== undefined && upgrade.phase !== "ended";
}

/** The state with another version of one application. */
export function withApplication(state: ClusterState, changed: Application): ClusterState {
  const others = state.applications.map((each) => (each.name === changed.name ? changed : each));
  return { ...state, applications: others };
}

/** The version that the node of a domain runs. */
export function versionOnNode({ version, upgrade }: Application, domain: number): string {
  if (!isPending(upgrade)) return version;
  const hasTarget =
    upgrade.direction === "back"
      ? domain >= upgrade.done && domain < upgrade.touched
      : domain < upgrade.done || (domain === upgrade.done && upgrade.phase === "checking");
  return hasTarget ? upgrade.version : version;
}

/** Whether the last upgrade has completed a domain, and has not rolled it back. */
export function hasUpgraded({ upgrade }: Application, domain: number): boolean {
  if (upgrade === undefined) return false;
  const { direction, phase, done, touched } = upgrade;
  return direction === "forward" ? domain < done : phase !== "ended" && domain >= done && domain < touched;
}
