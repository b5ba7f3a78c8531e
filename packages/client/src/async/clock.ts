import { onAbort } from "./abort.js";

/** Time as the engine sees it, so that tests need not wait. */
export interface Clock {
  /** Calls back once, after so many milliseconds. Returns what prevents it. */
  setTimer(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  setTimer(ms, callback) {
    // A platform's timer takes 2^31 - 1 ms at most and fires at once beyond that.
    const timer = setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** Waits. Rejects with the signal's reason when it is aborted. */
export function sleep(clock: Clock, ms: number, abortSignal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (abortSignal.aborted) return reject(abortSignal.reason);
    const unfollow = onAbort(abortSignal, () => {
      cancel();
      reject(abortSignal.reason);
    });
    const cancel = clock.setTimer(ms, () => {
      unfollow();
      resolve();
    });
  });
}
