import { encodeHealthPolicy } from "../../applications/health-operations.js";
import {
  parameterList,
  requireApplicationName,
  requireBoolean,
  requireOneOf,
  requireText,
} from "../../applications/request.js";
import { encodeMonitoring, type UpgradeSettings } from "../../applications/upgrades.js";
import { InvalidInputError } from "../../errors/errors.js";
import { type ClientOptions, requireClientOptions } from "../../http/options.js";
import { type RetrySettings, requireInteger, retrySettings } from "../../http/retry.js";
import { packageSettings } from "../../package/package-options.js";
import { type OptionNames, requireOptions } from "../../wire/validation.js";
import { createImageStoreClient } from "../client.js";
import { createNodeFetch } from "../fetch/create-node-fetch.js";
import type { DeployClients, DeployOptions, DeployUpgradeMode } from "./deployment.js";
import { type FileSettings, readParametersFile } from "./parameters-file.js";

type Defaulted =
  | "upload"
  | "upgradeMode"
  | "whenUpgrading"
  | "healthyForMs"
  | "healthTimeoutMs"
  | "keepPackage"
  | "dryRun";

/** Validated options with defaults and with the settings of the parameters file. */
export interface DeploySettings
  extends Required<Pick<DeployOptions, Defaulted>>,
    Pick<
      DeployOptions,
      | "typeName"
      | "typeVersion"
      | "destination"
      | "confirmUpgradeDomain"
      | "keepVersions"
      | "timeoutMs"
      | "abortSignal"
      | "onProgress"
    > {
  readonly clients: DeployClients;
  readonly applicationName: string | undefined;
  /** Undefined if an existing application keeps its values. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
  /** What every upgrade request contains. */
  readonly upgrade: Omit<UpgradeSettings, "applicationName" | "timeoutSeconds" | "abortSignal">;
  readonly retry: RetrySettings;
}

const deployOptionNames: OptionNames<DeployOptions> = {
  ...{ cluster: true, applicationName: true, typeName: true, typeVersion: true },
  ...{ parameters: true, parametersFile: true, destination: true, upload: true },
  ...{ upgradeMode: true, failureAction: true, monitoring: true, healthPolicy: true, forceRestart: true },
  ...{ replicaSetCheckTimeoutSeconds: true, confirmUpgradeDomain: true, whenUpgrading: true },
  ...{ healthyForMs: true, healthTimeoutMs: true, keepVersions: true, keepPackage: true, dryRun: true },
  ...{ retryOptions: true, timeoutMs: true, abortSignal: true, onProgress: true },
};

const modes: readonly DeployUpgradeMode[] = ["monitored", "unmonitored-auto", "manual"];

/** Throws InvalidInputError for the first invalid option. */
export async function deploySettings(options: DeployOptions): Promise<DeploySettings> {
  requireOptions("deployApplication", options, deployOptionNames);
  const { applicationName, parametersFile, parameters, confirmUpgradeDomain, onProgress } = options;
  const { healthyForMs = 30_000, healthTimeoutMs = 600_000, keepVersions, timeoutMs } = options;
  requireOneOf("upgradeMode", options.upgradeMode, modes);
  requireOneOf("failureAction", options.failureAction, ["rollback", "manual"]);
  requireOneOf("whenUpgrading", options.whenUpgrading, ["wait", "replace", "fail"]);
  for (const name of ["keepPackage", "dryRun", "forceRestart"] as const) requireBoolean(name, options[name]);
  for (const name of ["typeName", "typeVersion", "destination"] as const) {
    if (options[name] !== undefined) requireText(name, options[name]);
  }
  requireInteger("healthyForMs", healthyForMs, 0, Number.MAX_SAFE_INTEGER);
  requireInteger("healthTimeoutMs", healthTimeoutMs, 0, Number.MAX_SAFE_INTEGER);
  if (keepVersions !== undefined) requireInteger("keepVersions", keepVersions, 0, Number.MAX_SAFE_INTEGER);
  if (timeoutMs !== undefined) requireInteger("timeoutMs", timeoutMs, 1, Number.MAX_SAFE_INTEGER);
  parameterList("parameters", parameters);
  for (const [name, value] of Object.entries({ confirmUpgradeDomain, onProgress })) {
    if (value !== undefined && typeof value !== "function")
      throw new InvalidInputError(name, "must be a function");
  }
  const { upload = {} } = options;
  requireOptions("upload", upload, uploadNames, "upload");
  const { base: _, ...checkedHere } = upload;
  packageSettings(checkedHere);
  const file = parametersFile === undefined ? undefined : await readParametersFile(parametersFile);
  const name = applicationName ?? file?.applicationName;
  return {
    ...options,
    clients: await clientsOf(options.cluster),
    applicationName: name === undefined ? undefined : requireApplicationName(name),
    parameters:
      parameters === undefined && file === undefined ? undefined : { ...file?.parameters, ...parameters },
    upload: { ...(options.retryOptions && { retryOptions: options.retryOptions }), ...upload },
    upgradeMode: options.upgradeMode ?? file?.upgradeMode ?? "monitored",
    upgrade: upgradeSettings(options, file),
    whenUpgrading: options.whenUpgrading ?? "wait",
    healthyForMs,
    healthTimeoutMs,
    keepPackage: options.keepPackage ?? false,
    dryRun: options.dryRun ?? false,
    retry: retrySettings(options.retryOptions ?? {}, 10),
  };
}

