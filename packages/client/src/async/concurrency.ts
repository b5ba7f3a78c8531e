import { linkedAbort, onAbort } from "./clock.js";

/** Waiting `small` tasks start before waiting `chunk` tasks, so small requests do not wait for chunks of large files. */
export type Priority = "small" | "chunk";

/** Limits how many tasks run at the same time. Other tasks wait in a queue. */
export class Limiter {
  #free: number;
  readonly #waiting: Readonly<Record<Priority, (() => void)[]>> = { small: [], chunk: [] };

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs a task as soon as a slot is free. Rejects with the signal's reason if the signal is aborted first. */
  async run<Value>(priority: Priority, abortSignal: AbortSignal, task: () => Promise<Value>): Promise<Value> {
    abortSignal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(this.#waiting[priority], abortSignal);
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  /** Waits for a free slot. Resolves with the function that releases it; call that function once. */
  async acquire(priority: Priority, abortSignal: AbortSignal | undefined): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(this.#waiting[priority], abortSignal);
    return () => this.#release();
  }

  #release(): void {
    const next = this.#waiting.small.shift() ?? this.#waiting.chunk.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  #turn(queue: (() => void)[], abortSignal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        removeCallback();
        resolve();
      };
      const stop = () => {
        queue.splice(queue.indexOf(begin), 1);
        reject(abortSignal?.reason);
      };
      const removeCallback = abortSignal === undefined ? () => {} : onAbort(abortSignal, stop);
      queue.push(begin);
    });
  }
}

/** What all workers share: their number and the signal that stops them. */
interface WorkerRun {
  readonly signal: AbortSignal;
  readonly settings: { readonly concurrency: number };
}

/**
 * Runs `settings.concurrency` workers. Each worker takes items until none are left. The first failure aborts the other
 * workers and is thrown after they have stopped.
 * @param take Returns the next item for the worker with this index (from 0), or undefined when no items are left.
 */
export async function runWorkers<Run extends WorkerRun, Item extends object | string>(
  run: Run,
  take: (worker: number) => Item | undefined,
  work: (run: Run, item: Item) => Promise<void>,
): Promise<void> {
  const end = linkedAbort(run.signal);
  const workerRun = { ...run, signal: end.signal };
  const failures: unknown[] = [];
  const worker = async (index: number) => {
    try {
      for (let item = take(index); item !== undefined; item = take(index)) {
        end.signal.throwIfAborted();
        await work(workerRun, item);
      }
    } catch (error) {
      failures.push(error);
      end.abort(error);
    }
  };
  try {
    await Promise.all(Array.from({ length: run.settings.concurrency }, (_, index) => worker(index)));
  } finally {
    end.unlink();
  }
  if (failures.length > 0) throw failures[0];
}

/** Returns a function that takes the next item on each call. */
export function takeInOrder<Item>(items: Iterable<Item>): () => Item | undefined {
  const iterator = items[Symbol.iterator]();
  return () => {
    const { value, done } = iterator.next();
    return done === true ? undefined : value;
  };
}
