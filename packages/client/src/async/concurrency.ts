import { onAbort } from "./clock.js";

/** Waiting `small` tasks start before waiting `chunk` tasks, so small requests do not wait for chunks of large files. */
export type Priority = "small" | "chunk";

/** A number of tasks that changes with the tasks that it runs. */
export interface MovingLevel {
  /** How many tasks may run now. */
  readonly value: number;
  /** @param isFull Whether as many tasks run as the level allows. Otherwise, their duration says nothing about the level. */
  run<Value>(priority: Priority, task: () => Promise<Value>, isFull: () => boolean): Promise<Value>;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/** Limits how many tasks run at the same time. Other tasks wait in a queue. */
export class Limiter {
  readonly #level: number | MovingLevel;
  readonly #maxBytes: number;
  #running = 0;
  #bytes = 0;
  readonly #waiting: Readonly<Record<Priority, Waiting[]>> = { small: [], chunk: [] };

  /**
   * @param level How many tasks may run.
   * @param maxBytes The memory that all running tasks may use, in bytes. A single task may use more.
   */
  constructor(level: number | MovingLevel, maxBytes = Infinity) {
    this.#level = level;
    this.#maxBytes = maxBytes;
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
    const level = this.#level;
    try {
      return await (typeof level === "number" ? task() : level.run(priority, task, () => this.#isFull()));
    } finally {
      this.#release(bytes);
    }
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
    return bytes === 0 || this.#bytes === 0 || this.#bytes + bytes <= this.#maxBytes;
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

  #isFull(): boolean {
    // When memory limits the tasks, a higher level would change nothing.
    const isShortOfMemory = Object.values(this.#waiting).some(([next]) => !this.#fits(next?.bytes ?? 0));
    return this.#running >= 0.75 * this.level && !isShortOfMemory;
  }

  #turn(queue: Waiting[], bytes: number, abortSignal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        removeCallback();
        resolve();
      };
      const waiting = { bytes, begin };
      const stop = () => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(abortSignal.reason);
        // The next one may need less memory.
        this.#startWaiting();
      };
      const removeCallback = onAbort(abortSignal, stop);
      queue.push(waiting);
    });
  }
}
