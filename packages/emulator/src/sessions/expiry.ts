/** How long upload sessions live. */
export interface Expiry {
  /** Milliseconds a session is kept after its creation or its last new chunk. */
  readonly lifetimeMs: number;
  /** Milliseconds between two looks for sessions past that. */
  readonly sweepIntervalMs: number;
}

const minuteMs = 60_000;

/** What a cluster has, unless its operator changed it (protocol §2.8). */
export const defaultExpiry: Expiry = { lifetimeMs: 30 * minuteMs, sweepIntervalMs: 5 * minuteMs };

/**
 * When sessions are swept: once a lifetime after the first session came, then at every interval while any remain. A
 * session therefore lives for its lifetime and up to one interval more (protocol §2.8).
 */
export class SweepSchedule {
  readonly #expiry: Expiry;
  #next: number | undefined;

  constructor(expiry: Expiry) {
    this.#expiry = expiry;
  }

  /** A session came when there was none. */
  start(now: number): void {
    this.#next = now + this.#expiry.lifetimeMs;
  }

  /** The moment of a sweep that should have happened by now. */
  due(now: number): number | undefined {
    return this.#next !== undefined && this.#next <= now ? this.#next : undefined;
  }

  isOverdue(modifiedAt: number, at: number): boolean {
    return modifiedAt + this.#expiry.lifetimeMs <= at;
  }

  swept(at: number, anyLeft: boolean): void {
    this.#next = anyLeft ? at + this.#expiry.sweepIntervalMs : undefined;
  }
}
