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
