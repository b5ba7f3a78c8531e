import { linkedAbort, onAbort } from "./clock.js";

/** Which waiting task starts first: small requests do not wait behind the chunks of large files. */
export type Priority = "small" | "chunk";

/** Limits how many tasks run at the same time. The others wait in line. */
export class Limiter {
  #free: number;
  readonly #waiting: Readonly<Record<Priority, (() => void)[]>> = { small: [], chunk: [] };

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs a task when there is room for it. Rejects with the signal's reason if that comes first. */
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

  /** Resolves when there is room, with the function that frees it. Call that once. */
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
        unfollow();
        resolve();
      };
      const stop = () => {
        queue.splice(queue.indexOf(begin), 1);
        reject(abortSignal?.reason);
      };
      const unfollow = abortSignal === undefined ? () => {} : onAbort(abortSignal, stop);
      queue.push(begin);
    });
  }
}

/** What workers share: how many there are, and what stops them. */
interface WorkerRun {
  readonly signal: AbortSignal;
  readonly settings: { readonly concurrency: number };
}

/**
 * Starts as many workers as requests may run at the same time. Each takes items until none is left. The first failure
 * aborts the other workers, and is thrown when they have stopped.
 * @param take Gives the next item for a worker, counted from 0, or undefined when none is left.
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

/** Gives the items of a list one after the other, to whichever worker asks. */
export function oneByOne<Item>(items: Iterable<Item>): () => Item | undefined {
  const iterator = items[Symbol.iterator]();
  return () => {
    const { value, done } = iterator.next();
    return done === true ? undefined : value;
  };
}
