import type { Secrets } from "./secrets.js";

/** What requests say of who sends them, and to whom. */
export interface Identity {
  readonly clusterId: string | undefined;
  readonly secrets: Secrets;
}
