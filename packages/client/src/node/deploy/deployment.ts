import type {
  Application,
  ApplicationHealth,
  ApplicationHealthPolicy,
  ApplicationsClient,
  ApplicationType,
  ApplicationUpgrade,
  MonitoringPolicy,
} from "../../applications/index.js";
import type { ClientOptions } from "../../http/options.js";
import type { RetryOptions } from "../../http/retry.js";
import type { LintFinding } from "../../package/manifest.js";
import type { UploadedPackage } from "../../package/package-options.js";
import type { UploadProgress } from "../../upload/progress.js";
import type { NodeImageStoreClient, UploadDirectoryOptions } from "../client.js";

/** The clients that a deployment uses. */
export interface DeployClients {
  readonly imageStore: Pick<
    NodeImageStoreClient,
    "uploadPackage" | "verifyPackage" | "listContent" | "deleteContent"
  >;
  readonly applications: ApplicationsClient;
}

/** The options of the upload. The deployment sets the others. */
export type DeployUploadOptions = Omit<
  UploadDirectoryOptions,
  "destination" | "verify" | "timeoutMs" | "abortSignal" | "onProgress" | "allowUnexpected"
>;

/** How an upgrade moves to the next upgrade domain. */
export type DeployUpgradeMode = "monitored" | "unmonitored-auto" | "manual";

/** Options of `deployApplication`. */
export interface DeployOptions {
  /** The cluster: options for new clients, whose default `fetch` is `createNodeFetch`, or existing clients. */
  readonly cluster: ClientOptions | DeployClients;
  /**
   * The name of the application with `fabric:/`.
   * @default the name in `parametersFile`, or `fabric:/` and the name of the type without the suffix `Type`
   */
  readonly applicationName?: string;
  /**
   * The name of the application type. Required if the source is a URL, because the cluster needs it to download the package.
   * Otherwise it only has to match the manifest. @default the name in the manifest
   */
  readonly typeName?: string;
  /** The version of the application type. See `typeName`. @default the version in the manifest */
  readonly typeVersion?: string;
  /**
   * Values for parameters of the application manifest. They override those of `parametersFile`. Parameters that are in neither get
   * the default value of the manifest. Pass `{}` to give all of them their default value.
   * @default the values in `parametersFile`; without one, an existing application keeps its values
   */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * The path or `file:` URL of an ApplicationParameters file, or of a Publish Profile. A Publish Profile names the file with the
   * parameters and may have settings for the upgrade, which the options here override. @default none
   */
  readonly parametersFile?: string | URL;
  /**
   * The store path of the package. A package of another deployment at the default path is replaced; with this option, only if
   * `upload.replace` is set. Not used if the source is a URL. @default the name and version of the type: `MyAppType_1.0.0`
   */
  readonly destination?: string;
  /** Options of the upload. `replace` is true unless `destination` is given. */
  readonly upload?: DeployUploadOptions;
  /**
   * How an upgrade moves to the next upgrade domain: `monitored` after health checks, `unmonitored-auto` without them, `manual`
   * when `confirmUpgradeDomain` or `resumeApplicationUpgrade` says so. @default "monitored"
   */
  readonly upgradeMode?: DeployUpgradeMode;
  /**
   * What a monitored upgrade does when health checks fail: `rollback` goes back to the old version, `manual` waits for a decision.
   * Both make the deployment fail. @default "rollback"
   */
  readonly failureAction?: "rollback" | "manual";
  /** How a monitored upgrade checks health. @default the defaults of MonitoringPolicy */
  readonly monitoring?: Omit<MonitoringPolicy, "failureAction">;
  /** When the application is healthy, during and after an upgrade. @default the policy in the application manifest */
  readonly healthPolicy?: ApplicationHealthPolicy;
  /** Restart processes although their code did not change. @default false */
  readonly forceRestart?: boolean;
  /** How long an upgrade waits until partitions are safe, in seconds, 0 to 4294967295. @default no limit */
  readonly replicaSetCheckTimeoutSeconds?: number;
  /**
   * Called when an upgrade in manual mode waits for the next upgrade domain. `true` continues with it; anything else ends the
   * deployment with a DeployError with the reason `upgrade-paused`. @default the deployment ends
   */
  readonly confirmUpgradeDomain?: (upgrade: ApplicationUpgrade) => boolean | Promise<boolean>;
  /**
   * What to do if another upgrade of the application is in progress: `wait` until it ends and then upgrade, `replace` it, or `fail`.
   * An upgrade that waits for a decision cannot be waited for. @default "wait"
   */
  readonly whenUpgrading?: "wait" | "replace" | "fail";
  /**
   * How long the application must be healthy without a break, in milliseconds, also if it was deployed before. Warnings count as
   * healthy unless `healthPolicy` says otherwise. @default 30000
   */
  readonly healthyForMs?: number;
  /** How long to wait until the application is healthy, in milliseconds. @default 600000 (10 minutes) */
  readonly healthTimeoutMs?: number;
  /**
   * How many older versions of the type to keep that no application uses. The version before the upgrade is kept first, then the
   * highest ones. Versions above the deployed one are always kept. @default all
   */
  readonly keepVersions?: number;
  /** Whether to keep the package in the image store. It is no longer needed after the version is provisioned. @default false */
  readonly keepPackage?: boolean;
  /** Change nothing, and report what would happen. @default false */
  readonly dryRun?: boolean;
  /** How to retry after transient failures. Progress resets the count. @default up to 10 retries */
  readonly retryOptions?: RetryOptions;
  /** The time limit of the deployment in milliseconds. What the cluster has started goes on. @default no limit */
  readonly timeoutMs?: number;
  /** Stops the deployment, which rejects with a DeployError. What the cluster has started goes on. */
  readonly abortSignal?: AbortSignal;
  /** Called at every step. If it throws, the deployment ends. */
  readonly onProgress?: (progress: DeployProgress) => void;
}

