import { runWorkers, takeInOrder } from "../async/workers.js";
import type { StoreFile } from "../operations/content.js";
import type { NameKey } from "../upload/gateway-names.js";
import { maxMissingRetries } from "../upload/proof.js";
import type { Difference } from "../upload/upload-error.js";
import { newRetryBudget, type UploadRun, withRetries } from "../upload/upload-run.js";
import { markName } from "../wire/store-path.js";
import { foldersAbove, type PackageContent } from "./package-options.js";
import { walkFolders } from "./walk.js";

/** The expected content of a destination, by the keys of full store paths. */
export interface ExpectedTree {
  readonly destination: string;
  readonly keyOf: NameKey;
  readonly files: ReadonlyMap<string, { readonly storePath: string; readonly size: number }>;
  /** All folders, including the destination itself. */
  readonly folders: ReadonlyMap<string, string>;
}

export function expectedTree(content: PackageContent, destination: string, keyOf: NameKey): ExpectedTree {
  const storePathOf = (path: string) => `${destination}/${path}`;
  const files = content.files.map(({ relativePath, size }) => ({
    storePath: storePathOf(relativePath),
    size,
  }));
  const folders = [
    destination,
    ...(content.folders ?? []).flatMap((path) => [...foldersAbove(path), path]).map(storePathOf),
    ...content.files.flatMap(({ relativePath }) => foldersAbove(relativePath)).map(storePathOf),
  ];
  return {
    destination,
    keyOf,
    files: new Map(files.map((file) => [keyOf(file.storePath), file])),
    folders: new Map(folders.map((storePath) => [keyOf(storePath), storePath])),
  };
}

/** The folder that a mark file belongs to; undefined for any other file. */
export function markedFolder(storePath: string, keyOf: NameKey): string | undefined {
  const end = `/${markName}`;
  return keyOf(storePath).endsWith(end) ? storePath.slice(0, -end.length) : undefined;
}

export function markOf(folder: string): string {
  return `${folder}/${markName}`;
}

/** The content of a listing, at any depth. */
export interface FoundTree {
  readonly files: readonly StoreFile[];
  /** Without the destination itself. */
  readonly folders: readonly string[];
}

/**
 * Lists the destination: all pages of every expected folder that exists, several folders at a time. Does not list the content
 * of unexpected folders.
 * @param isUploaded Whether all folders probably exist, so that none has to be found first.
 */
export async function listTree(
  run: UploadRun,
  { destination, keyOf, folders }: ExpectedTree,
  isUploaded = false,
): Promise<FoundTree> {
  // By key, because pages may repeat entries, and Windows lists a folder once per spelling (protocol §1.3).
  const found = { files: new Map<string, StoreFile>(), folders: new Map<string, string>() };
  const start = isUploaded ? [...folders.values()] : [destination];
  const seen = new Set(start.map(keyOf));
  await walkFolders(run, start, (page) => {
    for (const file of page.files) found.files.set(keyOf(file.storePath), file);
    return page.folders.flatMap(({ storePath }) => {
      const key = keyOf(storePath);
      const isNew = !seen.has(key) && folders.has(key);
      seen.add(key);
      found.folders.set(key, storePath);
      return isNew ? [storePath] : [];
    });
  });
  return { files: [...found.files.values()], folders: [...found.folders.values()] };
}

/** What either of two listings contains. */
export function joinTrees({ keyOf }: ExpectedTree, one: FoundTree, other: FoundTree): FoundTree {
  const byPath = (file: StoreFile) => [keyOf(file.storePath), file] as const;
  const files = new Map([...one.files.map(byPath), ...other.files.map(byPath)]);
  return { files: [...files.values()], folders: [...new Set([...one.folders, ...other.folders])] };
}

/** The part of a listing that a comparison needs. */
export interface ListedTree {
  readonly files: readonly Pick<StoreFile, "storePath" | "fileSize">[];
  /** Without the destination itself. */
  readonly folders: readonly string[];
}

/** Which differences count. */
export interface Comparison {
  /** Folders without a mark file count. */
  readonly marks: boolean;
  /** Unexpected files and folders count. */
  readonly unexpected: boolean;
}

