import { newPatience, type UploadRun } from "../upload/upload-run.js";
import { VerificationError } from "../upload-error.js";
import { type Comparison, compareTrees } from "./compare-trees.js";
import type { ExpectedTree } from "./expected-tree.js";
import { listTree } from "./list-tree.js";

/** How often to list again for what is not there: a file that is replaced is hidden for a moment (protocol §1.3). */
const looks = 4;

/** Holds the store's listing to what should be there. Throws VerificationError with all differences. */
export async function verifyTree(
  run: UploadRun,
  expected: ExpectedTree,
  comparison: Comparison,
): Promise<void> {
  const settings = { ...run.settings, retry: { ...run.settings.retry, maxRetries: looks } };
  const waiting = newPatience({ ...run, settings });
  for (;;) {
    const differences = compareTrees(expected, await listTree(run, expected), comparison);
    if (differences.length === 0) return;
    const error = new VerificationError(expected.destination, differences);
    if (!differences.some(({ kind }) => kind === "missing" || kind === "unmarked")) throw error;
    await waiting.wait(error, run.signal);
  }
}
