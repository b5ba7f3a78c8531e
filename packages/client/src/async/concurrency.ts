import type { EndedTask, MovingLevel, Priority } from "./auto-level.js";
import { linkedAbort, onAbort } from "./clock.js";

/** What a limiter needs to find its own level. */
export interface AutoLimits {
  readonly level: MovingLevel;
  /** The time in milliseconds since any moment. */
  readonly now: () => number;
  /** Whether an error of a task means that the server is overloaded. */
  readonly isOverload: (error: unknown) => boolean;
  /** The memory that all running tasks may use, in bytes. A single task may use more. */
  readonly maxBytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** Limits how many tasks run at the same time. Other tasks wait in a queue. */
export class Limiter {
  readonly #level: number | MovingLevel;
  readonly #limits: AutoLimits | undefined;
  #running = 0;
  #bytes = 0;
  readonly #waiting: Readonly<Record<Priority, Waiting[]>> = { small: [], chunk: [] };

  /** @param limits How many tasks may run; or what is needed to find that out. */
  constructor(limits: number | AutoLimits) {
    this.#level = typeof limits === "number" ? limits : limits.level;
    this.#limits = typeof limits === "number" ? undefined : limits;
  }

  /** How many tasks may run now. */
  get level(): number {
    return typeof this.#level === "number" ? this.#level : this.#level.value;
  }

  /**
   * Runs a task as soon as a slot is free. Rejects with the signal's reason if the signal is aborted first.
   * @param bytes The memory that the task uses.
   */
  async run<Value>(
    priority: Priority,
    abortSignal: AbortSignal,
    task: () => Promise<Value>,
    bytes = 0,
  ): Promise<Value> {
    abortSignal.throwIfAborted();
    if (this.#isFree(bytes)) this.#occupy(bytes);
    else await this.#turn(this.#waiting[priority], bytes, abortSignal);
    const startedAt = this.#limits?.now() ?? 0;
    let outcome: EndedTask["outcome"] = "failed";
    try {
      const value = await task();
      outcome = "done";
      return value;
    } catch (error) {
      if (this.#limits?.isOverload(error) === true) outcome = "overloaded";
      throw error;
    } finally {
      this.#record(priority, startedAt, outcome);
      this.#release(bytes);
    }
  }

  /** Waits for a free slot. Resolves with the function that releases it; call that function once. */
  async acquire(priority: Priority, abortSignal: AbortSignal | undefined): Promise<() => void> {
    if (this.#isFree(0)) this.#occupy(0);
    else await this.#turn(this.#waiting[priority], 0, abortSignal);
    return () => this.#release(0);
  }

  #release(bytes: number): void {
    this.#running -= 1;
    this.#bytes -= bytes;
    this.#startWaiting();
  }

  #isFree(bytes: number): boolean {
    return this.#running < this.level && this.#fits(bytes);
  }

  #fits(bytes: number): boolean {
    return bytes === 0 || this.#bytes === 0 || this.#bytes + bytes <= (this.#limits?.maxBytes ?? Infinity);
  }

  #occupy(bytes: number): void {
    this.#running += 1;
    this.#bytes += bytes;
  }

  #startWaiting(): void {
    for (;;) {
      const queue = this.#waiting.small.length > 0 ? this.#waiting.small : this.#waiting.chunk;
      const next = queue[0];
      if (next === undefined || !this.#isFree(next.bytes)) return;
      queue.shift();
      this.#occupy(next.bytes);
      next.begin();
    }
  }

  #record(priority: Priority, startedAt: number, outcome: EndedTask["outcome"]): void {
    if (typeof this.#level === "number" || this.#limits === undefined) return;
    // When memory limits the tasks, a higher level would change nothing.
    const isShortOfMemory = Object.values(this.#waiting).some(([next]) => !this.#fits(next?.bytes ?? 0));
    const isFull = this.#running >= 0.75 * this.level && !isShortOfMemory;
    this.#level.record({ priority, startedAt, endedAt: this.#limits.now(), isFull, outcome });
  }

  #turn(queue: Waiting[], bytes: number, abortSignal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        removeCallback();
        resolve();
      };
      const waiting = { bytes, begin };
      const stop = () => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(abortSignal?.reason);
        // The next one may need less memory.
        this.#startWaiting();
      };
      const removeCallback = abortSignal === undefined ? () => {} : onAbort(abortSignal, stop);
      queue.push(waiting);
    });
  }
}

/** What all workers share: the limit of their number, and the signal that stops them. */
interface WorkerRun {
  readonly signal: AbortSignal;
  readonly slots: { readonly level: number };
}

/**
 * Runs as many workers as `slots` allows tasks, now and later. Each worker takes items until none are left. The first failure
 * aborts the other workers and is thrown after they have stopped.
 * @param take Returns the next item for the worker with this index (from 0), or undefined when no items are left. Worker 0
 *   works from the start to the end.
 */
export async function runWorkers<Run extends WorkerRun, Item extends object | string>(
  run: Run,
  take: (worker: number) => Item | undefined,
  work: (run: Run, item: Item) => Promise<void>,
): Promise<void> {
  const end = linkedAbort(run.signal);
  const workerRun = { ...run, signal: end.signal };
  const failures: unknown[] = [];
  const workers: Promise<void>[] = [];
  let working = 0;
  let isDone = false;
  const worker = async (index: number) => {
    working += 1;
    try {
      while (index === 0 || working <= run.slots.level) {
        const item = take(index);
        isDone ||= item === undefined;
        if (item === undefined) break;
        end.signal.throwIfAborted();
        await work(workerRun, item);
        startWorkers();
      }
    } catch (error) {
      isDone = true;
      failures.push(error);
      end.abort(error);
    }
    working -= 1;
  };
  const startWorkers = () => {
    while (!isDone && working < run.slots.level) workers.push(worker(workers.length));
  };
  try {
    startWorkers();
    // Workers start others before they end.
    for (const running of workers) await running;
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
