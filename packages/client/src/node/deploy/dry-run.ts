import type { ApplicationType } from "../../applications/application-types.js";
import { isPackageToDelete, versionsToRemove } from "./clean-up.js";
import { DeployError } from "./deploy-error.js";
import type { Deployment, DeployPhase } from "./deployment.js";
import { type ClusterView, type DeployHistory, nextStep, parametersToSend, paused } from "./plan.js";
import { type DeployParts, Provisioner } from "./provisioner.js";

/** Says what a deployment would do. Only reads. Rejects if the deployment would be refused. */
export async function planDeployment(parts: DeployParts, view: ClusterView): Promise<Deployment> {
  const { settings, source, facts, target, destination, phases, requests } = parts;
  const { applicationName: name, typeName, typeVersion } = target;
  const history: DeployHistory = {
    ...{ provision: undefined, create: undefined, upgrade: undefined },
    ...{ isProved: false, wasUpgrading: false, wasReached: false },
  };
  const provisioner = new Provisioner(parts, history);
  if (view.type?.status === "Available") await provisioner.prove();
  const plan = (phase: DeployPhase, message: string) => phases.end(phase, "planned", message);
  const isThere = view.type !== undefined && view.type.status !== "Failed";
  if (isThere) {
    phases.end("upload", "already-done", `The cluster already has ${typeName} ${typeVersion}.`);
    if (!phases.has("provision")) plan("provision", `Wait until ${typeName} ${typeVersion} is available.`);
  } else if (source.content === undefined) {
    phases.end("upload", "skipped", "The cluster downloads the package.");
    plan("provision", `Let the cluster download and provision ${typeName} ${typeVersion}.`);
  } else {
    const { files } = source.content;
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    plan("upload", `Upload ${files.length} files (${bytes} bytes) to ${destination}.`);
    plan("provision", `Provision ${typeName} ${typeVersion} from ${destination}.`);
  }
  // As if the version were available already.
  const type: ApplicationType = {
    ...{ typeName, typeVersion, statusDetails: undefined },
    definitionKind: "ServiceFabricApplicationPackage",
    defaultParameters: facts.parameters ?? {},
    ...view.type,
    status: "Available",
  };
  const next = nextStep(target, { ...view, type }, { ...history, isProved: true });
  const isPaused = next.do === "confirm" && settings.confirmUpgradeDomain === undefined;
  const step = isPaused ? paused(target, next) : next;
  if (step.do === "fail") {
    const { reason, phase, message } = step;
    throw new DeployError(message, { ...target, reason, phase, phases: phases.results });
  }
  const from = view.application?.typeVersion;
  const outcome =
    step.do === "create" ? "created" : step.do === "check-health" ? "alreadyDeployed" : "upgraded";
  if (outcome === "created") plan("create", `Create ${name} with ${typeName} ${typeVersion}.`);
  else if (outcome === "alreadyDeployed")
    phases.end("upgrade", "already-done", `${name} already has version ${typeVersion}.`);
  else if (step.do === "wait")
    plan("upgrade", `${step.message} Wait for it, and upgrade ${name} if necessary.`);
  else if (step.do === "confirm") plan("upgrade", `Continue the upgrade of ${name} to ${typeVersion}.`);
  else {
    const change =
      from === typeVersion
        ? `Change the parameters of ${name}.`
        : `Upgrade ${name} from ${from} to ${typeVersion}.`;
    const sent = parametersToSend(target, type, view.application);
    const before = Object.keys(view.application?.parameters ?? {});
    // The parameters of a package that the cluster downloads are not known yet.
    const isKnown = target.parameters !== undefined || (view.type ?? facts.parameters) !== undefined;
    const unset = isKnown ? before.filter((key) => !Object.hasOwn(sent, key)) : [];
    plan("upgrade", unset.length === 0 ? change : `${change} No longer set: ${unset.join(", ")}.`);
  }
  plan("health", `Wait until ${name} is healthy for ${Math.round(settings.healthyForMs / 1000)} s.`);
  const previousTypeVersion = from === undefined || from === typeVersion ? undefined : from;
  const onlyParameters = outcome === "upgraded" && from === typeVersion;
  const { clients, keepVersions } = settings;
  const removedVersions = await versionsToRemove({
    ...{ clients, requests, typeName, typeVersion, previousTypeVersion, keepVersions },
    // It would no longer use its old version.
    ignoredApplication: name,
  });
  const isDeleted =
    !settings.keepPackage &&
    (await isPackageToDelete({
      ...{ clients, requests, source, storePath: destination },
      // As if the upload were done.
      isUploaded: !isThere,
      isOwnPath: settings.destination === undefined,
    }));
  const cleanUp = [
    ...(!isDeleted ? [] : [`Delete ${destination} from the image store.`]),
    ...(removedVersions.length === 0 ? [] : [`Remove the versions ${removedVersions.join(", ")}.`]),
  ];
  if (cleanUp.length > 0) plan("clean-up", cleanUp.join(" "));
  else phases.end("clean-up", "skipped", "Nothing to clean up.");
  return {
    ...{ outcome, dryRun: true, applicationName: name, typeName, typeVersion, previousTypeVersion },
    onlyParameters,
    parameters:
      outcome === "alreadyDeployed"
        ? (view.application?.parameters ?? {})
        : parametersToSend(target, type, view.application),
    proof: source.content === undefined || isThere ? provisioner.proof : "package",
    findings: facts.findings,
    phases: phases.results,
    application: view.application,
    ...{ upload: undefined, health: undefined, upgrade: undefined, deletedPackage: undefined },
    removedVersions,
    cleanUpFailure: undefined,
  };
}
