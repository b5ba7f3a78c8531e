import { type ExitCode, exitCode } from "../errors/errors.js";
import { explain } from "../errors/explain.js";

export type Level = "ok" | "warn" | "fail";

/** What one check has found. */
export interface Finding {
  /** What was looked at; stable, for programs. */
  readonly check: string;
  readonly level: Level;
  readonly says: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** How the process ends if this is the worst. */
  readonly exitCode: ExitCode;
}

export function ok(check: string, says: string): Finding {
  return { check, level: "ok", says, exitCode: exitCode.done };
}

export function warn(check: string, says: string, remedy: string): Finding {
  return { check, level: "warn", says, remedy, exitCode: exitCode.done };
}

export function fail(check: string, says: string, remedy: string): Finding {
  return { check, level: "fail", says, remedy, exitCode: exitCode.failed };
}

/** A check that ended in an error is told as the command would be that met it. */
export function failure(check: string, error: unknown): Finding {
  const { document, exitCode: code } = explain(error);
  const { message, remedy } = document;
  return { check, level: "fail", says: message, ...(remedy === undefined ? {} : { remedy }), exitCode: code };
}

/** The first failure decides: the later ones may follow from it. Warnings do not count. */
export function endingOf(findings: readonly Finding[]): ExitCode {
  return findings.find(({ level }) => level === "fail")?.exitCode ?? exitCode.done;
}
