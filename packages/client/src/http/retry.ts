import { type Clock, sleep } from "../async/clock.js";
import {
  InvalidInputError,
  isFabricError,
  isTimeoutError,
  isTransient,
  isUnreachable,
} from "../errors/errors.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";

/** How failures that may pass are met. Retries are counted since the last progress: an upload that advances never runs out. */
export interface RetryOptions {
  /** How often to try again without any progress in between, 0 to 1000. @default 10 for uploads, 3 for single requests */
  readonly maxRetries?: number;
  /** Upper end of the first wait, in milliseconds; the wait is random below it, and the end doubles each time. @default 500 */
  readonly retryDelayMs?: number;
  /** What the doubling stops at, in milliseconds. A server's `Retry-After` counts nevertheless, up to 15 minutes. @default 30000 */
  readonly maxRetryDelayMs?: number;
}

const retryNames: OptionNames<RetryOptions> = { maxRetries: true, retryDelayMs: true, maxRetryDelayMs: true };

/** Throws InvalidInputError for the first option that cannot be used. */
export function retrySettings(options: RetryOptions, maxRetries: number): RetrySettings {
  requireOptions("retryOptions", options, retryNames, "retryOptions");
  const day = 24 * 60 * 60 * 1000;
  return {
    maxRetries: whole("retryOptions.maxRetries", options.maxRetries ?? maxRetries, 0, 1000),
    retryDelayMs: whole("retryOptions.retryDelayMs", options.retryDelayMs ?? 500, 0, day),
    maxRetryDelayMs: whole("retryOptions.maxRetryDelayMs", options.maxRetryDelayMs ?? 30_000, 0, day),
  };
}

/** Throws InvalidInputError for what is no whole number within bounds. */
export function whole(option: string, value: number, minimum: number, maximum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
  throw new InvalidInputError(option, `must be a whole number from ${minimum} to ${maximum}, got ${value}`);
}

interface Abortable {
  readonly abortSignal?: AbortSignal;
}

/** Makes a request that may be repeated without harm, as often as it takes or may take. */
export type Retry = <Value>(options: Abortable, request: () => Promise<Value>) => Promise<Value>;

/** For callers with a policy of their own, as the engine of uploads: retries must not multiply. */
export const once: Retry = (_, request) => request();

export interface RetryEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether the server has ever answered. Before that, nobody at the address is rather a mistake than an outage. */
  readonly gateway: { hasAnswered: boolean };
}

/** Retries what may pass. Rejects with the last failure, or as an aborted request does once the caller's signal is aborted. */
export function retrying(settings: RetrySettings, { clock, random, gateway }: RetryEnvironment): Retry {
  return async ({ abortSignal = new AbortController().signal }, request) => {
    const patience = new Patience(settings, clock, random);
    for (;;) {
      try {
        const value = await request();
        gateway.hasAnswered = true;
        return value;
      } catch (error) {
        if (isFabricError(error)) gateway.hasAnswered = true;
        const isMistake = !gateway.hasAnswered && (isUnreachable(error) || isTimeoutError(error));
        if (abortSignal.aborted || isMistake || !isTransient(error)) throw error;
        // Aborted while waiting, the request is made once more: it is not sent, and rejects with the error that says so.
        await patience.wait(error, abortSignal).catch((reason: unknown) => {
          if (!abortSignal.aborted) throw reason;
        });
      }
    }
  };
}

/** As long as a server may ask to wait: what has arrived lives for twice that (protocol §2.8). */
const mostAskedMs = 15 * 60 * 1000;

/** Options that are checked and complete. */
export interface RetrySettings {
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

/** Counts how often something was tried without progress, and how long to wait before the next time. */
export class Patience {
  readonly #settings: RetrySettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  #tries = 0;

  /** @param random Gives numbers from 0 to below 1. */
  constructor(settings: RetrySettings, clock: Clock, random: () => number) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  /** How often it was tried since the last progress. */
  get tries(): number {
    return this.#tries;
  }

  /** Something has been achieved: counting begins anew. */
  progress(): void {
    this.#tries = 0;
  }

  /** Waits before the next try. Throws `error` when there has been no progress for too long. */
  async wait(error: unknown, abortSignal: AbortSignal): Promise<void> {
    this.#spend(error);
    const { retryDelayMs, maxRetryDelayMs } = this.#settings;
    // Full jitter: clients that failed together must not come back together.
    const end = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (this.#tries - 1));
    const asked = (isFabricError(error) && error.retryAfterMs) || 0;
    const ms = Math.max(this.#random() * end, Math.min(asked, mostAskedMs));
    await sleep(this.#clock, ms, abortSignal);
  }

  /** Tries again at once. Throws `error` when there has been no progress for too long. */
  retryNow(error: unknown): void {
    this.#spend(error);
  }

  #spend(error: unknown): void {
    if (this.#tries >= this.#settings.maxRetries) throw error;
    this.#tries += 1;
  }
}
