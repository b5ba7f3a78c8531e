/** Timers that tests can replace, so that they do not wait. */
export interface Clock {
  /** Calls `callback` once after `ms` milliseconds. Returns a function that cancels the timer. */
  setTimer(ms: number, callback: () => void): () => void;
  /** The time in milliseconds since any moment. */
  now(): number;
}

export const systemClock: Clock = {
  setTimer(ms, callback) {
    // Timers are limited to 2^31 - 1 ms; longer timers fire immediately.
    const timer = setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
  now: () => performance.now(),
};

/** Loads something with the first call. If that fails, the next call tries again. */
export function onDemand<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** Waits `ms` milliseconds. Rejects with the signal's reason when the signal is aborted. */
export function sleep(clock: Clock, ms: number, abortSignal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (abortSignal.aborted) return reject(abortSignal.reason);
    const removeCallback = onAbort(abortSignal, () => {
      cancel();
      reject(abortSignal.reason);
    });
    const cancel = clock.setTimer(ms, () => {
      removeCallback();
      resolve();
    });
  });
}

/** The callbacks of each signal, which share one listener. */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` when the signal is aborted. Returns a function that removes the callback. All callbacks of a signal share
 * one listener, because Node.js warns of a leak when a signal has more than ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const all = callbacksOf.get(signal) ?? listen(signal);
  all.add(callback);
  return () => {
    all.delete(callback);
    if (all.size > 0 || callbacksOf.get(signal) !== all) return;
    callbacksOf.delete(signal);
    signal.removeEventListener("abort", runCallbacks);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  callbacksOf.set(signal, all);
  signal.addEventListener("abort", runCallbacks, { once: true });
  return all;
}

function runCallbacks(this: AbortSignal): void {
  const all = callbacksOf.get(this) ?? [];
  callbacksOf.delete(this);
  for (const callback of all) callback();
}

/** A new signal that is aborted together with its parents. Call `unlink` when done, because a parent may exist forever. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  unlink(): void;
}

/** Like `AbortSignal.any`, but can be unlinked: platforms keep the links of `any` as long as the parent signals exist. */
export function linkedAbort(...parents: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const unlinks = parents.flatMap((parent) => {
    if (parent === undefined) return [];
    const abort = () => controller.abort(parent.reason);
    if (!parent.aborted) return [onAbort(parent, abort)];
    abort();
    return [];
  });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => {
      for (const unlink of unlinks) unlink();
    },
  };
}

/** Settles like the promise, or rejects with the signal's reason as soon as the signal is aborted. */
export function untilAborted<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    const removeCallback = onAbort(signal, stop);
    promise.then(
      (value) => {
        removeCallback();
        resolve(value);
      },
      (error: unknown) => {
        removeCallback();
        reject(error);
      },
    );
  });
}
