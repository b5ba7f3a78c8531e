/** The command line, the environment or a profile asks for something that cannot be. The message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An error's message, to be put into a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a command is about does not exist. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** The cluster cannot do what a command is for. The message says what can be done instead. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}

/** There is no token to sign in with. The message says what to do. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}

/** An error that has something to say to programs beside its message. */
export abstract class DetailedError extends Error {
  readonly details: object;

  constructor(message: string, details: object, options: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}

/** The user has stopped a command that can go on later. The message says how. */
export class Interruption extends DetailedError {
  override readonly name = "Interruption";
}

/** Some of what was to be deleted is gone, and the rest is not: the cause says why. */
export class PartialDeletionError extends DetailedError {
  override readonly name = "PartialDeletionError";
}

/** How the process ends. Documented in the README; scripts rely on it. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  authentication: 3,
  notFound: 4,
  verification: 5,
  timeOut: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The names of codes that stand for a failure. */
export type FailureCode = Exclude<keyof typeof exitCode, "done">;

/** What had happened when a command failed. */
export interface Circumstances {
  /** The user has stopped it. */
  readonly isInterrupted?: boolean;
  /** Something was sent that may have changed the store. */
  readonly hasChanged?: boolean;
}

/**
 * The one place that decides how a failure ends the process. 2 is a promise: nothing was sent that changes the store, so
 * scripts may correct the input and start over.
 * @param code What kind of failure it is, taken by itself.
 */
export function failureCodeOf(code: FailureCode, { isInterrupted, hasChanged }: Circumstances): FailureCode {
  if (isInterrupted === true) return "interrupted";
  return code === "usage" && hasChanged === true ? "failed" : code;
}
