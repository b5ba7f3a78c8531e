import type { Schemas } from "@sf-image-store/types/applications";
import { type OperationOptions, operationOptionNames } from "../http/options.js";
import { decodeAnswer, wireList, wireObject, wireString } from "../wire/answer.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import { type ApplicationOptions, applicationOptionNames } from "./applications.js";
import { decodeEntityHealth, type EntityHealth, type EntityHealthState } from "./health.js";
import {
  applicationPath,
  defined,
  entriesOf,
  type Requests,
  requireBoolean,
  requireOneOf,
  requirePercentage,
} from "./request.js";

/** The health of an application and of its parts. */
export interface ApplicationHealth extends EntityHealth {
  readonly applicationName: string;
  readonly services: readonly EntityHealthState[];
  /** The health of the application on each node, with the name of the node. */
  readonly nodes: readonly EntityHealthState[];
}

/** The health of a cluster and of its parts. */
export interface ClusterHealth extends EntityHealth {
  readonly nodes: readonly EntityHealthState[];
  readonly applications: readonly EntityHealthState[];
}

/** When the services of a type are healthy. All limits are percentages, 0 to 100. */
export interface ServiceTypeHealthPolicy {
  /** @default 0 */
  readonly maxPercentUnhealthyServices?: number;
  /** @default 0 */
  readonly maxPercentUnhealthyPartitionsPerService?: number;
  /** @default 0 */
  readonly maxPercentUnhealthyReplicasPerPartition?: number;
}

/** When an application is healthy. */
export interface ApplicationHealthPolicy {
  /** Whether a warning counts as an error. @default false */
  readonly considerWarningAsError?: boolean;
  /** The percentage of nodes on which the application may be unhealthy, 0 to 100. @default 0 */
  readonly maxPercentUnhealthyDeployedApplications?: number;
  /** The policy for service types without their own. @default no unhealthy services */
  readonly defaultServiceType?: ServiceTypeHealthPolicy;
  /** Policies by the name of the service type. @default none */
  readonly serviceTypes?: Readonly<Record<string, ServiceTypeHealthPolicy>>;
}

/** The states of which a response includes the details. An empty list leaves all of them out. */
export type HealthFilter = readonly ("Ok" | "Warning" | "Error")[];

export interface ApplicationHealthOptions extends ApplicationOptions {
  /** The policy that decides what is healthy. @default the one in the application manifest */
  readonly policy?: ApplicationHealthPolicy;
  /** @default all */
  readonly events?: HealthFilter;
  /** @default all */
  readonly services?: HealthFilter;
  /** @default all */
  readonly nodes?: HealthFilter;
  /** Leave the statistics out. @default false */
  readonly excludeStatistics?: boolean;
}

export interface ClusterHealthOptions extends OperationOptions {
  /** @default all */
  readonly events?: HealthFilter;
  /** @default all */
  readonly nodes?: HealthFilter;
  /** @default all */
  readonly applications?: HealthFilter;
  /** Leave the statistics out. @default false */
  readonly excludeStatistics?: boolean;
}

/** Operations on health. */
export interface HealthOperations {
  /**
   * Gets the health of an application. Fails with 404 `FABRIC_E_HEALTH_ENTITY_NOT_FOUND` if the application does not exist,
   * and shortly after it was created.
   */
  getApplicationHealth(options: ApplicationHealthOptions): Promise<ApplicationHealth>;

  /** Gets the health of the cluster by its own policies. */
  getClusterHealth(options?: ClusterHealthOptions): Promise<ClusterHealth>;
}

const healthOptionNames: OptionNames<ApplicationHealthOptions> = {
  ...applicationOptionNames,
  ...{ policy: true, events: true, services: true, nodes: true, excludeStatistics: true },
};

const clusterHealthOptionNames: OptionNames<ClusterHealthOptions> = {
  ...operationOptionNames,
  ...{ events: true, nodes: true, applications: true, excludeStatistics: true },
};

export function healthOperations(requests: Requests): HealthOperations {
  return {
    async getApplicationHealth(options) {
      requireOptions("getApplicationHealth", options, healthOptionNames);
      const { policy } = options;
      const input = {
        path: applicationPath(options.applicationName, requests),
        query: defined({
          EventsHealthStateFilter: filterSum("events", options.events),
          ServicesHealthStateFilter: filterSum("services", options.services),
          DeployedApplicationsHealthStateFilter: filterSum("nodes", options.nodes),
          ExcludeHealthStatistics: requireBoolean("excludeStatistics", options.excludeStatistics),
        }),
      };
      if (policy === undefined)
        return requests.read("GetApplicationHealth", options, input, (answer) =>
          decodeAnswer(answer, decodeApplicationHealth),
        );
      const body = encodeHealthPolicy("policy", policy);
      return requests.read("GetApplicationHealthUsingPolicy", options, { ...input, body }, (answer) =>
        decodeAnswer(answer, decodeApplicationHealth),
      );
    },

    async getClusterHealth(options = {}) {
      requireOptions("getClusterHealth", options, clusterHealthOptionNames);
      const query = defined({
        EventsHealthStateFilter: filterSum("events", options.events),
        NodesHealthStateFilter: filterSum("nodes", options.nodes),
        ApplicationsHealthStateFilter: filterSum("applications", options.applications),
        ExcludeHealthStatistics: requireBoolean("excludeStatistics", options.excludeStatistics),
      });
      return requests.read("GetClusterHealth", options, { query }, (answer) =>
        decodeAnswer(answer, decodeClusterHealth),
      );
    },
  };
}

