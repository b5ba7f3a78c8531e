import { detailsOf } from "./details.js";
import type { ExitCode } from "./exit-code.js";
import { exitCode } from "./exit-code.js";

/** An error, as it is told. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** For programs: `code` is stable, `message` is for people. */
  readonly document: {
    readonly code: string;
    readonly exitCode: ExitCode;
    readonly message: string;
    readonly details: object;
  };
  readonly text: string;
}

/** What went wrong, how that ends the process, and what can be done. */
export function explain(error: unknown, isInterrupted: boolean): Failure {
  const code = codeOf(error, isInterrupted);
  const message = error instanceof Error ? error.message : String(error);
  const ending = exitCode[code];
  return {
    exitCode: ending,
    document: { code, exitCode: ending, message, details: detailsOf(error) },
    text: message,
  };
}

function codeOf(error: unknown, isInterrupted: boolean): keyof typeof exitCode {
  if (isInterrupted) return "interrupted";
  const { name, status, reason } = factsOf(error);
  if (name === "UsageError" || name === "InvalidInputError") return "usage";
  if (name === "VerificationError") return "verification";
  if (name === "TimeoutError" || reason === "timed-out") return "timeOut";
  if (status === 401 || status === 403) return "authentication";
  if (status === 404 || name === "NotFoundError") return "notFound";
  return "failed";
}

/** An upload's error has what the server said as its cause. */
function factsOf(error: unknown): { name?: unknown; status?: unknown; reason?: unknown } {
  if (typeof error !== "object" || error === null) return {};
  return "cause" in error ? { ...factsOf(error.cause), ...members(error) } : members(error);
}

function members(error: object): { name?: unknown; status?: unknown; reason?: unknown } {
  const { name, status, reason }: { name?: unknown; status?: unknown; reason?: unknown } = error;
  return {
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { status }),
    ...(reason === undefined ? {} : { reason }),
  };
}
