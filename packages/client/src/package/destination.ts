import { isReservedFolder } from "@sf-image-store/types";
import { runWorkers, takeInOrder } from "../async/workers.js";
import { InvalidInputError } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { refusePath } from "../upload/byte-source.js";
import { contentHash, refuseReceiptPath, usesReceipts, versionHash } from "../upload/receipts.js";
import { hashContent } from "../upload/sessions.js";
import { loadEarlierUploads, type ReceiptOutcome, writeReceipt } from "../upload/upload-and-verify.js";
import { type Difference, differenceText, VerificationError } from "../upload/upload-error.js";
import type { Verified } from "../upload/upload-options.js";
import {
  newDeliveryBudget,
  runUpload,
  type UploadEnvironment,
  type UploadRun,
  withRetries,
} from "../upload/upload-run.js";
import { decodeStorePath, type GatewayPlatform, receiptsOf, requireStorePath } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import { checkNames, requireContent } from "./names.js";
import {
  type PackageContent,
  type PackageSettings,
  packageSettings,
  type VerifyPackageOptions,
  verifyPackageOptionNames,
} from "./package-options.js";
import { createUploads, FileFailure, openEach, type PackageUpload } from "./transfer.js";
import {
  compareTrees,
  compareWithStore,
  type ExpectedTree,
  expectedTree,
  type FoundTree,
  joinTrees,
  listTree,
  markOf,
} from "./tree.js";

/** Throws InvalidInputError for a path that cannot contain a package. */
export function requireDestination(destination: unknown, platform: GatewayPlatform | undefined): string {
  const storePath = decodeStorePath(requireStorePath("destination", destination, platform !== undefined));
  if (isReservedFolder(storePath)) {
    throw new InvalidInputError("destination", `must not be ${storePath}, which is reserved for the cluster`);
  }
  refuseReceiptPath("destination", storePath);
  return storePath;
}

/** The state of a destination that is ready for a package. */
export interface PreparedDestination<Base> {
  /** What `openBase` returned; undefined if nothing has to be uploaded. */
  readonly base: Base | undefined;
  /** Whether the store already has the complete package with the same content. */
  readonly alreadyThere: boolean;
  /** The number of deleted files and folders. */
  readonly deletedPaths: number;
  /** The listing before the first write. */
  readonly before: FoundTree;
  /** Whether the destination existed before and may have receipts. */
  readonly isReplaced: boolean;
}

/**
 * Prepares the destination for the package. Throws if it contains something that must not be replaced.
 * @param openBase Called before anything is deleted, unless the package is already there.
 */
export async function prepareDestination<Base>(
  run: UploadRun,
  expected: ExpectedTree,
  settings: PackageSettings,
  uploads: readonly PackageUpload[],
  openBase: () => Promise<Base>,
): Promise<PreparedDestination<Base>> {
  let before = await listTree(run, expected);
  let isReplaced = before.files.length > 0;
  let deletedPaths = 0;
  const wasComplete = isMarked(expected, before);
  if (wasComplete) {
    const comparison = { marks: true, unexpected: !settings.allowUnexpected };
    const differences = compareTrees(expected, before, comparison);
    const proof =
      differences.length > 0 ? "different" : await compareContents(run, expected, before, uploads);
    if (proof === "same") return { base: undefined, alreadyThere: true, deletedPaths, before, isReplaced };
    if (!settings.replace) throw replaceError(expected.destination, differences, proof);
  }
  const base = await openBase();
  if (base !== undefined) {
    // A copy does not replace a file that it does not expect, so a listing that hid it would prove content that was not written.
    before = joinTrees(expected, before, await listTree(run, expected));
    isReplaced = before.files.length > 0;
  }
  const mustDelete = isMarked(expected, before);
  if (mustDelete && !settings.replace) throw replaceError(expected.destination, [], "unknown");
  if (mustDelete) {
    // With allowUnexpected, only the mark is deleted, so that nothing treats the mixture as a complete package.
    const { destination } = expected;
    const path = settings.allowUnexpected ? markOf(destination) : destination;
    before = await deleteUntilUnmarked(run, expected, path);
    if (!settings.allowUnexpected) {
      deletedPaths += 1;
      isReplaced = !(await deleteReceipts(run, destination));
    }
  }
  const unexpected = compareTrees(expected, before, { marks: false, unexpected: true }).filter(
    (difference) => difference.kind === "unexpected" && isBlocking(expected, settings, difference),
  );
  if (unexpected.length === 0) return { base, alreadyThere: false, deletedPaths, before, isReplaced };
  if (!settings.replace) throw new VerificationError(expected.destination, unexpected);
  await runWorkers(run, takeInOrder(unexpected), (worker, { storePath }) => deletePath(worker, storePath));
  return { base, alreadyThere: false, deletedPaths: deletedPaths + unexpected.length, before, isReplaced };
}

