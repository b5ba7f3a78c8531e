import type { StoreFile } from "../operations/content.js";
import { looksForMissing } from "../upload/evidence.js";
import { type Difference, VerificationError } from "../upload/upload-error.js";
import { newPatience, type UploadRun } from "../upload/upload-run.js";
import { type Comparison, compareTrees } from "./compare-trees.js";
import type { ExpectedTree } from "./expected-tree.js";
import { type FoundTree, listTree } from "./list-tree.js";

/** What a listing shows of what should be there. */
export interface Compared {
  readonly listed: FoundTree;
  /** Empty when all is as it should be. */
  readonly differences: readonly Difference[];
}

/**
 * Compares the store's listing with what should be there. What is missing is looked for again: a file that is replaced is
 * hidden for a moment (protocol §1.3).
 * @param isProved Whether a listed file is one that the upload has written. By default nothing was.
 */
export async function compareWithStore(
  run: UploadRun,
  expected: ExpectedTree,
  comparison: Comparison,
  isProved: (file: StoreFile) => boolean = () => true,
): Promise<Compared> {
  const settings = { ...run.settings, retry: { ...run.settings.retry, maxRetries: looksForMissing } };
  const waiting = newPatience({ ...run, settings });
  for (;;) {
    const listed = await listTree(run, expected);
    const differences = [
      ...compareTrees(expected, listed, comparison),
      ...listed.files.flatMap((file): Difference[] => {
        const { storePath, fileSize: actualSize } = file;
        const isUnchanged = expected.files.has(expected.keyOf(storePath)) && !isProved(file);
        return isUnchanged ? [{ storePath, kind: "unchanged", actualSize }] : [];
      }),
    ];
    if (!differences.some(({ kind }) => kind === "missing" || kind === "unmarked"))
      return { listed, differences };
    const error = new VerificationError(expected.destination, differences);
    try {
      await waiting.wait(error, run.signal);
    } catch (ended) {
      if (ended === error) return { listed, differences };
      throw ended;
    }
  }
}