const uploadNames: OptionNames<NonNullable<DeployOptions["upload"]>> = {
  ...{ concurrency: true, chunkSize: true, maxSingleShotSize: true, maxBytesPerSecond: true },
  ...{ retryOptions: true, sessionsOnAbort: true, fingerprint: true, receipt: true },
  ...{ replace: true, base: true },
};

const wireModes = {
  monitored: "Monitored",
  "unmonitored-auto": "UnmonitoredAuto",
  manual: "UnmonitoredManual",
} as const;

function upgradeSettings(options: DeployOptions, file: FileSettings | undefined) {
  const mode = options.upgradeMode ?? file?.upgradeMode ?? "monitored";
  const { failureAction, monitoring } = options;
  const action =
    failureAction === undefined ? undefined : failureAction === "rollback" ? "Rollback" : "Manual";
  // JavaScript callers may pass the failure action in the wrong place.
  requireOptions("monitoring", monitoring ?? {}, monitoringNames, "monitoring");
  const policy = {
    ...file?.monitoring,
    ...monitoring,
    failureAction: action ?? file?.monitoring?.failureAction ?? "Rollback",
  } as const;
  encodeMonitoring(policy);
  const healthPolicy = options.healthPolicy ?? file?.healthPolicy;
  if (healthPolicy !== undefined) encodeHealthPolicy("healthPolicy", healthPolicy);
  const forceRestart = options.forceRestart ?? file?.forceRestart;
  const seconds = options.replicaSetCheckTimeoutSeconds ?? file?.replicaSetCheckTimeoutSeconds;
  if (seconds !== undefined) requireInteger("replicaSetCheckTimeoutSeconds", seconds, 0, 2 ** 32 - 1);
  return {
    mode: wireModes[mode],
    ...(mode === "monitored" ? { monitoring: policy } : {}),
    ...(healthPolicy === undefined ? {} : { healthPolicy }),
    ...(forceRestart === undefined ? {} : { forceRestart }),
    ...(seconds === undefined ? {} : { replicaSetCheckTimeoutSeconds: seconds }),
  };
}

const monitoringNames: OptionNames<NonNullable<DeployOptions["monitoring"]>> = {
  ...{ healthCheckWaitMs: true, healthCheckStableMs: true, healthCheckRetryMs: true },
  ...{ upgradeTimeoutMs: true, upgradeDomainTimeoutMs: true },
};

async function clientsOf(cluster: ClientOptions | DeployClients): Promise<DeployClients> {
  if (typeof cluster !== "object" || cluster === null)
    throw new InvalidInputError("cluster", "must be the options of a client, or two clients");
  if ("imageStore" in cluster) {
    if (typeof cluster.applications?.getApplication !== "function")
      throw new InvalidInputError("cluster.applications", "must be a client of createApplicationsClient");
    return cluster;
  }
  requireClientOptions(cluster, "cluster");
  const options = { ...cluster, fetch: cluster.fetch ?? createNodeFetch() };
  const { createApplicationsClient } = await import("../../applications/index.js");
  return {
    imageStore: createImageStoreClient(options),
    applications: createApplicationsClient(options),
  };
}
