import type { Clock, sleep } from "./clock.js";

/** Called when more bytes of a request have been sent. Returns a promise if the rest has to wait. */
export type Pace = (bytes: number) => Promise<void> | undefined;

/** Time that was lost to late timers is made up for, but no more than this. */
const maxCatchUpMs = 100;

/** Timers are not more precise than this. */
const minWaitMs = 5;

/**
 * Limits how many bytes per second the requests of an upload send together. Each request gets its own time in which it sends at
 * the full rate, so that the time it takes does not depend on the number of concurrent requests.
 */
export class RateLimit {
  readonly #msPerByte: number;
  readonly #clock: Clock;
  readonly #sleep: typeof sleep;
  /** Resolves when the last request in the queue has got its time. */
  #last: Promise<unknown> = Promise.resolve();
  /** When the time of the next request starts. */
  #nextAt: number | undefined;
  /** How many requests wait for their turn. */
  #waiting = 0;

  /** @param wait Passed, because bundlers would split the modules that a page loads at once if this module imported one of them. */
  constructor(bytesPerSecond: number, clock: Clock, wait: typeof sleep) {
    this.#sleep = wait;
    this.#msPerByte = 1000 / bytesPerSecond;
    this.#clock = clock;
  }

  /** Whether requests wait for their turn: the rate is what limits them, and not the server. */
  get isFull(): boolean {
    return this.#waiting > 0;
  }

  /** Waits until a request may send this many bytes. Requests take turns. Rejects with the signal's reason. */
  async turn(bytes: number, abortSignal: AbortSignal): Promise<Pace> {
    this.#waiting += 1;
    const turn = this.#last.then(() => this.#takeTime(bytes * this.#msPerByte, abortSignal));
    // After an abort, the next request takes its turn.
    this.#last = turn.catch(() => {});
    try {
      await turn;
    } finally {
      this.#waiting -= 1;
    }
    return this.#pace(bytes, abortSignal);
  }

  async #takeTime(ms: number, abortSignal: AbortSignal): Promise<void> {
    abortSignal.throwIfAborted();
    await this.#until(this.#nextAt, abortSignal);
    this.#nextAt = this.#after(this.#nextAt, ms);
  }

  /** The time of a request starts with its first bytes, because connecting takes time, too. */
  #pace(total: number, abortSignal: AbortSignal): Pace {
    let left = total;
    let allowedAt: number | undefined;
    return (bytes) => {
      left -= bytes;
      // The next request waits in its turn.
      if (left <= 0) return undefined;
      allowedAt = this.#after(allowedAt, bytes * this.#msPerByte);
      return this.#until(allowedAt, abortSignal);
    };
  }

  /** The end of a period that starts at `start`, or now. Time that was lost is made up for only to some extent. */
  #after(start: number | undefined, ms: number): number {
    const now = this.#clock.now();
    return Math.max(start ?? now, now - maxCatchUpMs) + ms;
  }

  #until(time: number | undefined, abortSignal: AbortSignal): Promise<void> | undefined {
    const waitMs = (time ?? 0) - this.#clock.now();
    return waitMs < minWaitMs ? undefined : this.#sleep(this.#clock, waitMs, abortSignal);
  }
}
