import { runWorkers, takeInOrder } from "../async/concurrency.js";
import { InvalidInputError, isFabricError, isTransient } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { refusePath } from "../upload/byte-source.js";
import { ProgressTracker } from "../upload/progress.js";
import { isWrittenSince } from "../upload/proof.js";
import { hashContent } from "../upload/sessions.js";
import { differenceText } from "../upload/upload-error.js";
import {
  type FileUpload,
  newDeliveryBudget,
  runUpload,
  type UploadEnvironment,
  type UploadRun,
  withRetries,
} from "../upload/upload-run.js";
import { decodeStorePath, type GatewayPlatform } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import { compareContents, requireDestination } from "./destination.js";
import { checkNames, type NameKey, requireContent } from "./names.js";
import {
  type PackageBase,
  type PackageContent,
  packageSettings,
  type UploadPackageOptions,
  uploadPackageOptionNames,
} from "./package-options.js";
import { createUploads, FileFailure, openEach, type PackageUpload } from "./transfer.js";
import { compareTrees, type ExpectedTree, expectedTree, listTree } from "./tree.js";

/** How often to copy a file that the listing does not confirm, before it is sent. */
const maxCopies = 2;

/** A file of the base with the same content as a file of the package. */
interface UnchangedFile {
  readonly source: StoreFile;
  copies: number;
  /** Whether the last delivery of the file was a copy. */
  isCopied: boolean;
}

/**
 * The files of a package that the server can copy from another package, which a receipt proves to be the same there. Every copy is
 * proved by the listing like a sent file, and by the versions of the base afterward.
 */
export class BaseCopies {
  readonly #expected: ExpectedTree;
  readonly #unchanged: ReadonlyMap<FileUpload, UnchangedFile>;

  constructor(expected: ExpectedTree, unchanged: ReadonlyMap<FileUpload, UnchangedFile>) {
    this.#expected = expected;
    this.#unchanged = unchanged;
  }

  /** The files that can be copied. */
  get files(): ReadonlySet<FileUpload> {
    return new Set(this.#unchanged.keys());
  }

  /** What the server has copied and what was not sent afterward. */
  get totals(): { readonly copiedFiles: number; readonly copiedBytes: number } {
    const copied = [...this.#unchanged].filter(([, { isCopied }]) => isCopied);
    return {
      copiedFiles: copied.length,
      copiedBytes: copied.reduce((sum, [{ source }]) => sum + source.size, 0),
    };
  }

  /** Copies files. Returns those that must be sent, because they changed or the server does not copy them. */
  async copy(run: UploadRun, uploads: readonly PackageUpload[]): Promise<readonly PackageUpload[]> {
    const toCopy = new Set(uploads.filter(({ upload }) => this.#next(upload) !== undefined));
    const toSend = uploads.filter((one) => !toCopy.has(one));
    await runWorkers(run, takeInOrder(toCopy), async (worker, one) => {
      const { upload } = one;
      try {
        if (!(await this.#copyOne(worker, upload))) toSend.push(one);
      } catch (error) {
        throw new FileFailure(upload, error);
      }
    });
    return toSend;
  }

  #next(upload: FileUpload): UnchangedFile | undefined {
    const file = this.#unchanged.get(upload);
    if (file === undefined) return undefined;
    file.isCopied = false;
    return file.copies < maxCopies ? file : undefined;
  }

  /** Returns false if the server refuses or repeatedly fails to copy, so that the file must be sent. */
  async #copyOne(run: UploadRun, upload: FileUpload): Promise<boolean> {
    const file = this.#unchanged.get(upload);
    if (file === undefined) return false;
    const { storePath, source, tracker } = upload;
    tracker.enter("copying");
    file.copies += 1;
    try {
      await withRetries(run, newDeliveryBudget(run), () =>
        run.server.copyFile(file.source.storePath, storePath, source.size, run.signal),
      );
    } catch (error) {
      run.signal.throwIfAborted();
      if (!isFabricError(error) && !isTransient(error)) throw error;
      file.copies = maxCopies;
      return false;
    }
    file.isCopied = true;
    tracker.copied();
    return true;
  }

  /**
   * Lists the base again after the package was listed. Returns the copied files whose source was written or deleted meanwhile:
   * they may have other content. They are sent next. Versions are never reused, so an unchanged version proves that the file was
   * the same all the time.
   */
  async doubtful(run: UploadRun, uploads: readonly PackageUpload[]): Promise<readonly PackageUpload[]> {
    const copied = [...this.#unchanged].filter(([, { isCopied }]) => isCopied);
    if (copied.length === 0) return [];
    const { keyOf } = this.#expected;
    const listed = await listTree(run, this.#expected, true);
    const now = new Map(listed.files.map((file) => [keyOf(file.storePath), file]));
    const changed = copied.filter(([, { source }]) => {
      const file = now.get(keyOf(source.storePath));
      return file === undefined || isWrittenSince({ file: source }, file);
    });
    for (const [, file] of changed) file.copies = maxCopies;
    const changedUploads = new Set(changed.map(([upload]) => upload));
    return uploads.filter(({ upload }) => changedUploads.has(upload));
  }
}

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
    new Map(unchanged.map(({ one, source }) => [one.upload, { source, copies: 0, isCopied: false }])),
  );
}

/** The content hash of every file of the base, by the key of its store path. */
async function provedFiles(
  run: UploadRun,
  { content }: PackageBase,
  expected: ExpectedTree,
  listed: Awaited<ReturnType<typeof listTree>>,
): Promise<ReadonlyMap<string, string>> {
  const { destination: storePath, keyOf } = expected;
  if (listed.files.length === 0 && listed.folders.length === 0) {
    throw baseError(`${storePath} is not in the image store`);
  }
  const [first, ...others] = compareTrees(expected, listed, { marks: true, unexpected: false });
  if (first !== undefined) {
    const also = others.length === 0 ? "" : ` and ${others.length} more`;
    throw baseError(
      `${storePath} in the image store is not what the old content says: ${differenceText(first)}${also}. Use the content that was uploaded there`,
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
      `${storePath} in the image store has other content than the old content. Use the content that was uploaded there`,
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
