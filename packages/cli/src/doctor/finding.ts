import { type ExitCode, exitCode } from "../errors/errors.js";
import { explain } from "../errors/explain.js";

export type Level = "ok" | "warn" | "fail";

/** The result of one check. */
export interface Finding {
  /** The name of the check. Stable, for programs. */
  readonly check: string;
  readonly level: Level;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** The exit code of the process if this finding is the first failure. */
  readonly exitCode: ExitCode;
}

export function ok(check: string, message: string): Finding {
  return { check, level: "ok", message, exitCode: exitCode.done };
}

export function warn(check: string, message: string, remedy: string): Finding {
  return { check, level: "warn", message, remedy, exitCode: exitCode.done };
}

export function fail(check: string, message: string, remedy: string): Finding {
  return { check, level: "fail", message, remedy, exitCode: exitCode.failed };
}

/** Describes an error as the failing command would. */
export function failedCheck(check: string, error: unknown): Finding {
  const { document, exitCode: code } = explain(error);
  const { message, remedy } = document;
  return {
    check,
    level: "fail",
    message,
    ...(remedy === undefined ? {} : { remedy }),
    exitCode: code,
  };
}

/** The first failure decides, because later ones may be its consequences. Warnings do not count. */
export function exitCodeOf(findings: readonly Finding[]): ExitCode {
  return findings.find(({ level }) => level === "fail")?.exitCode ?? exitCode.done;
}
