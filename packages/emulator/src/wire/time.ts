/** The emulator's source of the current time. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** A clock that can be moved forward relative to another clock. */
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
    if (!Number.isFinite(ms) || ms < 0)
      throw new RangeError(`Time can only move forward: ${ms} is not a valid number of milliseconds.`);
    this.#offsetMs += ms;
  }
}

/** Milliseconds from 1601, the start of the cluster's ticks, to 1970. */
const ticksEpochOffsetMs = 11_644_473_600_000n;
const ticksPerMs = 10_000n;

/** Converts a time to ticks of 100 ns. */
export function ticksOf(timeMs: number): bigint {
  return (BigInt(Math.trunc(timeMs)) + ticksEpochOffsetMs) * ticksPerMs;
}

/** Before version 3.0, a time is a number of ticks (protocol §1.1). Since 3.0, it is an ISO date with exactly 3 decimals. */
export function describeTime(timeMs: number, apiVersion: number): string {
  return apiVersion >= 3 ? new Date(timeMs).toISOString() : String(ticksOf(timeMs));
}
