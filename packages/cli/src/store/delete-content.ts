import { isReceiptPath, receiptsOf } from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { PartialDeletionError } from "../failure/detailed-error.js";
import { reasonOf } from "../failure/usage-error.js";
import { oneLine } from "../output/one-line.js";
import { listEntries } from "./read-tree.js";

type Deleter = Pick<ImageStore, "deleteContent" | "listContent">;

/** How often a path is deleted that the cluster says it deleted and still lists. */
const mostDeletions = 3;

/** Deletes one path after the other. Throws PartialDeletionError when one fails and others are gone already. */
export async function deleteInTurn(
  { output, signal }: Cli,
  store: Deleter,
  storePaths: readonly string[],
): Promise<void> {
  const deleted: string[] = [];
  try {
    for (const storePath of storePaths) {
      await deleteProved(store, storePath, signal);
      output.detail(`Deleted ${oneLine(storePath)}.`);
      deleted.push(storePath);
      await deleteReceipts(store, storePath, signal).catch((error: unknown) => {
        output.detail(`The receipts of ${oneLine(storePath)} could not be deleted: ${reasonOf(error)}`);
      });
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

/** An answer proves nothing: it may be that of another request. The listing has to agree. */
async function deleteProved(store: Deleter, storePath: string, abortSignal: AbortSignal): Promise<void> {
  for (let deletion = 1; deletion <= mostDeletions; deletion += 1) {
    await store.deleteContent({ storePath, abortSignal });
    const left = await listEntries(store, storePath, abortSignal);
    if (left === undefined || left.length === 0) return;
  }
  throw new Error(
    `The cluster answered that it deleted ${storePath}, but still lists it. Run the same command again.`,
  );
}

/** They are void without what they are about, and would only be left lying around. */
async function deleteReceipts(store: Deleter, storePath: string, abortSignal: AbortSignal): Promise<void> {
  if (isReceiptPath(storePath)) return;
  const receipts = receiptsOf(storePath);
  if ((await listEntries(store, receipts, abortSignal)) === undefined) return;
  await store.deleteContent({ storePath: receipts, abortSignal });
}
