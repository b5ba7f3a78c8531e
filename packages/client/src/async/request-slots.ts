import { onAbort } from "./abort.js";

/** Who goes first when a slot gets free: small requests do not wait behind the chunks of large files. */
export type Priority = "small" | "chunk";

/** Limits how many requests are under way, over all files of an upload. */
export class RequestSlots {
  #free: number;
  readonly #waiting: Readonly<Record<Priority, (() => void)[]>> = { small: [], chunk: [] };

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs a task when there is room for it. Rejects with the signal's reason if it has to wait for longer than that. */
  async run<Value>(priority: Priority, abortSignal: AbortSignal, task: () => Promise<Value>): Promise<Value> {
    abortSignal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(this.#waiting[priority], abortSignal);
    try {
      return await task();
    } finally {
      const next = this.#waiting.small.shift() ?? this.#waiting.chunk.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #turn(queue: (() => void)[], abortSignal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        unfollow();
        resolve();
      };
      const stop = () => {
        queue.splice(queue.indexOf(begin), 1);
        reject(abortSignal.reason);
      };
      const unfollow = onAbort(abortSignal, stop);
      queue.push(begin);
    });
  }
}