/** With allowUnexpected, only a file in place of a folder, or a folder in place of a file, blocks the package. */
function isBlocking(
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

/** Deletes until a listing shows no mark, because a response alone does not prove the deletion. */
async function deleteUntilUnmarked(
  run: UploadRun,
  expected: ExpectedTree,
  storePath: string,
): Promise<FoundTree> {
  const deletions = newDeliveryBudget(run);
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

/** Deletes the receipts of a package and its content. Returns whether that worked; they are no longer valid anyway. */
function deleteReceipts(run: UploadRun, destination: string): Promise<boolean> {
  if (run.server.comparesContent) return Promise.resolve(true);
  return deletePath(run, receiptsOf(destination)).then(
    () => true,
    () => false,
  );
}

function replaceError(destination: string, differences: readonly Difference[], proof: ContentProof): Error {
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
  return withRetries(run, () => run.server.deleteContent(storePath, run.signal));
}

/** The result of comparing content after names and sizes matched. */
export type ContentProof = "same" | "different" | "unknown";

/** Compares content with a receipt, or by reading the store if possible. Reads the files only if there is something to compare. */
export async function compareContents(
  run: UploadRun,
  expected: ExpectedTree,
  listed: FoundTree,
  uploads: readonly PackageUpload[],
): Promise<ContentProof> {
  if (run.server.comparesContent) return compareWithReadableStore(run, uploads);
  if (!uploads.every(({ upload }) => upload.needs.hash)) return "unknown";
  const { provedContent } = await loadEarlierUploads();
  const proved = await provedContent(run, expected.destination, listedFiles(expected, listed));
  if (proved.size === 0) return "unknown";
  await openEach(run, uploads, async (worker, upload) => void (await hashContent(worker, upload)));
  return proved.has(await packageContent(expected, uploads)) ? "same" : "different";
}

async function compareWithReadableStore(
  run: UploadRun,
  uploads: readonly PackageUpload[],
): Promise<ContentProof> {
  let isSame = true;
  await openEach(run, uploads, async ({ server, signal }, { storePath, source }) => {
    if (isSame) isSame = await server.holdsContent(storePath, source, signal);
  });
  return isSame ? "same" : "different";
}

/** Writes a receipt for the package as it was listed. */
export async function writePackageReceipt(
  run: UploadRun,
  expected: ExpectedTree,
  listed: FoundTree,
  uploads: readonly PackageUpload[],
  isReplaced: boolean,
): Promise<ReceiptOutcome> {
  const content = await packageContent(expected, uploads);
  const versions = await versionHash(listedFiles(expected, listed));
  return writeReceipt(run, expected.destination, { content, versions }, isReplaced);
}

function packageContent(expected: ExpectedTree, uploads: readonly PackageUpload[]): Promise<string> {
  return contentHash(
    uploads.map(({ upload: { storePath, hash }, file: { size } }) => {
      if (hash === undefined) throw new Error(`${storePath} was not hashed`);
      return { key: keyBelow(expected, storePath), size, digest: hash.digest };
    }),
  );
}

function listedFiles(expected: ExpectedTree, { files }: FoundTree) {
  return files
    .filter(({ storePath }) => expected.files.has(expected.keyOf(storePath)))
    .map(({ storePath, fileSize: size, fileVersion }: StoreFile) => ({
      key: keyBelow(expected, storePath),
      size,
      fileVersion,
    }));
}

function keyBelow({ destination, keyOf }: ExpectedTree, storePath: string): string {
  return keyOf(storePath).slice(keyOf(destination).length + 1);
}

/** Validates the content, destination and options, and compares the package with the store. */
export async function verifyContent(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
  options: VerifyPackageOptions,
): Promise<Verified> {
  refusePath("content", content);
  requireOptions("verifyPackage", options, verifyPackageOptionNames);
  const settings = packageSettings(options);
  const storePath = requireDestination(destination, platform);
  requireContent(content);
  return runUpload(environment, settings, async (run) => {
    const keyOf = await checkNames(run, platform, content, storePath);
    const expected = expectedTree(content, storePath, keyOf);
    const comparison = { marks: true, unexpected: !settings.allowUnexpected };
    const { listed, differences } = await compareWithStore(run, expected, comparison);
    if (differences.length > 0) throw new VerificationError(storePath, differences);
    const needs = { proof: false, hash: usesReceipts(run, true) };
    const uploads = createUploads(run, content, storePath, needs);
    const proof = await compareContents(run, expected, listed, uploads).catch((error: unknown) => {
      throw error instanceof FileFailure ? error.cause : error;
    });
    if (proof === "same") return { proof: "content" };
    if (proof === "unknown") return { proof: "sizes" };
    throw new VerificationError(storePath, [{ storePath, kind: "different-content" }]);
  });
}

/** Validates the content and destination, and checks names. */
export async function checkContentNames(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
): Promise<void> {
  refusePath("content", content);
  const storePath = requireDestination(destination, platform);
  requireContent(content);
  await runUpload(environment, packageSettings({}), (run) => checkNames(run, platform, content, storePath));
}
