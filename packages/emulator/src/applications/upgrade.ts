import { FabricError } from "../wire/fabric-error.js";
import { evaluateApplication } from "./health.js";
import {
  type Application,
  type ClusterShape,
  type ClusterState,
  domainName,
  findApplication,
  isPending,
  type MonitoringPolicy,
  type Upgrade,
  type UpgradeFailure,
  type UpgradePlan,
  withApplication,
} from "./state.js";

/** The upgrade at its start. */
export function beginUpgrade(plan: UpgradePlan, now: number): Upgrade {
  return {
    ...plan,
    direction: "forward",
    phase: "replacing",
    phaseAt: now,
    done: 0,
    touched: 0,
    startedAt: now,
    domainStartedAt: now,
  };
}

/** What happens to an upgrade next, and when. */
interface UpgradeEvent {
  readonly at: number;
  readonly application: string;
  readonly what: "replaced" | "healthy" | UpgradeFailure["reason"];
}

/**
 * Lets time pass until `now`. Call this before every change, so that each moment is judged by the health of that moment.
 * Events happen in their order, over all applications.
 */
export function settle(state: ClusterState, now: number, shape: ClusterShape): ClusterState {
  let settled = state;
  for (;;) {
    const [next] = settled.applications
      .flatMap((application) => eventsOf(application, shape))
      .filter(({ at }) => at <= now)
      .sort((left, right) => left.at - right.at);
    if (next === undefined) return settled;
    settled = observeHealth(apply(settled, next, shape), next.at, shape);
  }
}

function eventsOf({ name: application, upgrade }: Application, shape: ClusterShape): UpgradeEvent[] {
  if (!isPending(upgrade) || upgrade.phase === "waiting") return [];
  const events: UpgradeEvent[] = [];
  const { monitoring, phase, phaseAt, done, healthySince } = upgrade;
  const passed = (ms: number) => ms / shape.upgradeSpeed;
  const firstCheckAt = phaseAt + passed(monitoring.waitMs);
  if (phase === "replacing") {
    const isTouched = upgrade.direction === "forward" || done < upgrade.touched;
    events.push({
      at: phaseAt + (isTouched ? passed(shape.upgradeDomainMs) : 0),
      application,
      what: "replaced",
    });
  } else if (healthySince === undefined) {
    events.push({ at: firstCheckAt + passed(monitoring.retryMs), application, what: "HealthCheck" });
  } else {
    const since = Math.max(healthySince, firstCheckAt);
    events.push({ at: since + passed(monitoring.stableMs), application, what: "healthy" });
  }
  if (upgrade.mode === "Monitored" && upgrade.direction === "forward") {
    const domainAt = upgrade.domainStartedAt + passed(monitoring.domainTimeoutMs);
    events.push({ at: domainAt, application, what: "UpgradeDomainTimeout" });
    const overallAt = upgrade.startedAt + passed(monitoring.upgradeTimeoutMs);
    events.push({ at: overallAt, application, what: "OverallUpgradeTimeout" });
  }
  return events;
}

function apply(
  state: ClusterState,
  { at, application: name, what }: UpgradeEvent,
  shape: ClusterShape,
): ClusterState {
  const application = findApplication(state, name);
  if (application === undefined || !isPending(application.upgrade)) return state;
  const { upgrade } = application;
  if (what === "replaced" && upgrade.mode === "Monitored" && upgrade.direction === "forward") {
    return withApplication(state, { ...application, upgrade: enterPhase(upgrade, "checking", at) });
  }
  if (what === "replaced" || what === "healthy") {
    return withApplication(state, completeDomain({ ...application, upgrade }, at, shape));
  }
  const { reasons } = evaluateApplication(state, application, shape, upgrade.healthPolicy);
  const failure = { at, reason: what, domain: upgrade.done, evaluations: reasons };
  return withApplication(state, { ...application, upgrade: fail(upgrade, failure) });
}

function enterPhase(upgrade: Upgrade, phase: Upgrade["phase"], at: number): Upgrade {
  const { healthySince: _, ...others } = upgrade;
  return { ...others, phase, phaseAt: at };
}

function completeDomain(
  application: Application & { readonly upgrade: Upgrade },
  at: number,
  shape: ClusterShape,
): Application {
  const upgrade = { ...enterPhase(application.upgrade, "replacing", at), done: application.upgrade.done + 1 };
  if (upgrade.done < shape.upgradeDomains) {
    const isManual = upgrade.direction === "forward" && upgrade.mode === "UnmonitoredManual";
    const phase = isManual ? "waiting" : "replacing";
    return { ...application, upgrade: { ...upgrade, phase, domainStartedAt: at } };
  }
  const ended = { ...upgrade, phase: "ended" } as const;
  if (upgrade.direction === "back") return startGoal({ ...application, upgrade: ended }, at, shape);
  return { ...application, version: upgrade.version, parameters: upgrade.parameters, upgrade: ended };
}

/** Starts the upgrade that replaces one, now that the old one is rolled back. */
function startGoal({ goal, ...application }: Application, at: number, shape: ClusterShape): Application {
  if (goal === undefined) return application;
  const upgrade = beginUpgrade(goal, at);
  if (!isAt(application, goal)) return { ...application, upgrade };
  // The application is where the new upgrade leads (ClusterManagerReplica.cpp, CompleteRollforward).
  const done = shape.upgradeDomains;
  const mode = "UnmonitoredAuto";
  const description = { ...goal.description, RollingUpgradeMode: mode } as const;
  return { ...application, upgrade: { ...upgrade, mode, description, phase: "ended", done } };
}

