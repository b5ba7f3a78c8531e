import type { Secrets } from "../errors/secrets.js";

/** What requests say of who sends them, and what is known of whom they are sent to. */
export interface Identity {
  readonly clusterId: string | undefined;
  readonly secrets: Secrets;
  /** Whether an answer in HTTP has ever come: then one that cannot be read is no sign of a wrong endpoint. */
  hasAnswered: boolean;
}
