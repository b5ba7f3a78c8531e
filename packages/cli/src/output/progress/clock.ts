/** Time, so that tests need not wait. */
export interface Clock {
  /** In milliseconds, from any beginning. */
  now(): number;
  /** Calls again and again until the returned function is called. Keeps no process alive. */
  every(ms: number, tick: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
