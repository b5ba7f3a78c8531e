import type { Schemas } from "@sf-image-store/types/applications";
import {
  type Application,
  type ClusterShape,
  type ClusterState,
  type DefaultService,
  domainName,
  findType,
  type HealthPolicy,
  type HealthReport,
  hasUpgraded,
  nodeName,
  type TimedReport,
  versionOnNode,
} from "./state.js";

export type Health = HealthReport["state"];
export type Evaluations = Schemas["UnhealthyEvaluations"];

/** The health of an entity, and the reasons if it is not `Ok`. */
export interface Evaluation {
  readonly state: Health;
  readonly reasons: Evaluations;
}

const severity: Readonly<Record<Health, number>> = { Ok: 0, Warning: 1, Error: 2 };

function worst(states: readonly Health[]): Health {
  return states.reduce<Health>((left, right) => (severity[left] < severity[right] ? right : left), "Ok");
}

/** Adds a report. It replaces the one with the same entity, version, source and property. */
export function withReport(state: ClusterState, report: HealthReport, now: number): ClusterState {
  const others = state.reports.filter((each) => keyOf(each) !== keyOf(report));
  return { ...state, reports: [...others, { ...report, at: now }] };
}

function keyOf(report: HealthReport): string {
  const { application, service, node, version, afterUpgradeDomain } = report;
  const { sourceId = "Emulator", property = "Health" } = report;
  return JSON.stringify([application, service, node, version, afterUpgradeDomain, sourceId, property]);
}

/** The reports on an entity that apply now: whose version a node runs, and whose upgrade domain is complete. */
export function reportsOn(
  { reports }: ClusterState,
  entity: Pick<HealthReport, "service" | "node">,
  application: Application | undefined,
  shape: ClusterShape,
): readonly TimedReport[] {
  const running = application === undefined ? [] : versionsOf(application, entity.node, shape);
  return reports.filter(
    (report) =>
      report.application === application?.name &&
      report.service === entity.service &&
      report.node === entity.node &&
      (report.version === undefined || running.includes(report.version)) &&
      isAfterItsDomain(report, application, shape),
  );
}

function isAfterItsDomain(
  { afterUpgradeDomain, version }: HealthReport,
  application: Application | undefined,
  shape: ClusterShape,
): boolean {
  if (afterUpgradeDomain === undefined) return true;
  const target = application?.upgrade?.version;
  if (application === undefined || (version !== undefined && version !== target)) return false;
  return domainsOf(shape).some(
    (domain) => domainName(domain) === afterUpgradeDomain && hasUpgraded(application, domain),
  );
}

function domainsOf({ upgradeDomains }: ClusterShape): number[] {
  return Array.from({ length: upgradeDomains }, (_, domain) => domain);
}

function versionsOf(application: Application, node: string | undefined, shape: ClusterShape): string[] {
  return domainsOf(shape)
    .filter((domain) => node === undefined || node === nodeName(domain))
    .map((domain) => versionOnNode(application, domain));
}

/** The services of an application. */
export function servicesOf(state: ClusterState, application: Application): readonly DefaultService[] {
  return findType(state, application.typeName, application.version)?.content?.services ?? [];
}

export function serviceName(application: Application, service: DefaultService): string {
  return `${application.name}/${service.name}`;
}

/** Evaluates the reports on one entity, without its children. */
export function evaluateEvents(reports: readonly TimedReport[], considerWarningAsError: boolean): Evaluation {
  const judged = reports.map((report) => ({ report, state: judge(report.state, considerWarningAsError) }));
  const state = worst(judged.map((each) => each.state));
  const reasons = judged
    .filter((each) => each.state !== "Ok" && each.state === state)
    .map(({ report }) => ({
      HealthEvaluation: {
        Kind: "Event" as const,
        AggregatedHealthState: state,
        Description: `${report.sourceId ?? "Emulator"} reported ${report.state} on the property ${report.property ?? "Health"}.`,
        ConsiderWarningAsError: considerWarningAsError,
        UnhealthyEvent: describeEvent(report),
      },
    }));
  return { state, reasons };
}

function judge(state: Health, considerWarningAsError: boolean): Health {
  return state === "Warning" && considerWarningAsError ? "Error" : state;
}

const never = "0001-01-01T00:00:00.000Z";
/** The largest time span of the cluster. */
const forever = "P10675199DT2H48M5.4775807S";

export function describeEvent(report: TimedReport): Schemas["HealthEvent"] {
  const at = new Date(report.at).toISOString();
  return {
    SourceId: report.sourceId ?? "Emulator",
    Property: report.property ?? "Health",
    HealthState: report.state,
    TimeToLiveInMilliSeconds: forever,
    Description: report.description ?? "",
    SequenceNumber: String(Math.trunc(report.at)),
    RemoveWhenExpired: false,
    IsExpired: false,
    SourceUtcTimestamp: at,
    LastModifiedUtcTimestamp: at,
    LastOkTransitionAt: report.state === "Ok" ? at : never,
    LastWarningTransitionAt: report.state === "Warning" ? at : never,
    LastErrorTransitionAt: report.state === "Error" ? at : never,
  };
}

