import type { Resume } from "../output/hints.js";

/** The command line, the environment or a profile is invalid. The message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The message of an error, for use in a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The path or session that the command needs does not exist. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** The cluster does not support the command. The message names an alternative. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}

/** No token is available for signing in. The message says what to do. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}

/** An error with details for programs. */
export abstract class DetailedError extends Error {
  readonly details: object;

  constructor(message: string, details: object, options: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}

/** The user stopped a command that can be resumed. The message says how. */
export class Interruption extends DetailedError {
  override readonly name = "Interruption";
}

/** A deletion failed after other paths were deleted. The cause says why. */
export class PartialDeletionError extends DetailedError {
  override readonly name = "PartialDeletionError";
}

/** The command stopped waiting for the cluster, which continues. The message says how to check. */
export class WaitTimeoutError extends DetailedError {
  override readonly name = "WaitTimeoutError";
}

/** How a provisioning, an upgrade or a health check can end badly although the cluster accepted the request. */
export type DeploymentFailureKind =
  | "provision-failed"
  | "provision-in-progress"
  | "upgrade-in-progress"
  | "upgrade-failed"
  | "unhealthy";

/** The cluster accepted a request, but the result is not the wanted one. The message says why. */
export class DeploymentError extends DetailedError {
  override readonly name = "DeploymentError";
  readonly kind: DeploymentFailureKind;

  constructor(kind: DeploymentFailureKind, message: string, details: object) {
    super(message, details, {});
    this.kind = kind;
  }
}

/** Some of several uploads failed. */
export class UploadsError extends DetailedError {
  override readonly name = "UploadsError";
  /** The failure that determines the exit code. */
  readonly worst: { readonly code: FailureCode; readonly kind: string };

  constructor(message: string, worst: UploadsError["worst"], details: object) {
    super(message, details, {});
    this.worst = worst;
  }
}

/** The exit codes of a stopped process, as shells report it: 128 and the number of the signal. */
const stopCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof stopCodes;

export const stopSignals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

let stopCode: (typeof stopCodes)[StopSignal] = stopCodes.SIGINT;

/** Sets the exit code of the process if it is stopped. A process has one, so this is not a property of a command. */
export function stopBy(signal: StopSignal): void {
  stopCode = stopCodes[signal];
}

/** The exit codes of the process. Documented; scripts rely on them. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  authentication: 3,
  notFound: 4,
  verification: 5,
  timeOut: 6,
  get interrupted() {
    return stopCode;
  },
} as const;

/** For the generated reference. */
export const exitCodeDescriptions: Readonly<Record<keyof typeof exitCode, string>> = {
  done: "The command succeeded.",
  failed: "The command failed.",
  usage: "The command line, a setting or an input is invalid. Nothing was sent that changes the cluster.",
  authentication: "The server was not trusted, or it rejected the certificate or token.",
  notFound: "A path, an upload session, an application type or an application does not exist.",
  verification: "The content of the image store does not match.",
  timeOut: "A time limit was exceeded.",
  interrupted: "The command was stopped by Ctrl+C. After SIGTERM, the exit code is 143; after SIGHUP, 129.",
};

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The names of the exit codes for failures. */
export type FailureCode = Exclude<keyof typeof exitCode, "done">;

/** What happened before a command failed, and what can follow. */
export interface FailureContext {
  /** Whether the user stopped the command. */
  readonly isInterrupted?: boolean;
  /** Whether a request was sent that may have changed the store. */
  readonly maybeChanged?: boolean;
  /** How to run the command again. Undefined if that does not continue it. */
  readonly resume?: Resume | undefined;
}

/**
 * Decides the exit code of every failure. Code 2 promises that nothing was sent that changes the store, so scripts
 * can correct the input and start over.
 * @param code The kind of failure on its own.
 */
export function failureCodeOf(
  code: FailureCode,
  { isInterrupted, maybeChanged }: FailureContext,
): FailureCode {
  if (isInterrupted === true) return "interrupted";
  return code === "usage" && maybeChanged === true ? "failed" : code;
}
