import { linkedAbort } from "../async/abort.js";
import type { UploadRun } from "../upload/upload-run.js";

/**
 * Works through items, as many at a time as requests may be under way. The first failure is thrown, once all other work,
 * which it aborts, has come to its end.
 * @param take Gives the next item for a lane, counted from 0, and undefined when there is none left.
 */
export async function inLanes<Item extends object | string>(
  run: UploadRun,
  take: (lane: number) => Item | undefined,
  work: (lane: UploadRun, item: Item) => Promise<void>,
): Promise<void> {
  const end = linkedAbort(run.signal);
  const laneRun = { ...run, signal: end.signal };
  const failures: unknown[] = [];
  const lane = async (index: number) => {
    try {
      for (let item = take(index); item !== undefined; item = take(index)) {
        end.signal.throwIfAborted();
        await work(laneRun, item);
      }
    } catch (error) {
      failures.push(error);
      end.abort(error);
    }
  };
  try {
    await Promise.all(Array.from({ length: run.settings.concurrency }, (_, index) => lane(index)));
  } finally {
    end.unlink();
  }
  if (failures.length > 0) throw failures[0];
}

/** Gives the items of a list one after the other, to whichever lane asks. */
export function oneByOne<Item>(items: Iterable<Item>): () => Item | undefined {
  const iterator = items[Symbol.iterator]();
  return () => {
    const { value, done } = iterator.next();
    return done === true ? undefined : value;
  };
}
