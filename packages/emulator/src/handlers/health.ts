import type { ClusterManager } from "../applications/cluster-manager.js";
import {
  describeApplicationHealth,
  describeClusterHealth,
  type HealthQuery,
} from "../applications/health-views.js";
import {
  type Application,
  findApplication,
  type HealthPolicy,
  type HealthReport,
} from "../applications/state.js";
import { describeServices, nameOf } from "../applications/views.js";
import { type Answer, jsonAnswer, okAnswer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import type { Query } from "../wire/query.js";
import { readBody, readHealthInformation, readHealthPolicy } from "./application-bodies.js";
import type { ImageStoreRequest } from "./handler.js";

/** The operations that read and report health. */
export function healthHandlers(manager: ClusterManager) {
  const healthOf = (request: ImageStoreRequest, policy: HealthPolicy): Answer => {
    const { state, shape } = manager;
    const application = requireEntity(findApplication(state, nameIn(request)));
    const query = readHealthQuery(request.query, "DeployedApplicationsHealthStateFilter");
    return jsonAnswer(describeApplicationHealth(state, application, shape, policy, query));
  };
  const clusterHealth = ({ query }: ImageStoreRequest, policies: object): Answer => {
    const { state, shape } = manager;
    const filters = readHealthQuery(query, "NodesHealthStateFilter");
    return jsonAnswer(describeClusterHealth(state, shape, policies, filters));
  };
  const report = (request: ImageStoreRequest, entity: Partial<HealthReport>): Answer => {
    manager.setHealth({ ...readHealthInformation(request.smallBody), ...entity });
    return okAnswer();
  };
  return {
    GetApplicationHealth: async (request: ImageStoreRequest) => healthOf(request, {}),
    GetApplicationHealthUsingPolicy: async (request: ImageStoreRequest) =>
      healthOf(request, policyIn(request.smallBody)),
    GetClusterHealth: async (request: ImageStoreRequest) => clusterHealth(request, {}),
    GetClusterHealthUsingPolicy: async (request: ImageStoreRequest) =>
      clusterHealth(request, policyIn(request.smallBody)),
    ReportClusterHealth: async (request: ImageStoreRequest) => report(request, {}),
    ReportNodeHealth: async (request: ImageStoreRequest) => {
      const node = requireEntity(manager.nodes.find((name) => name === request.resource));
      return report(request, { node });
    },
    ReportApplicationHealth: async (request: ImageStoreRequest) => {
      const application = requireEntity(findApplication(manager.state, nameIn(request)));
      return report(request, { application: application.name });
    },
    ReportServiceHealth: async (request: ImageStoreRequest) => {
      const service = nameIn(request);
      const application = requireEntity(applicationOf(manager, service));
      return report(request, { application: application.name, service });
    },
  };
}

function applicationOf({ state, shape }: ClusterManager, service: string): Application | undefined {
  return state.applications.find((application) =>
    describeServices(state, application, shape).some(({ Name }) => Name === service),
  );
}

function requireEntity<T>(found: T | undefined): T {
  if (found === undefined) throw new FabricError("FABRIC_E_HEALTH_ENTITY_NOT_FOUND");
  return found;
}

function policyIn(body: Buffer): HealthPolicy {
  return body.length === 0 ? {} : readHealthPolicy(readBody(body));
}

/** The name of the application or service in the URL. */
export function nameIn({ resource = "" }: ImageStoreRequest): string {
  return nameOf(resource);
}

/** The .NET client sends `True` (deploy-flow §1.2). */
export function isOn(query: Query, name: string): boolean {
  return query.get(name)?.toLowerCase() === "true";
}

function readHealthQuery(query: Query, nodesFilter: string): HealthQuery {
  const filter = (name: string) => Number(query.get(name) ?? "0") || 0;
  return {
    eventsFilter: filter("EventsHealthStateFilter"),
    servicesFilter: filter("ServicesHealthStateFilter"),
    nodesFilter: filter(nodesFilter),
    applicationsFilter: filter("ApplicationsHealthStateFilter"),
    isWithoutStatistics: isOn(query, "ExcludeHealthStatistics"),
  };
}