/** The differences between a listing and the expected content, by store path. Mark files are compared only by name, like on servers. */
export function compareTrees(
  expected: ExpectedTree,
  listed: ListedTree,
  comparison: Comparison,
): Difference[] {
  const { keyOf } = expected;
  const sizes = new Map<string, number>();
  const marked = new Set<string>();
  const unexpected: Difference[] = [];
  for (const { storePath, fileSize } of listed.files) {
    const folder = markedFolder(storePath, keyOf);
    if (expected.files.has(keyOf(storePath))) sizes.set(keyOf(storePath), fileSize);
    else if (folder !== undefined && expected.folders.has(keyOf(folder))) marked.add(keyOf(folder));
    else unexpected.push({ storePath, kind: "unexpected", actualSize: fileSize });
  }
  for (const storePath of listed.folders) {
    if (!expected.folders.has(keyOf(storePath))) unexpected.push({ storePath, kind: "unexpected" });
  }
  return [
    ...fileDifferences(expected, sizes),
    ...(comparison.unexpected ? unexpected : []),
    ...(comparison.marks ? unmarked(expected, marked) : []),
  ].sort((a, b) => Number(a.storePath > b.storePath) - Number(a.storePath < b.storePath));
}

function fileDifferences({ files }: ExpectedTree, sizes: ReadonlyMap<string, number>): Difference[] {
  return [...files].flatMap(([key, { storePath, size: expectedSize }]): Difference[] => {
    const actualSize = sizes.get(key);
    if (actualSize === undefined) return [{ storePath, kind: "missing", expectedSize }];
    return actualSize === expectedSize ? [] : [{ storePath, kind: "wrong-size", expectedSize, actualSize }];
  });
}

function unmarked({ folders }: ExpectedTree, marked: ReadonlySet<string>): Difference[] {
  return [...folders].flatMap(([key, storePath]): Difference[] =>
    marked.has(key) ? [] : [{ storePath, kind: "unmarked" }],
  );
}

/** The result of comparing the store with the expected content. */
export interface Compared {
  readonly listed: FoundTree;
  /** Empty if everything matches. */
  readonly differences: readonly Difference[];
}

/**
 * Compares the store's listing with the expected content. Looks for missing files again, because listings briefly hide a file
 * while it is replaced (protocol §1.3).
 * @param isProved After an upload: whether it wrote a listed file. By default all files count as written.
 */
export async function compareWithStore(
  run: UploadRun,
  expected: ExpectedTree,
  comparison: Comparison,
  isProved?: (file: StoreFile) => boolean,
): Promise<Compared> {
  const waiting = newRetryBudget(run, maxMissingRetries);
  for (;;) {
    const listed = await listTree(run, expected, isProved !== undefined);
    const differences = [
      ...compareTrees(expected, listed, comparison),
      ...listed.files.flatMap((file): Difference[] => {
        const { storePath, fileSize: actualSize } = file;
        const isUnchanged = expected.files.has(expected.keyOf(storePath)) && isProved?.(file) === false;
        return isUnchanged ? [{ storePath, kind: "unchanged", actualSize }] : [];
      }),
    ];
    const isMissing = differences.some(({ kind }) => kind === "missing" || kind === "unmarked");
    if (!isMissing || waiting.retries === maxMissingRetries) return { listed, differences };
    await waiting.wait(undefined, run.signal);
  }
}

/** The differences, and `different-content` for copies that may have other content than the package, whatever their size. */
export function withDoubtful(
  differences: readonly Difference[],
  doubtful: readonly string[],
): readonly Difference[] {
  const paths = new Set(doubtful);
  return [
    ...differences.filter(({ storePath }) => !paths.has(storePath)),
    ...[...paths].map((storePath) => ({ storePath, kind: "different-content" as const })),
  ];
}

/**
 * Marks folders as complete: subfolders before their parents and the package itself last, so that a marked folder is always
 * complete (protocol §6.1).
 */
export async function markFolders(run: UploadRun, folders: readonly string[]): Promise<void> {
  for (const level of deepestFirst(folders)) {
    await runWorkers(run, takeInOrder(level), (worker, folder) =>
      withRetries(worker, () => worker.server.putFile(markOf(folder), new Uint8Array(0), 0, worker.signal)),
    );
  }
}

function deepestFirst(folders: readonly string[]): string[][] {
  const levels = new Map<number, string[]>();
  for (const folder of folders) {
    const depth = folder.split("/").length;
    const level = levels.get(depth) ?? [];
    levels.set(depth, level);
    level.push(folder);
  }
  return [...levels].sort(([a], [b]) => b - a).map(([, level]) => level);
}
