import { type Clock, sleep } from "../../async/clock.js";
import {
  isFabricError,
  isInvalidInputError,
  isTimeoutError,
  isTransient,
  isUnreachable,
} from "../../errors/errors.js";
import { RetryBudget, type RetrySettings } from "../../http/retry.js";
import { DeployError, type DeployFailureState } from "./deploy-error.js";
import { type Sent, sentence } from "./plan.js";

/** The timers of a deployment. Tests replace them. */
export interface DeployEnvironment {
  readonly clock: Clock;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** Passed to every request. */
export interface Abortable {
  readonly abortSignal: AbortSignal;
}

/** What is known about a request that may have changed something. */
export type Outcome =
  /** The cluster accepted it. */
  | "accepted"
  /** There was no response, or one that says nothing about the request. */
  | "unknown"
  /** The cluster rejected it because its state is not what the deployment saw. */
  | "conflict";

/** How often the state of the cluster may change between reading it and a request that depends on it. */
const maxConflicts = 5;

/** How long to wait before reading the state again, in milliseconds. The time grows as long as nothing changes. */
const firstPollMs = 500;
const longestPollMs = 5000;

/** Makes the requests of a deployment. */
export class DeployRequests {
  readonly #settings: RetrySettings;
  readonly #environment: DeployEnvironment;
  readonly #onRetry: (error: unknown) => void;
  readonly #reads: RetryBudget;
  readonly #sends = new Map<string, { readonly budget: RetryBudget; conflicts: number }>();
  readonly signal: AbortSignal;
  #hasAnswered = false;
  #polled = "";
  #pollMs = firstPollMs;

  constructor(
    settings: RetrySettings,
    environment: DeployEnvironment,
    signal: AbortSignal,
    onRetry: (error: unknown) => void,
  ) {
    this.#settings = settings;
    this.#environment = environment;
    this.signal = signal;
    this.#onRetry = onRetry;
    this.#reads = this.#newBudget();
  }

  /** Makes a request that changes nothing, and retries it after transient failures. */
  async read<Value>(request: (options: Abortable) => Promise<Value>): Promise<Value> {
    for (;;) {
      try {
        const value = await request({ abortSignal: this.signal });
        this.#hasAnswered = true;
        this.#reads.progress();
        return value;
      } catch (error) {
        this.signal.throwIfAborted();
        if (isFabricError(error)) this.#hasAnswered = true;
        // Before the first response, this is more likely a mistake than an outage.
        const isMistake = !this.#hasAnswered && (isUnreachable(error) || isTimeoutError(error));
        if (isMistake || !isTransient(error)) throw error;
        this.#onRetry(error);
        await this.#reads.wait(error, this.signal);
      }
    }
  }

  /**
   * Makes a request that changes something, once. The caller reads the state of the cluster again, whatever the outcome is. Waits
   * before it resolves unless the request was accepted. Throws if a repetition would not help.
   * @param kind Requests of the same kind share their retries.
   * @param isConflict Whether an error says that the cluster has another state. Besides 404 and 409.
   */
  async send(
    kind: string,
    request: (options: Abortable) => Promise<void>,
    isConflict: (error: unknown) => boolean = () => false,
  ): Promise<Outcome> {
    const earlier = this.#sends.get(kind) ?? { budget: this.#newBudget(), conflicts: 0 };
    this.#sends.set(kind, earlier);
    try {
      await request({ abortSignal: this.signal });
      return "accepted";
    } catch (error) {
      this.signal.throwIfAborted();
      if (isInvalidInputError(error)) throw error;
      if (isTransient(error)) {
        this.#onRetry(error);
        await earlier.budget.wait(error, this.signal);
        return "unknown";
      }
      const isStale = isFabricError(error) && (error.status === 404 || error.status === 409);
      if (!(isStale || isConflict(error)) || earlier.conflicts >= maxConflicts) throw error;
      earlier.conflicts += 1;
      this.#onRetry(error);
      await this.pause(`conflict ${kind} ${earlier.conflicts}`);
      return "conflict";
    }
  }

  /** Waits before the state is read again: longer each time, as long as `state` is the same. */
  async pause(state: string, longestMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#pollMs = state === this.#polled ? Math.min(this.#pollMs * 1.5, longestPollMs) : firstPollMs;
    this.#polled = state;
    await sleep(this.#environment.clock, Math.min(this.#pollMs, longestMs), this.signal);
  }

  #newBudget(): RetryBudget {
    const { clock, random } = this.#environment;
    return new RetryBudget(this.#settings, clock, random);
  }
}

/** Sends a request and records it. It is recorded before it is sent, because its response may be lost. */
export async function sendRecorded<Before>(
  record: {
    readonly get: () => Sent<Before> | undefined;
    readonly set: (sent: Sent<Before> | undefined) => void;
  },
  before: Before,
  send: () => Promise<Outcome>,
): Promise<Outcome> {
  const earlier = record.get();
  record.set({ isAnswered: false, before });
  const outcome = await send();
  if (outcome === "accepted") record.set({ isAnswered: true, before });
  // An earlier request whose response was lost may still have been accepted.
  if (outcome === "conflict") record.set(earlier);
  return outcome;
}

/** Makes a missing application or version undefined. */
export function undefinedIfMissing(error: unknown): undefined {
  if (isFabricError(error) && error.status === 404) return undefined;
  throw error;
}

/** The error of a deployment, with its cause in the message. */
export function deployError(message: string, state: DeployFailureState, cause: unknown): DeployError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DeployError(`${message}: ${sentence(why)}`, state, { cause });
}
