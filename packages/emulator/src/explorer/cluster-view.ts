import type { ClusterManager } from "../applications/cluster-manager.js";
import { type Evaluations, evaluateApplication } from "../applications/health.js";
import { type Application, isPending } from "../applications/state.js";
import { describeApplication, describeServices, describeUpgrade } from "../applications/views.js";
import type { ApplicationState, ClusterChanges, UpgradeProgress } from "./live-events.js";

/** What the page shows about types and applications. */
export function describeCluster(manager: ClusterManager): ClusterChanges {
  const { state } = manager;
  const types = state.types.map(({ name, version, status, details }) => ({ name, version, status, details }));
  return { types, applications: state.applications.map((each) => applicationState(manager, each)) };
}

function applicationState(manager: ClusterManager, application: Application): ApplicationState {
  const { state, shape, now } = manager;
  const { Status = "Ready", HealthState: health = "Ok" } = describeApplication(
    state,
    application,
    shape,
    true,
  );
  const { reasons } = evaluateApplication(state, application, shape);
  const { name, typeName, version, upgrade } = application;
  const progress = describeUpgrade(application, shape, now);
  const shown: UpgradeProgress | undefined = upgrade && {
    state: progress.UpgradeState ?? "Invalid",
    isRunning: isPending(upgrade),
    mode: upgrade.mode,
    target: progress.TargetApplicationTypeVersion ?? "",
    domains: (progress.UpgradeDomains ?? []).map((domain) => ({
      name: domain.Name ?? "",
      state: domain.State ?? "Invalid",
    })),
    waitsFor: upgrade.phase === "waiting" ? (progress.NextUpgradeDomain ?? "") : "",
    failure: upgrade.failure?.reason ?? "",
    reasons: sentencesOf(upgrade.failure?.evaluations ?? []),
  };
  return {
    name,
    typeName,
    version,
    status: Status,
    health,
    reasons: sentencesOf(reasons),
    services: describeServices(state, application, shape).map((service) => ({
      name: service.Name ?? "",
      health: service.HealthState ?? "Ok",
    })),
    ...(shown === undefined ? {} : { upgrade: shown }),
  };
}

/** The events at the bottom of a tree of reasons, with the entity that each is about. */
function sentencesOf(evaluations: Evaluations, entity = ""): string[] {
  return evaluations.flatMap(({ HealthEvaluation: found }) => {
    if (found === undefined) return [];
    if (found.Kind === "Event") {
      const about = entity === "" ? "" : `${entity}: `;
      const details = found.UnhealthyEvent?.Description ?? "";
      return [`${about}${found.Description ?? ""}${details === "" ? "" : ` ${details}`}`];
    }
    const name =
      found.Kind === "Service"
        ? found.ServiceName
        : found.Kind === "DeployedApplication"
          ? found.NodeName
          : undefined;
    const below = "UnhealthyEvaluations" in found ? (found.UnhealthyEvaluations ?? []) : [];
    return sentencesOf(below, name ?? entity);
  });
}
