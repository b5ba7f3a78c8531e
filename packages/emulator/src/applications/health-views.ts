import type { Schemas } from "@sf-image-store/types/applications";
import {
  combine,
  describeEvent,
  describeMany,
  evaluateApplication,
  evaluateEvents,
  type Health,
  reportsOn,
  summarize,
} from "./health.js";
import {
  type Application,
  type ClusterShape,
  type ClusterState,
  type HealthPolicy,
  nodeName,
} from "./state.js";

/** What to leave out of a health response. */
export interface HealthQuery {
  /** A sum of Ok 2, Warning 4 and Error 8. 0 and 1 mean all. */
  readonly eventsFilter: number;
  readonly servicesFilter: number;
  readonly nodesFilter: number;
  readonly applicationsFilter: number;
  readonly isWithoutStatistics: boolean;
}

const flags: Readonly<Record<Health, number>> = { Ok: 2, Warning: 4, Error: 8 };

function passes(filter: number, state: Health): boolean {
  return filter <= 1 || (filter & (flags[state] ?? 0)) !== 0;
}

export function describeApplicationHealth(
  state: ClusterState,
  application: Application,
  shape: ClusterShape,
  policy: HealthPolicy,
  query: HealthQuery,
): Schemas["ApplicationHealth"] {
  const { services, nodes, ...own } = evaluateApplication(state, application, shape, policy);
  return {
    AggregatedHealthState: own.state,
    HealthEvents: eventsOf(reportsOn(state, {}, application, shape), query),
    UnhealthyEvaluations: own.reasons,
    ...statistics(query, { DeployedApplication: nodes, Service: services }),
    Name: application.name,
    ServiceHealthStates: services
      .filter((each) => passes(query.servicesFilter, each.state))
      .map((each) => ({ AggregatedHealthState: each.state, ServiceName: each.name })),
    DeployedApplicationHealthStates: nodes
      .filter((each) => passes(query.nodesFilter, each.state))
      .map((each) => ({
        AggregatedHealthState: each.state,
        ApplicationName: application.name,
        NodeName: each.name,
      })),
  };
}

export function describeClusterHealth(
  state: ClusterState,
  shape: ClusterShape,
  policies: Schemas["ClusterHealthPolicies"],
  query: HealthQuery,
): Schemas["ClusterHealth"] {
  const { ClusterHealthPolicy: policy = {}, ApplicationHealthPolicyMap: special = [] } = policies;
  const strict = policy.ConsiderWarningAsError === true;
  const reports = reportsOn(state, {}, undefined, shape);
  const nodes = Array.from({ length: shape.upgradeDomains }, (_, index) => {
    const name = nodeName(index);
    return { name, ...evaluateEvents(reportsOn(state, { node: name }, undefined, shape), strict) };
  });
  const applications = state.applications.map((application) => {
    const own = special.find(({ Key }) => Key === application.name)?.Value;
    return { name: application.name, ...evaluateApplication(state, application, shape, own) };
  });
  const maxNodes = policy.MaxPercentUnhealthyNodes ?? 0;
  const maxApplications = policy.MaxPercentUnhealthyApplications ?? 0;
  const own = combine([
    evaluateEvents(reports, strict),
    summarize(nodes, maxNodes, (aggregated, reasons) => ({
      Kind: "Nodes",
      ...describeMany(nodes, aggregated, "nodes"),
      MaxPercentUnhealthyNodes: maxNodes,
      TotalCount: nodes.length,
      UnhealthyEvaluations: reasons((part) => ({
        Kind: "Node",
        AggregatedHealthState: part.state,
        Description: "The node is unhealthy.",
        NodeName: part.name,
        UnhealthyEvaluations: part.reasons,
      })),
    })),
    summarize(applications, maxApplications, (aggregated, reasons) => ({
      Kind: "Applications",
      ...describeMany(applications, aggregated, "applications"),
      MaxPercentUnhealthyApplications: maxApplications,
      TotalCount: applications.length,
      UnhealthyEvaluations: reasons((part) => ({
        Kind: "Application",
        AggregatedHealthState: part.state,
        Description: "The application is unhealthy.",
        ApplicationName: part.name,
        UnhealthyEvaluations: part.reasons,
      })),
    })),
  ]);
  return {
    AggregatedHealthState: own.state,
    HealthEvents: eventsOf(reports, query),
    UnhealthyEvaluations: own.reasons,
    ...statistics(query, { Node: nodes, Application: applications }),
    NodeHealthStates: nodes
      .filter((each) => passes(query.nodesFilter, each.state))
      .map((each) => ({ AggregatedHealthState: each.state, Name: each.name, Id: { Id: each.name } })),
    ApplicationHealthStates: applications
      .filter((each) => passes(query.applicationsFilter, each.state))
      .map((each) => ({ AggregatedHealthState: each.state, Name: each.name })),
  };
}

function eventsOf(
  reports: ReturnType<typeof reportsOn>,
  { eventsFilter }: HealthQuery,
): Schemas["HealthEvent"][] {
  return reports.filter((report) => passes(eventsFilter, report.state)).map(describeEvent);
}

function statistics(
  { isWithoutStatistics }: HealthQuery,
  entities: Readonly<Record<string, readonly { readonly state: Health }[]>>,
): Pick<Schemas["EntityHealth"], "HealthStatistics"> {
  if (isWithoutStatistics) return {};
  const HealthStateCountList = Object.entries(entities).map(([EntityKind, all]) => {
    const count = (state: Health) => all.filter((each) => each.state === state).length;
    const HealthStateCount = {
      OkCount: count("Ok"),
      WarningCount: count("Warning"),
      ErrorCount: count("Error"),
    };
    return { EntityKind, HealthStateCount };
  });
  return { HealthStatistics: { HealthStateCountList } };
}
