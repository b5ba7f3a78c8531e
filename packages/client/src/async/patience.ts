import { isFabricError } from "../errors/errors.js";
import { type Clock, sleep } from "./clock.js";

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
