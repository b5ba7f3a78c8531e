import type { Cli } from "../cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { PartialDeletionError } from "../failure/detailed-error.js";
import { reasonOf } from "../failure/usage-error.js";
import { oneLine } from "../output/one-line.js";

/** Deletes one path after the other. Throws PartialDeletionError when one fails and others are gone already. */
export async function deleteInTurn(
  { output, signal }: Cli,
  store: Pick<ImageStore, "deleteContent">,
  storePaths: readonly string[],
): Promise<void> {
  const deleted: string[] = [];
  try {
    for (const storePath of storePaths) {
      await store.deleteContent({ storePath, abortSignal: signal });
      output.detail(`Deleted ${oneLine(storePath)}.`);
      deleted.push(storePath);
    }
  } catch (cause) {
    if (deleted.length === 0) throw cause;
    const reason = signal.aborted ? "Stopped." : reasonOf(cause);
    throw new PartialDeletionError(
      `${reason}\nDeleted before that: ${deleted.map(oneLine).join(", ")}.`,
      { deleted },
      { cause },
    );
  }
}
