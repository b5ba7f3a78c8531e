import type { ApplicationType } from "../../applications/application-types.js";
import type { Application } from "../../applications/applications.js";
import { describeUnhealthyEvaluations } from "../../applications/health.js";
import type { ApplicationHealth } from "../../applications/health-operations.js";
import type { ApplicationUpgrade } from "../../applications/upgrades.js";
import { type Clock, untilAborted } from "../../async/clock.js";
import { isFabricError } from "../../errors/errors.js";
import { DeployError } from "./deploy-error.js";
import type { Deployment } from "./deployment.js";
import {
  type ClusterView,
  type DeployHistory,
  type DeployStep,
  type FailStep,
  nextStep,
  parametersToSend,
  paused,
  sentence,
} from "./plan.js";
import { type DeployParts, Provisioner, set } from "./provisioner.js";
import { sendRecorded, undefinedIfMissing } from "./requests.js";

/** What the deployment did until the application was healthy. */
export interface Deployed
  extends Pick<Deployment, "outcome" | "previousTypeVersion" | "onlyParameters" | "proof" | "upload"> {
  readonly application: Application;
  readonly upgrade: ApplicationUpgrade | undefined;
  readonly health: ApplicationHealth;
}

/** Brings an application to its target, step by step. Reads the state of the cluster before each step. */
export class Deployer {
  readonly #parts: DeployParts;
  readonly #clock: Clock;
  readonly #provisioner: Provisioner;
  readonly #history: DeployHistory = {
    ...{ provision: undefined, create: undefined, upgrade: undefined },
    ...{ isProved: false, wasUpgrading: false, wasReached: false },
  };
  /** Not read again once its content is proved. */
  #type: ApplicationType | undefined;
  /** The application before the upgrade. */
  #previous: Application | undefined;
  /** The upgrade domain that the caller has confirmed. */
  #confirmed: string | undefined;
  readonly #health: { reachedAt: number | undefined; okSince: number | undefined } = {
    ...{ reachedAt: undefined, okSince: undefined },
  };

  constructor(parts: DeployParts, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
    this.#provisioner = new Provisioner(parts, this.#history);
  }

  /** Whether the cluster may have accepted a request, so that it goes on without the client. */
  get hasStarted(): boolean {
    const { provision, create, upgrade } = this.#history;
    return [provision, create, upgrade].some((sent) => sent !== undefined);
  }

  /** Resolves when the application is healthy. Rejects with a DeployError, or with the error of a request. */
  async run(): Promise<Deployed> {
    for (;;) {
      const view = await this.observe();
      const health = await this.#perform(nextStep(this.#parts.target, view, this.#history), view);
      if (health !== undefined && view.application !== undefined)
        return this.#deployed(view.application, view.upgrade, health);
    }
  }

  /** Reads the state of the cluster. The upgrade does not matter before the version is available. */
  async observe(withUpgrade = this.#history.isProved): Promise<ClusterView> {
    const { settings, target, requests } = this.#parts;
    const { applications } = settings.clients;
    const { applicationName, typeName, typeVersion } = target;
    if (!this.#history.isProved) {
      this.#type = await requests.read((options) =>
        applications.getApplicationType({ typeName, typeVersion, ...options }),
      );
    }
    const upgrade = withUpgrade
      ? await requests.read((options) =>
          applications.getApplicationUpgrade({ applicationName, ...options }).catch(undefinedIfMissing),
        )
      : undefined;
    const application = await requests.read((options) =>
      applications.getApplication({ applicationName, ...options }),
    );
    return { type: this.#type, application, upgrade };
  }

  /** Returns the health once the deployment is complete. */
  async #perform(step: DeployStep, view: ClusterView): Promise<ApplicationHealth | undefined> {
    const { phases, requests } = this.#parts;
    const { type, upgrade } = view;
    if (step.do === "fail") throw this.#failure(step);
    if (step.do === "check-health") return this.#checkHealth();
    if (step.do === "wait") {
      const { phase, message } = step;
      if (step.isWanted === true) this.#history.wasUpgrading = true;
      phases.enter(phase, message, phase === "provision" ? { type } : { upgrade });
      await requests.pause(`${phase} ${message}`);
    } else if (step.do === "provision") await this.#provisioner.provision(type);
    else if (step.do === "prove") await this.#provisioner.prove();
    else if (step.do === "confirm") await this.#resume(step);
    else if (type !== undefined && step.do === "create") await this.#create(type);
    else if (type !== undefined && step.do === "upgrade")
      await this.#startUpgrade(type, step.application, upgrade);
    return undefined;
  }

  async #create(type: ApplicationType): Promise<void> {
    const { settings, target, phases, requests } = this.#parts;
    const { applicationName, typeName, typeVersion } = target;
    phases.enter("create", `Creating ${applicationName} with ${typeName} ${typeVersion}.`);
    const parameters = parametersToSend(target, type, undefined);
    const record = { get: () => this.#history.create, set: set(this.#history, "create") };
    const outcome = await sendRecorded(record, undefined, () =>
      requests.send("create", (options) =>
        settings.clients.applications.createApplication({
          ...{ applicationName, typeName, typeVersion, parameters },
          ...options,
        }),
      ),
    );
    // The version may have been removed.
    if (outcome === "conflict") this.#history.isProved = false;
  }

  async #startUpgrade(
    type: ApplicationType,
    application: Application,
    last: ApplicationUpgrade | undefined,
  ): Promise<void> {
    const { settings, target, phases, requests } = this.#parts;
    const { applicationName, typeVersion } = target;
    const old = application.typeVersion;
    const message =
      old === typeVersion
        ? `Changing the parameters of ${applicationName}.`
        : `Upgrading ${applicationName} from ${old} to ${typeVersion}.`;
    phases.enter("upgrade", message, { upgrade: last });
    this.#previous ??= application;
    const parameters = parametersToSend(target, type, application);
    const record = { get: () => this.#history.upgrade, set: set(this.#history, "upgrade") };
    const outcome = await sendRecorded(record, last?.startedAt, () =>
      requests.send("upgrade", (options) =>
        settings.clients.applications.startApplicationUpgrade({
          ...settings.upgrade,
          ...{ applicationName, typeVersion, parameters },
          ...options,
        }),
      ),
    );
    if (outcome === "conflict") this.#history.isProved = false;
  }

  /** Continues a manual upgrade if the caller wants to. */
  async #resume(step: Extract<DeployStep, { readonly do: "confirm" }>): Promise<void> {
    const { settings, target, phases, requests } = this.#parts;
    const { applicationName } = target;
    const { upgradeDomain, upgrade } = step;
    this.#history.wasUpgrading = true;
    phases.enter("upgrade", `The upgrade of ${applicationName} waits before ${upgradeDomain}.`, { upgrade });
    if (this.#confirmed !== upgradeDomain) {
      const confirm = settings.confirmUpgradeDomain ?? (() => false);
      const answer = await untilAborted(requests.signal, Promise.resolve(confirm(upgrade)));
      if (answer !== true) throw this.#failure(paused(target, step));
      this.#confirmed = upgradeDomain;
    }
    // A rejection says that the upgrade no longer waits for this upgrade domain.
    const isStale = (error: unknown) => isFabricError(error) && error.status === 400;
    await requests.send(
      `resume ${upgradeDomain}`,
      (options) =>
        settings.clients.applications.resumeApplicationUpgrade({
          applicationName,
          upgradeDomain,
          ...options,
        }),
      isStale,
    );
  }

  /** Returns the health once it has been good for long enough. */
  async #checkHealth(): Promise<ApplicationHealth | undefined> {
    const { settings, target, phases, requests } = this.#parts;
    const { applicationName } = target;
    const policy = settings.upgrade.healthPolicy;
    const health = await requests.read((options) =>
      settings.clients.applications
        .getApplicationHealth({ applicationName, ...(policy && { policy }), ...options })
        .catch(undefinedIfMissing),
    );
    const now = this.#clock.now();
    const state = this.#health;
    this.#history.wasReached = true;
    state.reachedAt ??= now;
    const isOk = health?.healthState === "Ok" || health?.healthState === "Warning";
    if (!isOk) {
      state.okSince = undefined;
      const words = describeUnhealthyEvaluations(health?.unhealthyEvaluations ?? []);
      const why = words.length === 0 ? `Its health is ${health?.healthState ?? "unknown"}.` : words.join(" ");
      phases.enter("health", `${applicationName} is not healthy. ${why}`, { health });
      if (now - state.reachedAt >= settings.healthTimeoutMs) throw this.#unhealthy(health, why);
      await requests.pause(`health ${why}`);
      return undefined;
    }
    state.okSince ??= now;
    const healthyForMs = now - state.okSince;
    const message = healthyText(health);
    phases.enter("health", message, { health, healthyForMs: Math.round(healthyForMs) });
    // Also if nothing had to be done: an earlier run may have stopped before it knew that the version is healthy.
    if (healthyForMs < settings.healthyForMs) {
      await requests.pause("healthy", settings.healthyForMs - healthyForMs);
      return undefined;
    }
    const duration =
      settings.healthyForMs === 0 ? "" : ` It was healthy for ${Math.round(healthyForMs / 1000)} s.`;
    phases.end("health", "done", `${message}${duration}`);
    return health;
  }

  #unhealthy(health: ApplicationHealth | undefined, why: string): DeployError {
    const { target, settings, phases } = this.#parts;
    const seconds = Math.round(settings.healthTimeoutMs / 1000);
    const message = `${target.applicationName} has version ${target.typeVersion}, but did not become healthy within ${seconds} s. ${why}`;
    const unhealthyEvaluations = health?.unhealthyEvaluations ?? [];
    return new DeployError(message, {
      ...target,
      ...{ reason: "unhealthy", phase: "health", phases: phases.results, unhealthyEvaluations },
      unhealthyReasons: describeUnhealthyEvaluations(unhealthyEvaluations),
    });
  }

  #failure({ reason, phase, message, upgrade }: FailStep): DeployError {
    const { target, phases } = this.#parts;
    const unhealthyEvaluations = upgrade?.unhealthyEvaluations ?? [];
    const unhealthyReasons = describeUnhealthyEvaluations(unhealthyEvaluations);
    const text = [message, ...unhealthyReasons.map(sentence)].join(" ");
    const nextUpgradeDomain = reason === "upgrade-paused" ? upgrade?.nextUpgradeDomain : undefined;
    return new DeployError(text, {
      ...target,
      ...{ reason, phase, phases: phases.results, unhealthyEvaluations, unhealthyReasons },
      nextUpgradeDomain,
    });
  }

  #deployed(
    application: Application,
    upgrade: ApplicationUpgrade | undefined,
    health: ApplicationHealth,
  ): Deployed {
    const { source, target, phases } = this.#parts;
    const { create, upgrade: started, wasUpgrading, provision } = this.#history;
    const { upload } = this.#provisioner;
    const name = target.applicationName;
    const wasUpgraded = started !== undefined || wasUpgrading;
    const outcome = wasUpgraded ? "upgraded" : create === undefined ? "alreadyDeployed" : "created";
    const previous = this.#previous?.typeVersion;
    const previousTypeVersion = previous === target.typeVersion ? undefined : previous;
    if (outcome === "created") phases.end("create", "done", `Created ${name}.`);
    const onlyParameters = outcome === "upgraded" && previous === target.typeVersion;
    const from = previousTypeVersion === undefined ? "" : ` from ${previousTypeVersion}`;
    if (outcome === "upgraded") {
      const upgraded = `Upgraded ${name}${from} to ${target.typeVersion}.`;
      phases.end("upgrade", "done", onlyParameters ? `Changed the parameters of ${name}.` : upgraded);
    }
    if (outcome === "alreadyDeployed")
      phases.end("upgrade", "already-done", `${name} already had version ${target.typeVersion}.`);
    const isOwn = source.content !== undefined && upload !== undefined && provision !== undefined;
    const proof = isOwn ? "package" : this.#provisioner.proof;
    return {
      ...{ outcome, previousTypeVersion, onlyParameters, proof, upload, application, health },
      upgrade: wasUpgraded ? upgrade : undefined,
    };
  }
}

/** Such as `fabric:/Shop is healthy, with warnings: …`. */
function healthyText({ applicationName, healthState, unhealthyEvaluations }: ApplicationHealth): string {
  if (healthState !== "Warning") return `${applicationName} is healthy.`;
  const reasons = describeUnhealthyEvaluations(unhealthyEvaluations).map(sentence).join(" ");
  return `${applicationName} is healthy, with warnings${reasons === "" ? "." : `: ${reasons}`}`;
}
