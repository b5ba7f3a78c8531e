import { linkedAbort, systemClock } from "../../async/clock.js";
import { isInvalidInputError, isTimeoutError, isTransient } from "../../errors/errors.js";
import type { PackageContent } from "../../package/package-options.js";
import { cleanUp } from "./clean-up.js";
import { DeployError, type DeployFailure, isDeployError } from "./deploy-error.js";
import { Deployer } from "./deployer.js";
import type { Deployment, DeployOptions } from "./deployment.js";
import { planDeployment } from "./dry-run.js";
import { Phases } from "./phases.js";
import { sentence } from "./plan.js";
import type { DeployParts } from "./provisioner.js";
import { type DeployEnvironment, DeployRequests } from "./requests.js";
import { type DeploySettings, deploySettings } from "./settings.js";
import { defaultApplicationName, defaultDestination, openSource, readFacts } from "./source.js";

/** Deploys with the timers of the environment. See `deployApplication`. */
export async function deploy(
  source: string | URL | PackageContent,
  options: DeployOptions,
  environment: DeployEnvironment = { clock: systemClock, random: Math.random },
): Promise<Deployment> {
  const settings = await deploySettings(options);
  const { clock } = environment;
  const { timeoutMs } = settings;
  const end = linkedAbort(settings.abortSignal);
  const timeout = () => end.abort(new DOMException(`It exceeded ${timeoutMs} ms`, "TimeoutError"));
  const cancel = timeoutMs === undefined ? () => {} : clock.setTimer(timeoutMs, timeout);
  const phases = new Phases(clock, settings.onProgress);
  const run: DeploymentRun = { settings, environment, phases, signal: end.signal, target: undefined };
  try {
    return await perform(run, source);
  } catch (error) {
    throw failureOf(run, error);
  } finally {
    cancel();
    end.unlink();
    end.abort();
  }
}

interface DeploymentRun {
  readonly settings: DeploySettings;
  readonly environment: DeployEnvironment;
  readonly phases: Phases;
  readonly signal: AbortSignal;
  target: DeployParts["target"] | undefined;
  deployer?: Deployer;
}

async function perform(run: DeploymentRun, given: string | URL | PackageContent): Promise<Deployment> {
  const { settings, environment, phases, signal } = run;
  phases.enter("lint", "Checking the manifests of the package.");
  await using source = await openSource(given, signal);
  const { facts, isValid } = await readFacts(source, settings, signal);
  if (!isValid) throw lintError(run, facts.findings);
  const target = {
    applicationName: settings.applicationName ?? defaultApplicationName(facts.typeName),
    typeName: facts.typeName,
    typeVersion: facts.typeVersion,
    parameters: settings.parameters,
    whenUpgrading: settings.whenUpgrading,
  };
  run.target = target;
  const warnings = facts.findings.length === 0 ? "no problems" : `${facts.findings.length} warnings`;
  if (source.content === undefined)
    phases.end("lint", "skipped", "The cluster downloads the package, so its manifests are not checked.");
  else phases.end("lint", "done", `The manifests have ${warnings}.`);
  phases.expect("provision", "Reading the state of the cluster.");
  const requests = new DeployRequests(settings.retry, environment, signal, (error) => phases.retry(error));
  const destination = settings.destination ?? defaultDestination(facts);
  const parts = { settings, source, facts, target, destination, phases, requests };
  const deployer = new Deployer(parts, environment.clock);
  if (settings.dryRun) return planDeployment(parts, await deployer.observe(true));
  run.deployer = deployer;
  const deployed = await deployer.run();
  const { application, upload, previousTypeVersion } = deployed;
  if (!phases.has("upload")) {
    if (source.content === undefined) phases.end("upload", "skipped", "The cluster downloads the package.");
    else phases.end("upload", "already-done", `The cluster had ${target.typeName} ${target.typeVersion}.`);
  }
  phases.enter("clean-up", "Cleaning up.");
  const isKept = settings.keepPackage || source.content === undefined;
  const cleaned = await cleanUp({
    ...{ clients: settings.clients, requests, source, previousTypeVersion },
    typeName: target.typeName,
    typeVersion: target.typeVersion,
    keepVersions: settings.keepVersions,
    storePath: isKept ? undefined : destination,
    isUploaded: upload !== undefined,
    isOwnPath: settings.destination === undefined,
  });
  const isDone = cleaned.deletedPackage !== undefined || cleaned.removedVersions.length > 0;
  phases.end("clean-up", isDone ? "done" : "skipped", cleanUpText(cleaned));
  return {
    ...deployed,
    dryRun: false,
    applicationName: target.applicationName,
    typeName: target.typeName,
    typeVersion: target.typeVersion,
    parameters: application.parameters,
    findings: facts.findings,
    phases: phases.results,
    ...cleaned,
  };
}

function cleanUpText({
  deletedPackage,
  removedVersions,
  cleanUpFailure,
}: Pick<Deployment, "deletedPackage" | "removedVersions" | "cleanUpFailure">): string {
  const texts = [
    ...(deletedPackage === undefined ? [] : [`Deleted ${deletedPackage} from the image store.`]),
    ...(removedVersions.length === 0 ? [] : [`Removed the versions ${removedVersions.join(", ")}.`]),
    ...(cleanUpFailure === undefined
      ? []
      : [`Not everything could be cleaned up: ${sentence(cleanUpFailure.message)}`]),
  ];
  return texts.length === 0 ? "Nothing to clean up." : texts.join(" ");
}

function lintError({ phases }: DeploymentRun, findings: Deployment["findings"]): DeployError {
  const errors = findings.filter(({ severity }) => severity === "error");
  const listed = errors.slice(0, 10).map(({ file, line, message }) => {
    return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
  });
  const more = errors.length > 10 ? ` And ${errors.length - 10} more.` : "";
  const unknown = { applicationName: undefined, typeName: undefined, typeVersion: undefined };
  return new DeployError(
    `A cluster would reject the manifests of the package. ${listed.join(" ")}${more} Nothing was sent.`,
    { ...unknown, reason: "lint", phase: "lint", phases: phases.results, findings },
  );
}

/** The error that the deployment rejects with. */
function failureOf(run: DeploymentRun, error: unknown): unknown {
  const { phases, signal, target, settings } = run;
  if (isDeployError(error) || isInvalidInputError(error)) return error;
  const reason = reasonOf(run, error);
  const cause = phases.failure ?? (signal.aborted ? signal.reason : error);
  const what = target === undefined ? "The deployment" : `The deployment of ${target.applicationName}`;
  const how =
    reason === "timed-out"
      ? `exceeded ${settings.timeoutMs} ms`
      : reason === "aborted"
        ? "was stopped"
        : `failed: ${sentence(cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "")}`;
  const unknown = { applicationName: undefined, typeName: undefined, typeVersion: undefined };
  const goesOn = run.deployer?.hasStarted === true ? " The cluster goes on with what it has started." : "";
  const message = `${what} ${how} (phase ${phases.phase}). Last step: ${phases.message}${goesOn} Run the same deployment again to continue.`;
  return new DeployError(
    message,
    { ...unknown, ...target, reason, phase: phases.phase, phases: phases.results },
    { cause },
  );
}

function reasonOf({ phases, signal }: DeploymentRun, error: unknown): DeployFailure {
  if (phases.failure !== undefined) return "internal";
  if (signal.aborted) return isTimeoutError(signal.reason) ? "timed-out" : "aborted";
  if (isTransient(error)) return "no-progress";
  const isRefusal = error instanceof Error && ["FabricError", "NetworkError"].includes(error.name);
  return isRefusal ? "refused" : "internal";
}
