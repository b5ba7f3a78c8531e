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

/** Maximum number of attempts to delete a path that the cluster still lists. */
const maxAttempts = 3;

/** Deletes paths one after the other. Throws PartialDeletionError if one fails after others were deleted. */
export async function deleteSequentially(
  cli: Cli,
  store: Deleter,
  storePaths: readonly string[],
): Promise<void> {
  const { output, signal } = cli;
  await removeEach(cli, storePaths, async (storePath) => {
    output.status(`Deleting ${storePath}`);
    await deleteAndVerify(store, storePath, signal);
    output.detail(`Deleted ${oneLine(storePath)}.`);
    await deleteReceipts(store, storePath, signal).catch((error: unknown) => {
      output.detail(`Could not delete the receipts of ${oneLine(storePath)}: ${reasonOf(error)}`);
    });
  });
}

/** Removes one after the other. Throws PartialDeletionError if one fails after others were removed. */
export async function removeEach(
  { signal }: Pick<Cli, "signal">,
  names: readonly string[],
  remove: (name: string) => Promise<void>,
): Promise<void> {
  const deleted: string[] = [];
  try {
    for (const name of names) {
      await remove(name);
      deleted.push(name);
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

/** A success response may belong to another request, so the listing has to confirm the deletion. */
async function deleteAndVerify(store: Deleter, storePath: string, abortSignal: AbortSignal): Promise<void> {
  for (let deletion = 1; deletion <= maxAttempts; deletion += 1) {
    await store.deleteContent({ storePath, abortSignal });
    const left = await listEntries(store, storePath, abortSignal);
    if (left === undefined || left.length === 0) return;
  }
  throw new Error(
    `The cluster reported that it deleted ${storePath}, but still lists it. Run the same command again.`,
  );
}

/** Receipts are invalid without the content they describe. */
async function deleteReceipts(store: Deleter, storePath: string, abortSignal: AbortSignal): Promise<void> {
  if (isReceiptPath(storePath)) return;
  const receipts = receiptsOf(storePath);
  if ((await listEntries(store, receipts, abortSignal)) === undefined) return;
  await store.deleteContent({ storePath: receipts, abortSignal });
}

/** Whether the path is a reserved folder of the cluster, or below one. */
export function isReserved(storePath: string): boolean {
  return isReservedFolder(storePath.split("/")[0] ?? "");
}

/** What to do instead of deleting a reserved path. */
export const unregisterHint = "Unprovision the application type instead.";

/**
 * Throws UsageError for a reserved path.
 * @param instead What to do instead.
 */
export function rejectReservedPath(storePath: string, instead: string): void {
  if (!isReserved(storePath)) return;
  throw new UsageError(
    `${storePath} is reserved for the cluster, which stores provisioned application types there. ${instead}`,
  );
}

/** The user did not confirm. */
class DeclinedError extends Error {
  override readonly name = "DeclinedError";
}

/**
 * Asks for confirmation. Only `y` and `yes` confirm. Throws DeclinedError for other answers, and UsageError without
 * a terminal.
 */
export async function confirm(cli: Cli, what: string): Promise<void> {
  if (!canAsk(cli)) throw new UsageError("Refusing to delete without confirmation. Pass --yes.");
  if (!(await askYes(cli, what))) throw new DeclinedError("Nothing was deleted.");
}

/** Whether there is a user at a terminal. */
export function canAsk({ output, stdin }: Cli): boolean {
  return stdin.isTTY === true && output.canDraw;
}

/** Asks a question on the terminal, and returns whether the answer is `y` or `yes`. */
export async function askYes({ output, stdin, signal }: Cli, question: string): Promise<boolean> {
  output.ask(`${question} [y/N] `);
  // An earlier question ended with unref.
  stdin.ref?.();
  // Not in terminal mode, so that Ctrl+C remains a signal.
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    const answer = await Promise.race([nextLine(lines, signal), once(lines, "close", { signal })]);
    return /^y(es)?$/i.test(String(answer[0] ?? "").trim());
  } finally {
    lines.close();
    // Otherwise the process would keep waiting for input.
    stdin.unref?.();
  }
}

async function nextLine(lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<unknown[]> {
  return once(lines, "line", { signal });
}
