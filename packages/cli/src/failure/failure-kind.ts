import type { FailureCode } from "./exit-code.js";
import type { Facts } from "./facts.js";

/** One kind of failure: how to know it, how the process ends with it, and what can be done. */
export interface FailureKind {
  /** Stable, for programs. */
  readonly kind: string;
  readonly code: FailureCode;
  applies(facts: Facts): boolean;
  /** What to say in place of an error's own words, where those do not help. */
  says?(facts: Facts): string | undefined;
  remedy?(facts: Facts): string | undefined;
}
