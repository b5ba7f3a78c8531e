import { linkedAbort } from "./clock.js";

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
