import { FabricError } from "../wire/fabric-error.js";
import { parentsOf, type StorePath } from "./store-path.js";

/** A wait for a path to become free: when it must end, in milliseconds from now. */
export interface Patience {
  readonly timeoutMs: number;
}

type WriteKind = "write" | "delete";

/** Keeps two writes out of one path at the same time (protocol §1.4, §2.5). */
export class PendingWrites {
  readonly #keys = new Set<string>();
  /** Called, and emptied, whenever a path becomes free. */
  #waiting: (() => void)[] = [];

  /**
   * Does `work` while the path is marked as being written.
   * @throws FabricError `OperationsPending` when the path or one of its parents is marked already: a commit does not wait.
   */
  async run<T>(path: StorePath, work: () => Promise<T>): Promise<T> {
    if (this.#isBusy(path.key, "write")) throw new FabricError("OperationsPending");
    return this.#runMarked(path.key, work);
  }

  /**
   * The same for every other write, which waits for its turn: the gateway tries again until the request's time is up.
   * A delete also waits for every path that begins with its text, `Apple` for `App` included (protocol §1.4).
   * @throws FabricError `FABRIC_E_TIMEOUT` when the path did not become free in time.
   */
  async runInTurn<T>(
    path: StorePath,
    kind: WriteKind,
    { timeoutMs }: Patience,
    work: () => Promise<T>,
  ): Promise<T> {
    const endsAt = performance.now() + timeoutMs;
    while (this.#isBusy(path.key, kind)) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) throw new FabricError("FABRIC_E_TIMEOUT");
      await this.#nextRelease(leftMs);
    }
    return this.#runMarked(path.key, work);
  }

  async #runMarked<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#keys.add(key);
    try {
      return await work();
    } finally {
      this.#keys.delete(key);
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  #isBusy(key: string, kind: WriteKind): boolean {
    if ([...parentsOf(key), key].some((candidate) => this.#keys.has(candidate))) return true;
    return kind === "delete" && [...this.#keys].some((pending) => pending.startsWith(key));
  }

  #nextRelease(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