const filterBits = { Ok: 2, Warning: 4, Error: 8 } as const;

/** The states as a sum of bits; 1 for none. */
function filterSum(option: string, filter: HealthFilter | undefined): number | undefined {
  if (filter === undefined) return undefined;
  const states = new Set(filter);
  for (const state of states) requireOneOf(option, state, ["Ok", "Warning", "Error"]);
  return [...states].reduce((sum, state) => sum + filterBits[state], 0) || 1;
}

const policyNames: OptionNames<ApplicationHealthPolicy> = {
  considerWarningAsError: true,
  maxPercentUnhealthyDeployedApplications: true,
  defaultServiceType: true,
  serviceTypes: true,
};

const serviceTypeNames: OptionNames<ServiceTypeHealthPolicy> = {
  maxPercentUnhealthyServices: true,
  maxPercentUnhealthyPartitionsPerService: true,
  maxPercentUnhealthyReplicasPerPartition: true,
};

/** Throws InvalidInputError for an invalid policy. */
export function encodeHealthPolicy(
  option: string,
  policy: ApplicationHealthPolicy,
): Schemas["ApplicationHealthPolicy"] {
  requireOptions(option, policy, policyNames, option);
  const { defaultServiceType, maxPercentUnhealthyDeployedApplications: maxPercent } = policy;
  return defined({
    ConsiderWarningAsError: requireBoolean(`${option}.considerWarningAsError`, policy.considerWarningAsError),
    MaxPercentUnhealthyDeployedApplications: requirePercentage(
      `${option}.maxPercentUnhealthyDeployedApplications`,
      maxPercent,
    ),
    DefaultServiceTypeHealthPolicy:
      defaultServiceType && encodeServiceType(defaultServiceType, `${option}.defaultServiceType`),
    ServiceTypeHealthPolicyMap: entriesOf(`${option}.serviceTypes`, policy.serviceTypes, encodeServiceType),
  });
}

function encodeServiceType(
  policy: ServiceTypeHealthPolicy,
  option: string,
): Schemas["ServiceTypeHealthPolicy"] {
  requireOptions(option, policy, serviceTypeNames, option);
  const percentage = (name: keyof ServiceTypeHealthPolicy) =>
    requirePercentage(`${option}.${name}`, policy[name]);
  return defined({
    MaxPercentUnhealthyPartitionsPerService: percentage("maxPercentUnhealthyPartitionsPerService"),
    MaxPercentUnhealthyReplicasPerPartition: percentage("maxPercentUnhealthyReplicasPerPartition"),
    MaxPercentUnhealthyServices: percentage("maxPercentUnhealthyServices"),
  });
}

function decodeApplicationHealth(wire: Schemas["ApplicationHealth"]): ApplicationHealth {
  return {
    ...decodeEntityHealth(wire),
    applicationName: wireString("Name", wire.Name),
    services: wireList("ServiceHealthStates", wire.ServiceHealthStates).map((each) =>
      stateOf("ServiceName", each.ServiceName, each),
    ),
    nodes: wireList("DeployedApplicationHealthStates", wire.DeployedApplicationHealthStates).map((each) =>
      stateOf("NodeName", each.NodeName, each),
    ),
  };
}

function decodeClusterHealth(wire: Schemas["ClusterHealth"]): ClusterHealth {
  return {
    ...decodeEntityHealth(wire),
    nodes: wireList("NodeHealthStates", wire.NodeHealthStates).map((each) =>
      stateOf("Name", each.Name, each),
    ),
    applications: wireList("ApplicationHealthStates", wire.ApplicationHealthStates).map((each) =>
      stateOf("Name", each.Name, each),
    ),
  };
}

function stateOf(property: string, name: string, state: Schemas["EntityHealthState"]): EntityHealthState {
  const { AggregatedHealthState } = wireObject("the health of an entity", state);
  return {
    name: wireString(property, name),
    healthState: wireString("AggregatedHealthState", AggregatedHealthState),
  };
}