/** A part of an application with its own health. */
interface Part extends Evaluation {
  readonly name: string;
}

/** The health of an application and of its parts. */
export interface ApplicationEvaluation extends Evaluation {
  readonly services: readonly Part[];
  readonly nodes: readonly Part[];
}

/** Evaluates an application with a policy. Without one, no part may be unhealthy and warnings are tolerated. */
export function evaluateApplication(
  state: ClusterState,
  application: Application,
  shape: ClusterShape,
  policy: HealthPolicy = {},
): ApplicationEvaluation {
  const strict = policy.ConsiderWarningAsError === true;
  const own = evaluateEvents(reportsOn(state, {}, application, shape), strict);
  const services = servicesOf(state, application).map((service) => {
    const name = serviceName(application, service);
    const found = evaluateEvents(reportsOn(state, { service: name }, application, shape), strict);
    return { name, type: service.typeName, ...found };
  });
  const nodes = domainsOf(shape).map((domain) => {
    const name = nodeName(domain);
    return { name, ...evaluateEvents(reportsOn(state, { node: name }, application, shape), strict) };
  });
  const maxNodes = policy.MaxPercentUnhealthyDeployedApplications ?? 0;
  const all = [
    own,
    ...[...new Set(services.map((service) => service.type))].map((type) =>
      evaluateServices(
        type,
        services.filter((service) => service.type === type),
        maxServices(policy, type),
      ),
    ),
    summarize(nodes, maxNodes, (aggregated, reasons) => ({
      Kind: "DeployedApplications",
      ...describeMany(nodes, aggregated, "nodes"),
      MaxPercentUnhealthyDeployedApplications: maxNodes,
      TotalCount: nodes.length,
      UnhealthyEvaluations: reasons((part) => ({
        Kind: "DeployedApplication",
        AggregatedHealthState: part.state,
        Description: `The application is unhealthy on ${part.name}.`,
        Name: application.name,
        NodeName: part.name,
        UnhealthyEvaluations: part.reasons,
      })),
    })),
  ];
  return { ...combine(all), services, nodes };
}

function maxServices(policy: HealthPolicy, type: string): number {
  const special = policy.ServiceTypeHealthPolicyMap?.find(({ Key }) => Key === type)?.Value;
  return (special ?? policy.DefaultServiceTypeHealthPolicy)?.MaxPercentUnhealthyServices ?? 0;
}

function evaluateServices(type: string, services: readonly Part[], max: number): Evaluation {
  return summarize(services, max, (aggregated, reasons) => ({
    Kind: "Services",
    ...describeMany(services, aggregated, `services of ${type}`),
    ServiceTypeName: type,
    MaxPercentUnhealthyServices: max,
    TotalCount: services.length,
    UnhealthyEvaluations: reasons((part) => ({
      Kind: "Service",
      AggregatedHealthState: part.state,
      Description: "The service is unhealthy.",
      ServiceName: part.name,
      UnhealthyEvaluations: part.reasons,
    })),
  }));
}

type Reason = Schemas["HealthEvaluation"];
type ReasonsBelow = (describe: (part: Part) => Reason) => Evaluations;

/** The health of several parts, of which a percentage may be unhealthy. It is rounded up to whole parts. */
export function summarize(
  parts: readonly Part[],
  maxPercent: number,
  describe: (aggregated: Health, reasons: ReasonsBelow) => Reason,
): Evaluation {
  const failed = parts.filter((part) => part.state === "Error");
  const tolerated = Math.ceil((parts.length * maxPercent) / 100);
  const isUnhealthy = parts.some((part) => part.state !== "Ok");
  const state = failed.length > tolerated ? "Error" : isUnhealthy ? "Warning" : "Ok";
  if (state === "Ok") return { state, reasons: [] };
  const shown = parts.filter((part) => part.state !== "Ok");
  const reasons: ReasonsBelow = (below) => shown.map((part) => ({ HealthEvaluation: below(part) }));
  return { state, reasons: [{ HealthEvaluation: describe(state, reasons) }] };
}

export function describeMany(parts: readonly Part[], state: Health, what: string) {
  const count = parts.filter((part) => part.state !== "Ok").length;
  const percent = Math.floor((count * 100) / Math.max(1, parts.length));
  return {
    AggregatedHealthState: state,
    Description: `${percent} % (${count} of ${parts.length}) of the ${what} are unhealthy.`,
  };
}

/** The worst of several evaluations, with the reasons for it. */
export function combine(all: readonly Evaluation[]): Evaluation {
  const state = worst(all.map((each) => each.state));
  const reasons = all
    .filter((each) => each.state !== "Ok" && each.state === state)
    .flatMap((each) => each.reasons);
  return { state, reasons };
}

/** @throws TypeError for a report that has no effect, or that callers without types can make. */
export function checkReport(report: HealthReport): HealthReport {
  if (!Object.hasOwn(severity, report.state)) {
    throw new TypeError(`state must be Ok, Warning or Error, not ${String(report.state)}.`);
  }
  for (const member of ["service", "version", "afterUpgradeDomain"] as const) {
    if (report[member] !== undefined && report.application === undefined)
      throw new TypeError(`${member} needs application, the name of the application.`);
  }
  return report;
}