/**
 * The phases of a deployment, in order: checks the manifests; sends the package to the image store; makes the version available;
 * creates or upgrades the application; waits until the application is healthy; deletes what is no longer needed.
 */
export type DeployPhase = "lint" | "upload" | "provision" | "create" | "upgrade" | "health" | "clean-up";

/** A step of a deployment. */
export interface DeployProgress {
  readonly phase: DeployPhase;
  /** What the deployment does, or waits for, in words. */
  readonly message: string;
  /** The time since the deployment began, in milliseconds. */
  readonly elapsedMs: number;
  /** The progress of the upload, in its phase. */
  readonly upload: UploadProgress | undefined;
  /** The version that is being provisioned, in its phase. */
  readonly type: ApplicationType | undefined;
  /** The upgrade with its domains, in its phase. */
  readonly upgrade: ApplicationUpgrade | undefined;
  /** The health of the application, in its phase. */
  readonly health: ApplicationHealth | undefined;
  /** How long the application has been healthy, in milliseconds. 0 if it is not healthy. */
  readonly healthyForMs: number;
  /** The transient failure after which the deployment retries. Undefined if there is none. */
  readonly failure: Error | undefined;
}

/** What happened in a phase. */
export interface DeployPhaseResult {
  readonly phase: DeployPhase;
  /**
   * `done`: this deployment did it; `already-done`: nothing had to be done; `skipped`: the options leave it out; `planned`: a dry run
   * would do it.
   */
  readonly status: "done" | "already-done" | "skipped" | "planned";
  /** What happened, or would happen, in one sentence. */
  readonly message: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** The result of `deployApplication`. */
export interface Deployment {
  /** What happened to the application, or would happen in a dry run. */
  readonly outcome: "created" | "upgraded" | "alreadyDeployed";
  /** Whether nothing was changed because of the option `dryRun`. */
  readonly dryRun: boolean;
  readonly applicationName: string;
  readonly typeName: string;
  readonly typeVersion: string;
  /** The version before the upgrade. Undefined if the application did not exist or had the same version. */
  readonly previousTypeVersion: string | undefined;
  /** Whether the application already had the version, and the upgrade only changed its parameters. */
  readonly onlyParameters: boolean;
  /** The parameters of the application. Those that are missing have the default value of the manifest. */
  readonly parameters: Readonly<Record<string, string>>;
  /**
   * How it is known that the cluster has the content of the source under this version. `package`: this deployment provisioned it
   * from the package it verified, or the cluster had the version before, and the same package was at the destination in the image
   * store before that, as its receipt proves. `sizes`: the cluster had the version before, with the same application manifest, and
   * its image store lists files of the same names and sizes. The API cannot read files back, so a file that changed and kept its size is not detected.
   * `manifest`: the same, but not all files could be compared. `name`: the source is a URL, so only the name and version are known.
   */
  readonly proof: "package" | "sizes" | "manifest" | "name";
  /** Warnings about the manifests. */
  readonly findings: readonly LintFinding[];
  readonly phases: readonly DeployPhaseResult[];
  /** Undefined if nothing was uploaded, because the version was provisioned before or the cluster downloads the package. */
  readonly upload: UploadedPackage | undefined;
  /** The application after the deployment. Undefined in a dry run of an application that does not exist. */
  readonly application: Application | undefined;
  /** The health after the deployment. Undefined in a dry run. */
  readonly health: ApplicationHealth | undefined;
  /** The upgrade of this deployment. Undefined if there was none. */
  readonly upgrade: ApplicationUpgrade | undefined;
  /** The store path of the package that was deleted. Undefined if none was. */
  readonly deletedPackage: string | undefined;
  /** The old versions that were removed because of `keepVersions`, or would be in a dry run. */
  readonly removedVersions: readonly string[];
  /** Why something could not be cleaned up. The application is deployed nevertheless. */
  readonly cleanUpFailure: Error | undefined;
}
