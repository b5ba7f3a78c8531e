import { FabricError } from "../wire/fabric-error.js";
import { parentsOf, type StorePath } from "./store-path.js";

/** How long to wait for a path, in milliseconds. */
export interface Patience {
  readonly timeoutMs: number;
}

type WriteKind = "write" | "delete";

/** Prevents simultaneous writes to the same path (protocol §1.4, §2.5). */
export class PendingWrites {
  readonly #keys = new Set<string>();
  /** Called once, when the next path becomes free. */
  #waiting: (() => void)[] = [];

  /**
   * Runs `work` while the path is marked as being written. For commits, which do not wait.
   * @throws FabricError `OperationsPending` if the path or one of its parents is already being written.
   */
  async run<T>(path: StorePath, work: () => Promise<T>): Promise<T> {
    if (this.#isBusy(path.key, "write")) throw new FabricError("OperationsPending");
    return this.#runMarked(path.key, work);
  }

  /**
   * The same for all other writes, which wait for the path: the gateway retries until the request times out. A delete also
   * waits for every path that begins with the same text, such as `Apple` for `App` (protocol §1.4).
   * @throws FabricError `FABRIC_E_TIMEOUT` if the path does not become free in time.
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
