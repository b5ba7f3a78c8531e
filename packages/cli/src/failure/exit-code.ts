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
