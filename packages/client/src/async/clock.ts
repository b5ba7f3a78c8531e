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

/** Who is to be told of a signal, all by one listener. */
const followers = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal is aborted. Returns what prevents it. However many follow a signal, it has one listener: from
 * the eleventh on, platforms warn of a leak.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const all = followers.get(signal) ?? follow(signal);
  all.add(callback);
  return () => {
    all.delete(callback);
    if (all.size > 0 || followers.get(signal) !== all) return;
    followers.delete(signal);
    signal.removeEventListener("abort", tellFollowers);
  };
}

function follow(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  followers.set(signal, all);
  signal.addEventListener("abort", tellFollowers, { once: true });
  return all;
}

function tellFollowers(this: AbortSignal): void {
  const all = followers.get(this) ?? [];
  followers.delete(this);
  for (const callback of all) callback();
}

/** A signal of its own that is aborted with others. To be unlinked: the others may live for ever. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  unlink(): void;
}

/** `AbortSignal.any`, with an end: platforms keep its links as long as the signals live. */
export function linkedAbort(...parents: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const unlinks = parents.flatMap((parent) => {
    if (parent === undefined) return [];
    const follow = () => controller.abort(parent.reason);
    if (!parent.aborted) return [onAbort(parent, follow)];
    follow();
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

/** What the promise gives, or a rejection with the signal's reason as soon as it is aborted, whatever the promise does. */
export function untilAborted<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    const unfollow = onAbort(signal, stop);
    promise.then(resolve, reject).finally(unfollow);
  });
}
