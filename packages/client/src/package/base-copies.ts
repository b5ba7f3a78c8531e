import { runWorkers, takeInOrder } from "../async/workers.js";
import { isFabricError, isTransient } from "../errors/errors.js";
import type { StoreFile } from "../operations/content.js";
import { isWrittenSince } from "../upload/proof.js";
import { type FileUpload, newDeliveryBudget, type UploadRun, withRetries } from "../upload/upload-run.js";
import { FileFailure, type PackageUpload } from "./transfer.js";
import { type ExpectedTree, type FoundTree, listTree, markedFolder } from "./tree.js";

/** How often to copy a file that the listing does not confirm, before it is sent. */
const maxCopies = 2;

/** A file of the base with the same content as a file of the package. */
export interface UnchangedFile {
  readonly source: StoreFile;
  copies: number;
  /** Whether the last delivery of the file was a copy. */
  isCopied: boolean;
}

/** A folder of the package that is the same in the base. */
interface UnchangedFolder {
  readonly source: string;
  readonly destination: string;
  readonly uploads: readonly PackageUpload[];
  readonly bytes: number;
}

type CopyPaths = Parameters<UploadRun["server"]["copy"]>[0];

/** Larger folders are copied file by file, so that no request takes long. */
const maxFolderBytes = 64 * 1024 * 1024;

/**
 * The files of a package that the server can copy from another package, which a receipt proves to be the same there. Every copy is
 * proved by the listing like a sent file, and by the versions of the base afterward.
 */
export class BaseCopies {
  readonly #expected: ExpectedTree;
  readonly #listed: FoundTree;
  readonly #unchanged: ReadonlyMap<FileUpload, UnchangedFile>;
  #isFirst = true;

  constructor(expected: ExpectedTree, listed: FoundTree, unchanged: ReadonlyMap<FileUpload, UnchangedFile>) {
    this.#expected = expected;
    this.#listed = listed;
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
  async copy(
    run: UploadRun,
    uploads: readonly PackageUpload[],
    destination: { readonly expected: ExpectedTree; readonly before: FoundTree },
  ): Promise<readonly PackageUpload[]> {
    const inFolders = new Set<PackageUpload>();
    if (this.#isFirst) {
      const folders = this.#unchangedFolders(uploads, destination.expected, destination.before);
      await runWorkers(run, takeInOrder(folders), async (worker, folder) => {
        if (!(await this.#copyFolder(worker, folder))) return;
        for (const one of folder.uploads) inFolders.add(one);
      });
    }
    this.#isFirst = false;
    const others = uploads.filter((one) => !inFolders.has(one));
    const toCopy = new Set(others.filter(({ upload }) => this.#next(upload) !== undefined));
    const toSend = others.filter((one) => !toCopy.has(one));
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

  /**
   * The folders that can be copied whole: without subfolders, because the server marks those before they are complete, with exactly
   * the same files, and absent at the destination.
   */
  #unchangedFolders(
    uploads: readonly PackageUpload[],
    { keyOf, folders, destination }: ExpectedTree,
    before: FoundTree,
  ): readonly UnchangedFolder[] {
    const base = this.#expected.destination;
    const parents = new Set([...folders.keys()].map(parentOf));
    const present = new Set(
      [...before.files.map((file) => parentOf(file.storePath)), ...before.folders].map(keyOf),
    );
    const baseParents = new Set(this.#listed.folders.map((path) => keyOf(parentOf(path))));
    const baseFiles = this.#listed.files.filter(
      ({ storePath }) => markedFolder(storePath, keyOf) === undefined,
    );
    const counts = countBy(baseFiles.map(({ storePath }) => keyOf(parentOf(storePath))));
    const byFolder = new Map<string, PackageUpload[]>();
    for (const one of uploads) {
      const folder = parentOf(one.upload.storePath);
      const inside = byFolder.get(folder) ?? [];
      byFolder.set(folder, inside);
      inside.push(one);
    }
    return [...byFolder].flatMap(([folder, inside]): UnchangedFolder[] => {
      const source = base + folder.slice(destination.length);
      const isSame = ({ upload, file }: PackageUpload) =>
        // The copies are named after the files of the base.
        this.#unchanged.get(upload)?.source.storePath === `${base}/${file.relativePath}`;
      const bytes = inside.reduce((sum, { file }) => sum + file.size, 0);
      const isWhole =
        folder !== destination &&
        inside.length > 1 &&
        bytes <= maxFolderBytes &&
        !parents.has(keyOf(folder)) &&
        !present.has(keyOf(folder)) &&
        !baseParents.has(keyOf(source)) &&
        counts.get(keyOf(source)) === inside.length &&
        inside.every(isSame);
      return isWhole ? [{ source, destination: folder, uploads: inside, bytes }] : [];
    });
  }

  /** Returns false if the server refuses or fails to copy the folder, so that its files must be copied. */
  async #copyFolder(
    run: UploadRun,
    { source, destination, uploads, bytes }: UnchangedFolder,
  ): Promise<boolean> {
    for (const { upload } of uploads) upload.tracker.enter("copying");
    // With Echo, a repeated or late request changes nothing in a complete folder.
    const isCopied = await this.#tryCopy(run, { source, destination, copyFlag: "Echo" }, bytes);
    if (!isCopied) return false;
    for (const { upload } of uploads) this.#noteCopy(upload);
    return true;
  }

  #noteCopy(upload: FileUpload): void {
    const file = this.#unchanged.get(upload);
    if (file === undefined) return;
    file.copies += 1;
    file.isCopied = true;
    upload.tracker.copied();
  }

  async #tryCopy(run: UploadRun, paths: CopyPaths, bytes: number): Promise<boolean> {
    try {
      await withRetries(run, () => run.server.copy(paths, bytes, run.signal), newDeliveryBudget(run));
      return true;
    } catch (error) {
      run.signal.throwIfAborted();
      if (!isFabricError(error) && !isTransient(error)) throw error;
      return false;
    }
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
    // A late request with Echo does not replace a file that was sent in the meantime.
    const copyFlag = upload.before?.file === undefined ? "Echo" : "Overwrite";
    const paths = { source: file.source.storePath, destination: storePath, copyFlag } as const;
    const isCopied = await this.#tryCopy(run, paths, source.size);
    if (isCopied) this.#noteCopy(upload);
    else file.copies = maxCopies;
    return isCopied;
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

function parentOf(storePath: string): string {
  return storePath.slice(0, Math.max(storePath.lastIndexOf("/"), 0));
}

function countBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
