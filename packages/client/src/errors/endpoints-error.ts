import { deepestCause } from "./deepest-cause.js";

export interface EndpointFailure {
  readonly endpoint: string;
  /** What was asked for there. */
  readonly url: string;
  readonly error: unknown;
}

/** A request got no answer from those endpoints that it was sent to: at least one. The mapper makes an error of it. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  readonly failures: readonly EndpointFailure[];

  constructor(failures: readonly EndpointFailure[]) {
    super("no endpoint answered");
    this.failures = failures;
  }
}

/** What happened at several endpoints, none of which answered: the `errors` in the order of `endpoints`. */
export class EndpointsError extends AggregateError {
  override readonly name = "EndpointsError";
  readonly endpoints: readonly string[];

  constructor(failures: readonly EndpointFailure[]) {
    const parts = failures.map(({ endpoint, error }) => `${endpoint} (${deepestCause(error).message})`);
    super(
      failures.map(({ error }) => error),
      `no endpoint answered: ${parts.join(", ")}`,
    );
    this.endpoints = failures.map(({ endpoint }) => endpoint);
  }
}
