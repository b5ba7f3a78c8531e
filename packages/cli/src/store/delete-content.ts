import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { isReceiptPath, receiptsOf } from "@sf-image-store/client/node";
import { isReservedFolder } from "@sf-image-store/types";
import type { Cli } from "../connection/cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { PartialDeletionError, reasonOf, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { listEntries } from "./tree.js";

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
        output.detail(`Could not delete the receipts of ${oneLine(storePath)}: ${reasonOf(error)}`);
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
    `The cluster reported that it deleted ${storePath}, but still lists it. Run the same command again.`,
  );
}

/** They are void without what they are about, and would only be left lying around. */
async function deleteReceipts(store: Deleter, storePath: string, abortSignal: AbortSignal): Promise<void> {
  if (isReceiptPath(storePath)) return;
  const receipts = receiptsOf(storePath);
  if ((await listEntries(store, receipts, abortSignal)) === undefined) return;
  await store.deleteContent({ storePath: receipts, abortSignal });
}

/** Whether a path is, or lies in, what the cluster itself keeps in its image store. */
export function isReserved(storePath: string): boolean {
  return isReservedFolder(storePath.split("/")[0] ?? "");
}

/** What to do in place of a deletion. */
export const unregister = "Unregister the application type instead.";

/** Throws UsageError for what must not be deleted or written by hand. @param instead What to do. */
export function refuseReserved(storePath: string, instead: string): void {
  if (!isReserved(storePath)) return;
  throw new UsageError(
    `${storePath} is reserved for the cluster, which stores registered application types there. ${instead}`,
  );
}

/** The person said no. */
class DeclinedError extends Error {
  override readonly name = "DeclinedError";
}

/**
 * Asks whether to go on. Only `y` and `yes` mean yes. Throws DeclinedError for anything else, and UsageError where nobody
 * can be asked.
 */
export async function confirm({ output, stdin, signal }: Cli, what: string): Promise<void> {
  if (stdin.isTTY !== true || !output.isDrawn) {
    throw new UsageError("Refusing to delete without confirmation. Pass --yes.");
  }
  output.ask(`${what} [y/N] `);
  // Not as a terminal: Ctrl+C stays the signal that it is everywhere else.
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    const answer = await Promise.race([nextLine(lines, signal), once(lines, "close", { signal })]);
    if (!/^y(es)?$/i.test(String(answer[0] ?? "").trim())) throw new DeclinedError("Nothing was deleted.");
  } finally {
    lines.close();
    // Otherwise the process waits for more to be typed.
    stdin.unref?.();
  }
}

async function nextLine(lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<unknown[]> {
  return once(lines, "line", { signal });
}
