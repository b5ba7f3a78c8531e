import type { Cli } from "../cli.js";
import type { ImageStore } from "../connection/open-store.js";

/** Deletes one path after the other. Says what is gone already when one of them fails. */
export async function deleteInTurn(
  { output, signal }: Cli,
  store: Pick<ImageStore, "deleteContent">,
  storePaths: readonly string[],
): Promise<void> {
  const gone: string[] = [];
  try {
    for (const storePath of storePaths) {
      await store.deleteContent({ storePath, abortSignal: signal });
      output.detail(`Deleted ${storePath}.`);
      gone.push(storePath);
    }
  } catch (error) {
    if (gone.length > 0) output.warn(`Deleted before that: ${gone.join(", ")}.`);
    throw error;
  }
}