/** Whether an application has the version and the parameters of an upgrade. */
export function isAt({ version, parameters }: Application, plan: UpgradePlan): boolean {
  const textOf = (each: Application["parameters"]) =>
    JSON.stringify(each.map(({ Key, Value }) => [Key, Value]).sort());
  return version === plan.version && textOf(parameters) === textOf(plan.parameters);
}

/**
 * Rolls back the upgrade in progress, and starts another one then (ClusterManagerReplica.cpp, BeginAcceptUpgradeApplication, goal
 * state).
 */
export function replaceUpgrade(
  application: Application & { readonly upgrade: Upgrade },
  goal: UpgradePlan,
  now: number,
): Application {
  return { ...application, upgrade: interrupt(application.upgrade, now), goal };
}

function interrupt(upgrade: Upgrade, now: number): Upgrade {
  if (upgrade.direction === "back") return upgrade;
  return fail(upgrade, { at: now, reason: "Interrupted", domain: upgrade.done, evaluations: [] });
}

/** Rolls back, or waits for a decision, as the policy says. A failed manual upgrade is no longer monitored. */
function fail(upgrade: Upgrade, failure: UpgradeFailure): Upgrade {
  if (upgrade.monitoring.failureAction === "Rollback" || failure.reason === "Interrupted") {
    const touched = upgrade.done + (upgrade.phase === "waiting" ? 0 : 1);
    const back = enterPhase(upgrade, "replacing", failure.at);
    return { ...back, failure, direction: "back", touched, done: 0, domainStartedAt: failure.at };
  }
  const waiting = enterPhase(upgrade, "waiting", failure.at);
  const mode = "UnmonitoredManual";
  const description = { ...upgrade.description, RollingUpgradeMode: mode } as const;
  return { ...waiting, failure, mode, description, done: upgrade.done + 1 };
}

/** Notes since when the health checks of each upgrade pass. Call this after every change. */
export function observeHealth(state: ClusterState, now: number, shape: ClusterShape): ClusterState {
  return state.applications.reduce((observed, application) => {
    const { upgrade } = application;
    if (upgrade?.phase !== "checking") return observed;
    const isHealthy =
      evaluateApplication(observed, application, shape, upgrade.healthPolicy).state !== "Error";
    if (isHealthy === (upgrade.healthySince !== undefined)) return observed;
    const { healthySince: _, ...others } = upgrade;
    const changed = isHealthy ? { ...others, healthySince: now } : others;
    return withApplication(observed, { ...application, upgrade: changed });
  }, state);
}

/** The upgrade in progress. @throws FabricError if the application does not exist or has none. */
export function requireUpgrade(
  state: ClusterState,
  name: string,
): Application & { readonly upgrade: Upgrade } {
  const application = findApplication(state, name);
  if (application === undefined) throw new FabricError("FABRIC_E_APPLICATION_NOT_FOUND");
  const { upgrade } = application;
  if (!isPending(upgrade)) throw new FabricError("FABRIC_E_APPLICATION_NOT_UPGRADING");
  return { ...application, upgrade };
}

/** Rolls an upgrade back. One that already rolls back goes on (ClusterManagerReplica.cpp:3347-3383). */
export function rollBack(state: ClusterState, name: string, now: number): ClusterState {
  // An upgrade that should start afterwards is dropped.
  const { goal: _, ...application } = requireUpgrade(state, name);
  return withApplication(state, { ...application, upgrade: interrupt(application.upgrade, now) });
}

/** The domain that has neither begun nor ended. Undefined if there is none. */
export function nextDomain(upgrade: Upgrade, shape: ClusterShape): number | undefined {
  if (!isPending(upgrade)) return undefined;
  const next = upgrade.phase === "waiting" ? upgrade.done : upgrade.done + 1;
  return next < shape.upgradeDomains ? next : undefined;
}

/** Continues with the domain that the upgrade waits for (ClusterManagerReplica.cpp:3754-3800). */
export function moveToNextDomain(
  state: ClusterState,
  request: { readonly name: string; readonly domain: string },
  now: number,
  shape: ClusterShape,
): ClusterState {
  const { name, domain } = request;
  const application = requireUpgrade(state, name);
  const { upgrade } = application;
  const next = nextDomain(upgrade, shape);
  if (next === undefined && upgrade.phase !== "waiting")
    throw new FabricError("FABRIC_E_APPLICATION_NOT_UPGRADING");
  const done = Array.from({ length: upgrade.done }, (_, index) => domainName(index));
  if (done.includes(domain)) throw new FabricError("FABRIC_E_UPGRADE_DOMAIN_ALREADY_COMPLETED");
  if (upgrade.phase !== "waiting" || next === undefined || domain !== domainName(next)) {
    throw new FabricError("E_INVALIDARG", `The upgrade does not wait for the upgrade domain ${domain}.`);
  }
  const moved = { ...enterPhase(upgrade, "replacing", now), domainStartedAt: now };
  return withApplication(state, { ...application, upgrade: moved });
}

/** @throws FabricError for a policy that can never pass (RollingUpgradeMonitoringPolicy.cpp, TryValidate). */
export function checkMonitoring(policy: MonitoringPolicy): void {
  const { waitMs, stableMs, retryMs, upgradeTimeoutMs, domainTimeoutMs } = policy;
  const checksMs = waitMs + Math.max(stableMs, retryMs);
  if (upgradeTimeoutMs <= checksMs)
    throw invalid("The timeout of the upgrade is shorter than its health checks.");
  if (domainTimeoutMs <= checksMs)
    throw invalid("The timeout of an upgrade domain is shorter than its health checks.");
  if (upgradeTimeoutMs < domainTimeoutMs)
    throw invalid("The timeout of the upgrade is shorter than that of an upgrade domain.");
}

function invalid(message: string): FabricError {
  return new FabricError("FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR", message);
}
