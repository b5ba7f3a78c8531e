import { InvalidInputError } from "../errors/errors.js";
import { refuseReceiptPath } from "../upload/receipts.js";
import { type Difference, differenceText, VerificationError } from "../upload/upload-error.js";
import { newDeliveries, newPatience, type UploadRun, withRetries } from "../upload/upload-run.js";
import { receiptsOf } from "../wire/receipt-paths.js";
import { decodeStorePath, type GatewayPlatform, requireStorePath } from "../wire/store-path.js";
import { compareTrees } from "./compare-trees.js";
import { type ExpectedTree, markOf } from "./expected-tree.js";
import { runWorkers, oneByOne } from "../async/concurrency.js";
import { type FoundTree, listTree } from "./list-tree.js";
import type { PackageSettings } from "./package-options.js";
import { type ContentProof, proofOf } from "./package-receipts.js";
import type { PackageUpload } from "./transfer.js";

/** Where clusters keep what is registered; deleting them is refused, too (protocol §1.4). */
const reserved = ["store", "windowsfabricstore"];

/** Throws InvalidInputError for a path that cannot hold a package. */
export function requireDestination(destination: unknown, platform: GatewayPlatform | undefined): string {
  const storePath = decodeStorePath(requireStorePath("destination", destination, platform !== undefined));
  if (reserved.includes(storePath.toLowerCase())) {
    throw new InvalidInputError(
      "destination",
      `must not be ${storePath}, which the cluster keeps for itself`,
    );
  }
  refuseReceiptPath("destination", storePath);
  return storePath;
}

/** What is at a destination that was made ready for a package. */
export interface PreparedDestination {
  /** The package is there, complete and with the same content. Nothing is to be sent. */
  readonly alreadyThere: boolean;
  /** How many files and folders were deleted. */
  readonly deletedPaths: number;
  /** What is listed before the first write. */
  readonly before: FoundTree;
  /** Whether something was there, which may have receipts. */
  readonly isReplaced: boolean;
}

/** Makes the destination one that the package can go to, or throws. */
export async function prepareDestination(
  run: UploadRun,
  expected: ExpectedTree,
  settings: PackageSettings,
  uploads: readonly PackageUpload[],
): Promise<PreparedDestination> {
  let before = await listTree(run, expected);
  let isReplaced = before.files.length > 0;
  let deletedPaths = 0;
  if (isMarked(expected, before)) {
    const comparison = { marks: true, unexpected: !settings.allowUnexpected };
    const differences = compareTrees(expected, before, comparison);
    const proof = differences.length > 0 ? "different" : await proofOf(run, expected, before, uploads);
    if (proof === "same") return { alreadyThere: true, deletedPaths, before, isReplaced };
    if (!settings.replace) throw refusal(expected.destination, differences, proof);
    // What is to be left alone stays; without its mark, nobody takes the mixture for a package meanwhile.
    const { destination } = expected;
    const path = settings.allowUnexpected ? markOf(destination) : destination;
    before = await deleteUntilUnmarked(run, expected, path);
    if (!settings.allowUnexpected) {
      deletedPaths += 1;
      isReplaced = !(await deleteReceipts(run, destination));
    }
  }
  const unexpected = compareTrees(expected, before, { marks: false, unexpected: true }).filter(
    (difference) => difference.kind === "unexpected" && isInTheWay(expected, settings, difference),
  );
  if (unexpected.length === 0) return { alreadyThere: false, deletedPaths, before, isReplaced };
  if (!settings.replace) throw new VerificationError(expected.destination, unexpected);
  await runWorkers(run, oneByOne(unexpected), (worker, { storePath }) => deletePath(worker, storePath));
  return { alreadyThere: false, deletedPaths: deletedPaths + unexpected.length, before, isReplaced };
}

/** What may stay beside the package does not hinder it, unless it is a file where a folder is to be, or the reverse. */
function isInTheWay(
  { keyOf, files, folders }: ExpectedTree,
  settings: PackageSettings,
  { storePath, actualSize }: Difference,
): boolean {
  if (!settings.allowUnexpected) return settings.replace || settings.verify;
  const isFile = actualSize !== undefined;
  return isFile ? folders.has(keyOf(storePath)) : files.has(keyOf(storePath));
}

function isMarked({ destination, keyOf }: ExpectedTree, { files }: FoundTree): boolean {
  return files.some(({ storePath }) => keyOf(storePath) === keyOf(markOf(destination)));
}

/** As with uploads, an answer proves nothing: only a listing shows that the package was deleted. */
async function deleteUntilUnmarked(
  run: UploadRun,
  expected: ExpectedTree,
  storePath: string,
): Promise<FoundTree> {
  const deletions = newDeliveries(run);
  for (;;) {
    await deletePath(run, storePath);
    const listed = await listTree(run, expected);
    if (!isMarked(expected, listed)) return listed;
    const mark = markOf(expected.destination);
    await deletions.wait(
      new VerificationError(expected.destination, [{ storePath: mark, kind: "unexpected" }]),
      run.signal,
    );
  }
}

/** Deletes the receipts of a package and of all in it. Returns whether they are gone: none of them is valid in any case. */
function deleteReceipts(run: UploadRun, destination: string): Promise<boolean> {
  if (run.server.comparesContent) return Promise.resolve(true);
  return deletePath(run, receiptsOf(destination)).then(
    () => true,
    () => false,
  );
}

function refusal(destination: string, differences: readonly Difference[], proof: ContentProof): Error {
  const [first, ...others] = differences;
  const also = others.length === 0 ? "" : ` and ${others.length} more`;
  const complete = `${destination} already contains a complete package`;
  const what =
    first !== undefined
      ? `${complete} that differs from this one: ${differenceText(first)}${also}.`
      : proof === "different"
        ? `${complete} with different content.`
        : `${complete} with the same names and sizes. Its content cannot be compared, because the store has no valid receipt for it.`;
  return new InvalidInputError("destination", `${what} Pass replace: true to overwrite it.`);
}

function deletePath(run: UploadRun, storePath: string): Promise<void> {
  return withRetries(run, newPatience(run), () => run.server.deleteContent(storePath, run.signal));
}
