import type { ApplicationType } from "../../applications/application-types.js";
import type { Application } from "../../applications/applications.js";
import type { ApplicationUpgrade } from "../../applications/upgrades.js";
import type { DeployFailure } from "./deploy-error.js";
import type { DeployOptions, DeployPhase } from "./deployment.js";

/** What the deployment wants to reach. */
export interface DeployTarget {
  readonly applicationName: string;
  readonly typeName: string;
  readonly typeVersion: string;
  /** Undefined if an existing application keeps its values. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
  readonly whenUpgrading: NonNullable<DeployOptions["whenUpgrading"]>;
}

/** The state of the cluster. Undefined for what does not exist. */
export interface ClusterView {
  /** The version to deploy. */
  readonly type: ApplicationType | undefined;
  readonly application: Application | undefined;
  /** The last upgrade of the application, read before the application: so the application is never older than its upgrade. */
  readonly upgrade: ApplicationUpgrade | undefined;
}

/** A request that was sent, and what the cluster had before. `isAnswered` is false if its response was lost. */
export interface Sent<Before> {
  readonly isAnswered: boolean;
  readonly before: Before;
}

/** What this deployment did and saw so far. */
export interface DeployHistory {
  /** `before` is the status of the version. Undefined if the version was absent. */
  provision: Sent<ApplicationType["status"] | undefined> | undefined;
  /** Whether the content of the version is known to be that of the source. */
  isProved: boolean;
  create: Sent<undefined> | undefined;
  /** `before` is the time when the upgrade before this one started. */
  upgrade: Sent<Date | undefined> | undefined;
  /** Whether the upgrade of this deployment was seen in progress. */
  wasUpgrading: boolean;
  /** Whether the application had the version and the parameters. */
  wasReached: boolean;
}

/** What to do next. */
export type DeployStep =
  | { readonly do: "provision" | "prove" | "create" | "check-health" }
  | { readonly do: "upgrade"; readonly application: Application }
  | { readonly do: "confirm"; readonly upgradeDomain: string; readonly upgrade: ApplicationUpgrade }
  | {
      readonly do: "wait";
      readonly phase: DeployPhase;
      readonly message: string;
      /** Whether the upgrade in progress leads to the target. */
      readonly isWanted?: boolean;
    }
  | FailStep;

export interface FailStep {
  readonly do: "fail";
  readonly reason: DeployFailure;
  readonly phase: DeployPhase;
  readonly message: string;
  /** The upgrade with the reasons why the application is unhealthy. */
  readonly upgrade?: ApplicationUpgrade;
}

/** Decides what to do next. Depends on nothing else, so that a deployment that starts again decides the same. */
export function nextStep(target: DeployTarget, view: ClusterView, history: DeployHistory): DeployStep {
  const { application, type } = view;
  const { applicationName: name, typeName, typeVersion } = target;
  if (application !== undefined && application.typeName !== typeName && application.status !== "Deleting") {
    const message = `${name} is an application of the type ${application.typeName}, not of ${typeName}. Deploy under another name, or delete it first.`;
    return fail("different-type", "create", message);
  }
  if (type === undefined) return { do: "provision" };
  if (type.status === "Failed") return isOwnFailure(history) ? provisionFailed(type) : { do: "provision" };
  if (type.status !== "Available") {
    const what = type.status === "Unprovisioning" ? "removes" : "provisions";
    const details = type.statusDetails === undefined ? "" : ` (${type.statusDetails})`;
    return wait("provision", `The cluster ${what} ${typeName} ${typeVersion}${details}.`);
  }
  if (!history.isProved) return { do: "prove" };
  if (application === undefined || application.status === "Deleting") {
    if (history.wasReached || history.wasUpgrading)
      return fail("superseded", "health", `Something else deleted ${name} during this deployment.`);
    return application === undefined
      ? { do: "create" }
      : wait("create", `The cluster deletes the old application ${name}.`);
  }
  if (application.status === "Creating") return wait("create", `The cluster creates ${name}.`);
  if (application.status === "Failed" && application.typeVersion === typeVersion) {
    if (history.create?.isAnswered !== true) return { do: "create" };
    return fail("refused", "create", `The cluster could not create ${name}: its status is Failed.`);
  }
  return upgradeStep(target, { ...view, type, application }, history);
}

/** Whether the failure belongs to a request of this deployment. An old failure may have had another package. */
function isOwnFailure({ provision }: DeployHistory): boolean {
  return provision !== undefined && (provision.isAnswered || provision.before !== "Failed");
}

function provisionFailed({ typeName, typeVersion, statusDetails }: ApplicationType): DeployStep {
  const reason = statusDetails ?? "It gives no details.";
  const message = `The cluster could not provision ${typeName} ${typeVersion}: ${sentence(reason)} Fix the package and deploy it again.`;
  return fail("provision-failed", "provision", message);
}

interface DeployedView extends ClusterView {
  readonly type: ApplicationType;
  readonly application: Application;
}

const endedStates: readonly string[] = [
  "Invalid",
  "RollingForwardCompleted",
  "RollingBackCompleted",
  "Failed",
];

function upgradeStep(target: DeployTarget, view: DeployedView, history: DeployHistory): DeployStep {
  const { application, upgrade } = view;
  const { applicationName: name } = target;
  if (upgrade === undefined) return wait("upgrade", `The cluster reads the state of ${name}.`);
  if (!endedStates.includes(upgrade.state)) return pendingStep(target, view, upgrade, history);
  if (application.status === "Upgrading") return wait("upgrade", `The cluster begins to upgrade ${name}.`);
  if (isReached(target, view)) return { do: "check-health" };
  if (history.wasReached) return superseded(target, application);
  if (!isStarted(history, upgrade)) return { do: "upgrade", application };
  return upgrade.state === "RollingForwardCompleted" || upgrade.state === "Invalid"
    ? superseded(target, application)
    : rolledBack(target, application, upgrade);
}

/** Whether the last upgrade is the one of this deployment, or came after it. */
function isStarted(history: DeployHistory, { startedAt }: ApplicationUpgrade): boolean {
  const { upgrade: sent, wasUpgrading } = history;
  if (wasUpgrading || sent === undefined) return wasUpgrading;
  return sent.isAnswered || startedAt?.getTime() !== sent.before?.getTime();
}

function pendingStep(
  target: DeployTarget,
  view: DeployedView,
  upgrade: ApplicationUpgrade,
  history: DeployHistory,
): DeployStep {
  const { applicationName: name, typeVersion } = target;
  const isBack = upgrade.state.startsWith("RollingBack");
  if (!isBack && isWanted(target, view.type, upgrade)) {
    if (!isPaused(upgrade))
      return { do: "wait", phase: "upgrade", message: describeUpgrade(upgrade), isWanted: true };
    if (upgrade.failure !== undefined || upgrade.nextUpgradeDomain === undefined) {
      const next = upgrade.nextUpgradeDomain === undefined ? "" : ` before ${upgrade.nextUpgradeDomain}`;
      const message = `The upgrade of ${name} to ${typeVersion} failed${describeFailure(upgrade)} and waits for a decision${next}. Resume it or roll it back.`;
      return { ...fail("upgrade-paused", "upgrade", message), upgrade };
    }
    return { do: "confirm", upgradeDomain: upgrade.nextUpgradeDomain, upgrade };
  }
  if (isStarted(history, upgrade) || history.wasReached) {
    if (isBack && !history.wasReached)
      return wait("upgrade", `The cluster rolls ${name} back${describeFailure(upgrade)}.`);
    return superseded(target, view.application);
  }
  const other = isBack
    ? `The cluster rolls back an upgrade of ${name}`
    : `Another upgrade of ${name} to ${upgrade.targetTypeVersion} is in progress`;
  if (target.whenUpgrading === "replace") return { do: "upgrade", application: view.application };
  if (target.whenUpgrading === "wait" && !isPaused(upgrade)) return wait("upgrade", `${other}.`);
  const message = isPaused(upgrade)
    ? `${other} and waits for a decision. Resume it, roll it back, or replace it.`
    : `${other}. Wait until it ends, or replace it.`;
  return fail("upgrade-in-progress", "upgrade", message);
}

/** Whether the upgrade waits for a caller. A failed one does, too: it is no longer monitored. */
function isPaused({ state, mode }: ApplicationUpgrade): boolean {
  return state === "RollingForwardPending" && mode === "UnmonitoredManual";
}

/** Whether the upgrade leads to the target, no matter who started it. */
function isWanted(target: DeployTarget, type: ApplicationType, upgrade: ApplicationUpgrade): boolean {
  if (upgrade.targetTypeVersion !== target.typeVersion) return false;
  return hasParameters(target, type, upgrade.parameters);
}

function isReached(target: DeployTarget, { type, application }: DeployedView): boolean {
  return (
    application.typeVersion === target.typeVersion && hasParameters(target, type, application.parameters)
  );
}

function hasParameters(
  { parameters: wanted }: DeployTarget,
  { defaultParameters }: ApplicationType,
  found: Readonly<Record<string, string>> | undefined,
): boolean {
  if (wanted === undefined || found === undefined) return true;
  const all = { ...defaultParameters, ...wanted };
  const actual = { ...defaultParameters, ...found };
  return [...new Set([...Object.keys(all), ...Object.keys(actual)])].every(
    (name) => all[name] === actual[name],
  );
}

/** The parameters to create or upgrade an application with. */
export function parametersToSend(
  { parameters }: DeployTarget,
  { defaultParameters }: ApplicationType,
  application: Application | undefined,
): Readonly<Record<string, string>> {
  if (parameters !== undefined) return parameters;
  // The cluster rejects parameters that the new version no longer has.
  const kept = Object.entries(application?.parameters ?? {}).filter(([name]) =>
    Object.hasOwn(defaultParameters, name),
  );
  return Object.fromEntries(kept);
}

function superseded({ applicationName, typeVersion }: DeployTarget, application: Application): DeployStep {
  const message = `Something else changed ${applicationName} during this deployment of version ${typeVersion}: it has version ${application.typeVersion} now, or is being upgraded. Deploy again if version ${typeVersion} is still wanted.`;
  return fail("superseded", "upgrade", message);
}

/** The failure of an upgrade that waits for a caller, if the caller of the deployment does not continue it. */
export function paused(
  { applicationName, typeVersion }: DeployTarget,
  { upgradeDomain, upgrade }: Extract<DeployStep, { readonly do: "confirm" }>,
): FailStep {
  const { upgradeDomains } = upgrade;
  const done = upgradeDomains.filter(({ state }) => state === "Completed").length;
  const message = `The upgrade of ${applicationName} to ${typeVersion} waits before ${upgradeDomain}: ${done} of ${upgradeDomains.length} upgrade domains are complete. Resume it or roll it back. Deploy again to wait for its end.`;
  return { ...fail("upgrade-paused", "upgrade", message), upgrade };
}

function rolledBack(
  { applicationName, typeVersion }: DeployTarget,
  application: Application,
  upgrade: ApplicationUpgrade,
): DeployStep {
  const message = `The upgrade of ${applicationName} to ${typeVersion} failed${describeFailure(upgrade)}. The cluster rolled it back to ${application.typeVersion}.`;
  return { ...fail("rolled-back", "upgrade", message), upgrade };
}

/** Such as ` in UD1 (HealthCheck)`. */
function describeFailure({ failure }: ApplicationUpgrade): string {
  if (failure === undefined) return "";
  const domain = failure.progress === undefined ? "" : ` in ${failure.progress.upgradeDomain}`;
  return `${domain} (${failure.reason})`;
}

function describeUpgrade({ applicationName, targetTypeVersion, ...upgrade }: ApplicationUpgrade): string {
  const { upgradeDomains: domains, current } = upgrade;
  const done = domains.filter(({ state }) => state === "Completed").length;
  const now = current === undefined ? "" : `, ${current.upgradeDomain} in progress`;
  return `The cluster upgrades ${applicationName} to ${targetTypeVersion}: ${done} of ${domains.length} upgrade domains are complete${now}.`;
}

/** The text as a sentence. */
export function sentence(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return /[.!?…]$/.test(line) ? line : `${line}.`;
}

function wait(phase: DeployPhase, message: string): DeployStep {
  return { do: "wait", phase, message };
}

function fail(reason: DeployFailure, phase: DeployPhase, message: string): FailStep {
  return { do: "fail", reason, phase, message };
}
