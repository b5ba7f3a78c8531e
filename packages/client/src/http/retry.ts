import { type Clock, sleep } from "../async/clock.js";
import {
  InvalidInputError,
  isFabricError,
  isTimeoutError,
  isTransient,
  isUnreachable,
} from "../errors/errors.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";

/** How to retry transient failures. Progress resets the count, so an upload that advances never runs out of retries. */
export interface RetryOptions {
  /** The maximum number of retries without progress, 0 to 1000. @default 10 for uploads, 3 for single requests */
  readonly maxRetries?: number;
  /**
   * The upper limit of the first delay, in milliseconds. Each delay is random between 0 and the limit, and the limit doubles
   * after each retry. @default 500
   */
  readonly retryDelayMs?: number;
  /**
   * The maximum of that limit, in milliseconds. A longer `Retry-After` of the server is still honored, up to 15 minutes.
   * @default 30000
   */
  readonly maxRetryDelayMs?: number;
}

const retryNames: OptionNames<RetryOptions> = { maxRetries: true, retryDelayMs: true, maxRetryDelayMs: true };

/** Throws InvalidInputError for the first invalid option. */
export function retrySettings(options: RetryOptions, maxRetries: number): RetrySettings {
  requireOptions("retryOptions", options, retryNames, "retryOptions");
  const day = 24 * 60 * 60 * 1000;
  return {
    maxRetries: requireInteger("retryOptions.maxRetries", options.maxRetries ?? maxRetries, 0, 1000),
    retryDelayMs: requireInteger("retryOptions.retryDelayMs", options.retryDelayMs ?? 500, 0, day),
    maxRetryDelayMs: requireInteger(
      "retryOptions.maxRetryDelayMs",
      options.maxRetryDelayMs ?? 30_000,
      0,
      day,
    ),
  };
}

/** Throws InvalidInputError if the value is not a whole number from `minimum` to `maximum`. */
export function requireInteger(option: string, value: number, minimum: number, maximum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
  throw new InvalidInputError(option, `must be a whole number from ${minimum} to ${maximum}, got ${value}`);
}

interface Abortable {
  readonly abortSignal?: AbortSignal;
}

/** Makes an idempotent request and retries it after transient failures. */
export type Retry = <Value>(options: Abortable, request: () => Promise<Value>) => Promise<Value>;

/** Makes the request once. Used by uploads, which have their own retry policy: nested retries would multiply. */
export const noRetry: Retry = (_, request) => request();

export interface RetryEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether the server has ever responded. Before that, a failed connection is more likely a mistake than an outage. */
  readonly gateway: { hasAnswered: boolean };
}

/** Creates a Retry. It rejects with the last failure, or like an aborted request after the caller aborts. */
export function createRetry(settings: RetrySettings, { clock, random, gateway }: RetryEnvironment): Retry {
  return async ({ abortSignal }, request) => {
    const retryBudget = new RetryBudget(settings, clock, random);
    for (;;) {
      try {
        const value = await request();
        gateway.hasAnswered = true;
        return value;
      } catch (error) {
        if (isFabricError(error)) gateway.hasAnswered = true;
        const isMistake = !gateway.hasAnswered && (isUnreachable(error) || isTimeoutError(error));
        if (abortSignal?.aborted || isMistake || !isTransient(error)) throw error;
        // After an abort during the wait, the next request is not sent and rejects with an AbortError.
        await retryBudget
          .wait(error, abortSignal ?? new AbortController().signal)
          .catch((reason: unknown) => {
            if (!abortSignal?.aborted) throw reason;
          });
      }
    }
  };
}

/** The longest `Retry-After` that the client honors. Upload sessions expire after twice that time (protocol §2.8). */
const maxRetryAfterMs = 15 * 60 * 1000;

/** Validated options with defaults. */
export interface RetrySettings {
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

/** Counts retries since the last progress and waits before the next one. */
export class RetryBudget {
  readonly #settings: RetrySettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  #retries = 0;

  /** @param random Returns numbers from 0 (inclusive) to 1 (exclusive). */
  constructor(settings: RetrySettings, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  /** The number of retries since the last progress. */
  get retries(): number {
    return this.#retries;
  }

  /** Resets the count. */
  progress(): void {
    this.#retries = 0;
  }

  /** Waits before the next retry. Throws `error` if no retries are left. */
  async wait(error: unknown, abortSignal: AbortSignal): Promise<void> {
    this.#spend(error);
    const { retryDelayMs, maxRetryDelayMs } = this.#settings;
    // Full jitter: clients that failed at the same time must not retry at the same time.
    const limit = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (this.#retries - 1));
    const retryAfterMs = (isFabricError(error) && error.retryAfterMs) || 0;
    const ms = Math.max(this.#random() * limit, Math.min(retryAfterMs, maxRetryAfterMs));
    await sleep(this.#clock, ms, abortSignal);
  }

  /** Counts a retry without a delay. Throws `error` if no retries are left. */
  retryNow(error: unknown): void {
    this.#spend(error);
  }

  #spend(error: unknown): void {
    if (this.#retries >= this.#settings.maxRetries) throw error;
    this.#retries += 1;
  }
}
