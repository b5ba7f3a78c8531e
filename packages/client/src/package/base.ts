import { InvalidInputError } from "../errors/errors.js";
import { refusePath } from "../upload/byte-source.js";
import type { NameKey } from "../upload/gateway-names.js";
import { ProgressTracker } from "../upload/progress.js";
import { hashContent } from "../upload/sessions.js";
import { differenceText } from "../upload/upload-error.js";
import { runUpload, type UploadEnvironment, type UploadRun } from "../upload/upload-run.js";
import { decodeStorePath, type GatewayPlatform } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import { BaseCopies } from "./base-copies.js";
import { compareContents, requireDestination } from "./destination.js";
import { checkNames, requireContent } from "./names.js";
import {
  type PackageBase,
  type PackageContent,
  packageSettings,
  type UploadPackageOptions,
  uploadPackageOptionNames,
} from "./package-options.js";
import { createUploads, FileFailure, openEach, type PackageUpload } from "./transfer.js";
import { compareTrees, type ExpectedTree, expectedTree, type FoundTree, listTree } from "./tree.js";

/** The result of `findUnchangedFiles`. */
export interface UnchangedFiles {
  /** The paths of the files from the package, in the order of the package. */
  readonly relativePaths: readonly string[];
  /** The size of these files in bytes. */
  readonly bytes: number;
}

/** Validates the content and options, and finds the files that the server can copy. */
export async function unchangedFiles(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  options: UploadPackageOptions & { readonly destination: string },
): Promise<UnchangedFiles> {
  refusePath("content", content);
  requireOptions("findUnchangedFiles", options, uploadPackageOptionNames);
  const settings = packageSettings(options);
  const { base } = settings;
  if (base === undefined) throw new InvalidInputError("base", "is required");
  const destination = requireDestination(options.destination, platform);
  requireContent(content);
  return runUpload(environment, settings, async (run) => {
    const keyOf = await checkNames(run, platform, content, destination);
    if (run.server.comparesContent) return { relativePaths: [], bytes: 0 };
    const uploads = createUploads(run, content, destination, { proof: false, hash: true });
    const { files } = await openBase(run, base, destination, keyOf, uploads);
    const unchanged = uploads.filter(({ upload }) => files.has(upload));
    return {
      relativePaths: unchanged.map(({ file }) => file.relativePath),
      bytes: unchanged.reduce((sum, { file }) => sum + file.size, 0),
    };
  });
}

/**
 * Proves that the base in the store has the given content, and finds the files of the package with the same path and content.
 * Throws InvalidInputError if the base cannot be proved. Changes nothing.
 */
export async function openBase(
  run: UploadRun,
  base: PackageBase,
  destination: string,
  keyOf: NameKey,
  uploads: readonly PackageUpload[],
): Promise<BaseCopies> {
  const storePath = decodeStorePath(base.storePath);
  requireContent(base.content, "base");
  rejectOverlap(keyOf(storePath), keyOf(destination), storePath);
  const expected = expectedTree(base.content, storePath, keyOf);
  const listed = await listTree(run, expected, true);
  const old = await provedFiles(run, base, expected, listed);
  const sources = new Map(listed.files.map((file) => [keyOf(file.storePath), file]));
  const candidates = uploads.flatMap((one) => {
    const key = keyOf(`${storePath}/${one.file.relativePath}`);
    const [source, digest] = [sources.get(key), old.get(key)];
    const isCandidate = source !== undefined && digest !== undefined && source.fileSize === one.file.size;
    return isCandidate ? [{ one, source, digest }] : [];
  });
  await openEach(
    run,
    candidates.map(({ one }) => one),
    async (worker, upload) => void (await hashContent(worker, upload)),
  );
  const unchanged = candidates.filter(({ one, digest }) => one.upload.hash?.digest === digest);
  return new BaseCopies(
    expected,
    listed,
    new Map(unchanged.map(({ one, source }) => [one.upload, { source, copies: 0, isCopied: false }])),
  );
}

/** The content hash of every file of the base, by the key of its store path. */
async function provedFiles(
  run: UploadRun,
  { content }: PackageBase,
  expected: ExpectedTree,
  listed: FoundTree,
): Promise<ReadonlyMap<string, string>> {
  const { destination: storePath, keyOf } = expected;
  if (listed.files.length === 0 && listed.folders.length === 0) {
    throw baseError(`${storePath} is not in the image store. Use a package that is there`);
  }
  const [first, ...others] = compareTrees(expected, listed, { marks: true, unexpected: false });
  if (first !== undefined) {
    const also = others.length === 0 ? "" : ` and ${others.length} more`;
    throw baseError(
      `${storePath} in the image store differs from the old content: ${differenceText(first)}${also}. Use the content that was uploaded there`,
    );
  }
  // The old content is only read, and is no part of the upload's progress.
  const quietRun = { ...run, progress: new ProgressTracker(undefined, () => {}) };
  const old = createUploads(quietRun, content, storePath, { proof: false, hash: true });
  const proof = await compareContents(quietRun, expected, listed, old).catch((error: unknown) => {
    run.signal.throwIfAborted();
    if (!(error instanceof FileFailure) || !(error.cause instanceof Error)) throw error;
    if (error.cause.name !== "SourceError") throw error.cause;
    throw new InvalidInputError("base", `has a file that cannot be read: ${error.upload.storePath}`, {
      cause: error.cause,
    });
  });
  if (proof === "different") {
    throw baseError(
      `${storePath} in the image store differs from the old content. Use the content that was uploaded there`,
    );
  }
  if (proof === "unknown") {
    throw baseError(
      `${storePath} has no valid receipt, so its content cannot be proved: it was uploaded without a receipt, or a file was written since. Upload it again with a receipt`,
    );
  }
  return new Map(old.map(({ upload }) => [keyOf(upload.storePath), upload.hash?.digest ?? ""]));
}

function baseError(reason: string): InvalidInputError {
  return new InvalidInputError("base", `cannot be used: ${reason}, or upload without base`);
}

/** Replacing the destination would delete a base inside it, and an upload into the base would change it. */
function rejectOverlap(base: string, destination: string, storePath: string): void {
  if (!`${base}/`.startsWith(`${destination}/`) && !`${destination}/`.startsWith(`${base}/`)) return;
  throw new InvalidInputError("base", `must not overlap the destination, got ${JSON.stringify(storePath)}`);
}
