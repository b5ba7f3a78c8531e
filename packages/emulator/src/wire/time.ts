/** Where the emulator takes the time from. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** Another clock, moved forward by hand. */
export class AdvancedClock implements Clock {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`Time goes forward only: ${ms} ms is no step.`);
    this.#offsetMs += ms;
  }
}

/** Milliseconds between 1601, where the cluster's ticks begin, and 1970. */
const ticksEpochOffsetMs = 11_644_473_600_000n;
const ticksPerMs = 10_000n;

/** A time as a count of ticks of 100 ns. */
export function ticksOf(timeMs: number): bigint {
  return (BigInt(Math.trunc(timeMs)) + ticksEpochOffsetMs) * ticksPerMs;
}

/** Before version 3.0 a time is a count of ticks (protocol §1.1); from there on it is ISO with exactly 3 decimals. */
export function describeTime(timeMs: number, apiVersion: number): string {
  return apiVersion >= 3 ? new Date(timeMs).toISOString() : String(ticksOf(timeMs));
}
