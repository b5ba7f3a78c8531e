import { FabricError } from "../fabric-error.js";
import type { StorePath } from "./store-path.js";

/** Keeps two writes out of one path at the same time. */
export class PendingWrites {
  readonly #keys = new Set<string>();

  /**
   * Does `work` while the path is marked as being written.
   * @throws FabricError `OperationsPending` when the path or one of its parents is marked already (protocol §2.5).
   */
  async run<T>(path: StorePath, work: () => Promise<T>): Promise<T> {
    for (const key of withParents(path.key)) {
      if (this.#keys.has(key)) throw new FabricError("OperationsPending");
    }
    this.#keys.add(path.key);
    try {
      return await work();
    } finally {
      this.#keys.delete(path.key);
    }
  }
}

function withParents(key: string): string[] {
  const segments = key.split("\\");
  return segments.map((_, index) => segments.slice(0, index + 1).join("\\"));
}
