import type { HealthEvaluation } from "../../applications/health.js";
import { isNamed, plainValues } from "../../errors/errors.js";
import type { LintFinding } from "../../package/manifest.js";
import type { DeployPhase, DeployPhaseResult } from "./deployment.js";

/**
 * Why a deployment ended:
 * - `lint`: the manifests of the package have errors; see `findings`;
 * - `different-content`: the cluster has this version already, with other content;
 * - `upload`: the upload failed; the cause is its error;
 * - `provision-failed`: the cluster could not provision the package;
 * - `different-type`: an application of another type has this name;
 * - `upgrade-in-progress`: another upgrade of the application is in progress, and `whenUpgrading` does not replace it;
 * - `upgrade-paused`: the upgrade waits for a decision, in manual mode or after a failure with `failureAction: "manual"`;
 * - `rolled-back`: the upgrade failed and the cluster went back to the old version;
 * - `superseded`: something else changed the application after this deployment had started or finished its upgrade;
 * - `unhealthy`: the new version runs, but the application did not become healthy in time;
 * - `aborted`: the caller aborted `abortSignal`;
 * - `timed-out`: the deployment took longer than `timeoutMs`;
 * - `no-progress`: transient failures used up the retries of `retryOptions`;
 * - `refused`: the cluster rejected a request, and a retry would not help;
 * - `internal`: any other error, such as one thrown by `onProgress`.
 */
export type DeployFailure =
  | "lint"
  | "different-content"
  | "upload"
  | "provision-failed"
  | "different-type"
  | "upgrade-in-progress"
  | "upgrade-paused"
  | "rolled-back"
  | "superseded"
  | "unhealthy"
  | "aborted"
  | "timed-out"
  | "no-progress"
  | "refused"
  | "internal";

/** The state of a deployment when it failed. */
export interface DeployFailureState {
  readonly reason: DeployFailure;
  readonly phase: DeployPhase;
  readonly phases: readonly DeployPhaseResult[];
  /** Undefined if it is not known yet. */
  readonly applicationName: string | undefined;
  readonly typeName: string | undefined;
  readonly typeVersion: string | undefined;
  /** Why the application is unhealthy. `unhealthyReasons` has them in words. */
  readonly unhealthyEvaluations?: readonly HealthEvaluation[];
  readonly unhealthyReasons?: readonly string[];
  /** What is wrong with the manifests. */
  readonly findings?: readonly LintFinding[];
  /** The upgrade domain that the upgrade waits for. */
  readonly nextUpgradeDomain?: string | undefined;
}

/** A deployment failed. Unless the message says otherwise, the same call continues it. */
export class DeployError extends Error {
  override readonly name = "DeployError";
  readonly reason: DeployFailure;
  /** The phase in which it failed. */
  readonly phase: DeployPhase;
  /** The phases that were complete. */
  readonly phases: readonly DeployPhaseResult[];
  /** Undefined if it is not known yet. */
  readonly applicationName: string | undefined;
  readonly typeName: string | undefined;
  readonly typeVersion: string | undefined;
  /** Why the application is unhealthy, as the cluster says it. Empty for other failures. */
  readonly unhealthyEvaluations: readonly HealthEvaluation[];
  /** The same in words, one sentence each. The message contains them. */
  readonly unhealthyReasons: readonly string[];
  /** What is wrong with the manifests. Empty for other failures than `lint`. */
  readonly findings: readonly LintFinding[];
  /** The upgrade domain that an upgrade with the reason `upgrade-paused` waits for. */
  readonly nextUpgradeDomain: string | undefined;

  constructor(message: string, state: DeployFailureState, options?: ErrorOptions) {
    super(message, options);
    this.reason = state.reason;
    this.phase = state.phase;
    this.phases = state.phases;
    this.applicationName = state.applicationName;
    this.typeName = state.typeName;
    this.typeVersion = state.typeVersion;
    this.unhealthyEvaluations = state.unhealthyEvaluations ?? [];
    this.unhealthyReasons = state.unhealthyReasons ?? [];
    this.findings = state.findings ?? [];
    this.nextUpgradeDomain = state.nextUpgradeDomain;
  }

  /** Plain values for logs: leaves out the stack, the cause, and the evaluations, which `unhealthyReasons` puts into words. */
  toJSON(): object {
    return { ...plainValues(this), unhealthyEvaluations: undefined };
  }
}

export function isDeployError(error: unknown): error is DeployError {
  return isNamed(error, "DeployError");
}
