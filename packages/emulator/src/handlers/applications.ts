import type { ClusterManager } from "../applications/cluster-manager.js";
import {
  checkName,
  createApplication,
  deleteApplication,
  requireType,
  startUpgrade,
  typeKey,
} from "../applications/machine.js";
import { type Application, findApplication, withApplication } from "../applications/state.js";
import { checkMonitoring, moveToNextDomain, requireUpgrade, rollBack } from "../applications/upgrade.js";
import {
  describeApplication,
  describeServices,
  describeType,
  describeUpgrade,
} from "../applications/views.js";
import { type Answer, acceptedAnswer, jsonAnswer, noContentAnswer, okAnswer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import type { ApplicationOperationId, ReportOperationId } from "../wire/operations.js";
import type { Query } from "../wire/query.js";
import {
  readBody,
  readCreate,
  readProvision,
  readUnprovision,
  readUpdate,
  readUpgrade,
} from "./application-bodies.js";
import type { Handler, ImageStoreRequest } from "./handler.js";
import { healthHandlers, isOn, nameIn } from "./health.js";

/** The operations that deploy applications (deploy-flow §2). */
export function applicationHandlers(
  manager: ClusterManager,
): Readonly<Record<ApplicationOperationId | ReportOperationId, Handler>> {
  return {
    ...typeHandlers(manager),
    ...upgradeHandlers(manager),
    ...viewHandlers(manager),
    ...healthHandlers(manager),
  };
}

function typeHandlers(manager: ClusterManager) {
  const listTypes = (request: ImageStoreRequest, name: string | undefined): Answer => {
    const version = decoded(request.query, "ApplicationTypeVersion");
    const isOfKind = kindFilter(request.query, "ApplicationTypeDefinitionKindFilter", name);
    const types = manager.state.types.filter(
      (type) =>
        isOfKind &&
        (name === undefined || type.name === name) &&
        (version === undefined || type.version === version),
    );
    const isBrief = isOn(request.query, "ExcludeApplicationParameters");
    const items = types.map((type) => describeType(type, isBrief));
    // Exactly version 4.0 has this status (deploy-flow §2 "Query of types").
    if (items.length === 0 && request.apiVersion === 4) return noContentAnswer();
    if (request.apiVersion <= 3) return jsonAnswer(items);
    return page(items, request.query, ({ Name, Version }) => typeKey(Name ?? "", Version ?? ""));
  };
  return {
    ProvisionApplicationType: async (request: ImageStoreRequest) => {
      const provision = readProvision(request.smallBody, request.apiVersion);
      await manager.provision(provision);
      return provision.isAsync ? acceptedAnswer(202) : okAnswer();
    },
    GetApplicationTypeInfoList: async (request: ImageStoreRequest) => listTypes(request, undefined),
    GetApplicationTypeInfoListByName: async (request: ImageStoreRequest) =>
      listTypes(request, request.resource),
    GetApplicationManifest: async ({ resource = "", query }: ImageStoreRequest) => {
      const type = requireType(manager.state, resource, decoded(query, "ApplicationTypeVersion") ?? "");
      return jsonAnswer({ Manifest: type.content?.manifest ?? "" });
    },
    UnprovisionApplicationType: async ({ resource = "", smallBody }: ImageStoreRequest) => {
      const { version, isAsync } = readUnprovision(smallBody);
      await manager.unprovision(resource, version);
      return isAsync ? acceptedAnswer(202) : okAnswer();
    },
  };
}

function upgradeHandlers(manager: ClusterManager) {
  /** The cluster repeats a request for a version that is not available yet (deploy-flow §2 "Inside retries"). */
  const until = async (isReady: () => boolean, timeoutMs: number) => {
    const endsAt = performance.now() + timeoutMs;
    while (!isReady()) await manager.nextChange(Math.max(0, endsAt - performance.now()));
  };
  return {
    CreateApplication: async ({ smallBody, timeoutMs }: ImageStoreRequest) => {
      const wanted = readCreate(smallBody);
      await until(() => createApplication(manager.state, wanted) !== undefined, timeoutMs);
      manager.change((state) => createApplication(state, wanted) ?? state);
      return acceptedAnswer(201);
    },
    DeleteApplication: async (request: ImageStoreRequest) => {
      manager.change((state) => deleteApplication(state, nameIn(request)));
      return okAnswer();
    },
    StartApplicationUpgrade: async ({ smallBody, timeoutMs }: ImageStoreRequest) => {
      const { name, plan } = readUpgrade(smallBody);
      checkName(name);
      await until(() => {
        const { state } = manager;
        const typeName = findApplication(state, name)?.typeName;
        return typeName === undefined || requireType(state, typeName, plan.version).status === "Available";
      }, timeoutMs);
      manager.change((state, now) => startUpgrade(state, name, plan, now));
      return okAnswer();
    },
    UpdateApplicationUpgrade: async ({ smallBody }: ImageStoreRequest) => {
      const name = String(readBody(smallBody)["Name"] ?? "");
      manager.change((state) => {
        const application = requireUpgrade(state, name);
        const { upgrade } = application;
        const plan = readUpdate(smallBody, upgrade);
        if (plan.mode === "Monitored") checkMonitoring(plan.monitoring);
        const isReleased = upgrade.phase === "waiting" && plan.mode !== "UnmonitoredManual";
        const released = isReleased
          ? ({ phase: "replacing", phaseAt: manager.now, domainStartedAt: manager.now } as const)
          : {};
        return withApplication(state, { ...application, upgrade: { ...upgrade, ...plan, ...released } });
      });
      return okAnswer();
    },
    ResumeApplicationUpgrade: async (request: ImageStoreRequest) => {
      const domain = String(readBody(request.smallBody)["UpgradeDomainName"] ?? "");
      const next = { name: nameIn(request), domain };
      manager.change((state, now) => moveToNextDomain(state, next, now, manager.shape));
      return okAnswer();
    },
    RollbackApplicationUpgrade: async (request: ImageStoreRequest) => {
      manager.change((state, now) => rollBack(state, nameIn(request), now));
      return okAnswer();
    },
    GetApplicationUpgrade: async (request: ImageStoreRequest) =>
      jsonAnswer(describeUpgrade(requireApplication(manager, request), manager.shape, manager.now)),
  };
}

function viewHandlers(manager: ClusterManager) {
  return {
    GetApplicationInfoList: async ({ query }: ImageStoreRequest) => {
      const { state, shape } = manager;
      const type = decoded(query, "ApplicationTypeName");
      const isOfKind = kindFilter(query, "ApplicationDefinitionKindFilter", type);
      const items = state.applications
        .filter(({ typeName }) => isOfKind && (type === undefined || typeName === type))
        .map((each) => describeApplication(state, each, shape, isOn(query, "ExcludeApplicationParameters")));
      return page(items, query, ({ Name }) => Name);
    },
    GetApplicationInfo: async (request: ImageStoreRequest) => {
      const { state, shape } = manager;
      const found = findApplication(state, nameIn(request));
      if (found === undefined) return noContentAnswer();
      const isBrief = isOn(request.query, "ExcludeApplicationParameters");
      return jsonAnswer(describeApplication(state, found, shape, isBrief));
    },
    GetServiceInfoList: async (request: ImageStoreRequest) => {
      const type = decoded(request.query, "ServiceTypeName");
      const services = describeServices(manager.state, requireApplication(manager, request), manager.shape);
      const items = services.filter(({ TypeName }) => type === undefined || TypeName === type);
      return page(items, request.query, ({ Name }) => Name);
    },
  };
}

function requireApplication(manager: ClusterManager, request: ImageStoreRequest): Application {
  const application = findApplication(manager.state, nameIn(request));
  if (application === undefined) throw new FabricError("FABRIC_E_APPLICATION_NOT_FOUND");
  return application;
}

function decoded(query: Query, name: string): string | undefined {
  const sent = query.get(name);
  try {
    return sent === undefined ? undefined : decodeURIComponent(sent);
  } catch (error) {
    throw new FabricError("E_INVALIDARG", `${name} is not encoded correctly.`, { cause: error });
  }
}

/**
 * Whether a filter by kind includes what Service Fabric packages define, which is all there is here. It is a sum of kinds: 1
 * Service Fabric packages, 2 Compose files. 0 and 65535 mean all.
 * @throws FabricError together with a filter by name (deploy-flow §2 "Query of types").
 */
function kindFilter(query: Query, name: string, nameFilter: string | undefined): boolean {
  const filter = wholeNumber(query, name);
  if (filter !== 0 && nameFilter !== undefined) {
    throw new FabricError("E_INVALIDARG", `${name} cannot be combined with a filter by name.`);
  }
  return filter === 0 || (filter & 1) === 1;
}

function wholeNumber(query: Query, name: string): number {
  const sent = query.get(name) ?? "0";
  if (/^\d{1,10}$/.test(sent)) return Number(sent);
  throw new FabricError("E_INVALIDARG", `${name} must be a whole number.`);
}

/** One page. The token is the key of its last item. */
function page<T>(items: readonly T[], query: Query, keyOf: (item: T) => string): Answer {
  const token = decoded(query, "ContinuationToken");
  const max = wholeNumber(query, "MaxResults") || items.length;
  const rest = token === undefined ? items : items.filter((item) => keyOf(item) > token);
  const shown = rest.slice(0, max);
  const last = shown.at(-1);
  const isLast = shown.length === rest.length || last === undefined;
  return jsonAnswer({ ContinuationToken: isLast ? "" : keyOf(last), Items: shown });
}
