import type { StoreFile } from "../operations/content.js";
import { hashContent } from "../upload/fingerprint-option.js";
import {
  contentHalf,
  leaveReceipt,
  provedContent,
  type ReceiptOutcome,
  versionHalf,
} from "../upload/receipts.js";
import type { UploadRun } from "../upload/upload-run.js";
import type { ExpectedTree } from "./expected-tree.js";
import type { FoundTree } from "./list-tree.js";
import { openEach, type PackageUpload } from "./transfer.js";

/** What can be said of the content of a package whose names and sizes are those of the store. */
export type ContentProof = "same" | "different" | "unknown";

/** Compares contents: by a receipt, or by reading the store where that is possible. Reads the files only if it may help. */
export async function proofOf(
  run: UploadRun,
  expected: ExpectedTree,
  listed: FoundTree,
  uploads: readonly PackageUpload[],
): Promise<ContentProof> {
  if (run.server.comparesContent) return compareContent(run, uploads);
  if (!uploads.every(({ upload }) => upload.needs.hash)) return "unknown";
  const proved = await provedContent(run, expected.destination, listedFiles(expected, listed));
  if (proved.size === 0) return "unknown";
  await openEach(run, uploads, async (worker, upload) => void (await hashContent(worker, upload)));
  return proved.has(await packageContent(expected, uploads)) ? "same" : "different";
}

async function compareContent(run: UploadRun, uploads: readonly PackageUpload[]): Promise<ContentProof> {
  let isSame = true;
  await openEach(run, uploads, async ({ server, signal }, { storePath, source }) => {
    if (isSame) isSame = await server.holdsContent(storePath, source, signal);
  });
  return isSame ? "same" : "different";
}

/** Leaves a receipt for the package, as it was listed. */
export async function leavePackageReceipt(
  run: UploadRun,
  expected: ExpectedTree,
  listed: FoundTree,
  uploads: readonly PackageUpload[],
  isReplaced: boolean,
): Promise<ReceiptOutcome> {
  const content = await packageContent(expected, uploads);
  const versions = await versionHalf(listedFiles(expected, listed));
  return leaveReceipt(run, expected.destination, { content, versions }, isReplaced);
}

function packageContent(expected: ExpectedTree, uploads: readonly PackageUpload[]): Promise<string> {
  return contentHalf(
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
      ...{ key: keyBelow(expected, storePath), size, fileVersion },
    }));
}

function keyBelow({ destination, keyOf }: ExpectedTree, storePath: string): string {
  return keyOf(storePath).slice(keyOf(destination).length + 1);
}
