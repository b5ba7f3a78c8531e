import { runWorkers, takeInOrder } from "../async/concurrency.js";
import type { StoreFile } from "../operations/content.js";
import { looksForMissing } from "../upload/proof.js";
import { type Difference, VerificationError } from "../upload/upload-error.js";
import { newRetryBudget, type UploadRun, withRetries } from "../upload/upload-run.js";
import type { NameKey } from "./names.js";
import { foldersAbove, markName, type PackageContent } from "./package-options.js";

/** What shall be at a destination, by the keys of full store paths. */
export interface ExpectedTree {
  readonly destination: string;
  readonly keyOf: NameKey;
  readonly files: ReadonlyMap<string, { readonly storePath: string; readonly size: number }>;
  /** All folders, the destination itself among them. */
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

/** The folder whose mark a file is; undefined for any other file. */
export function markedFolder(storePath: string, keyOf: NameKey): string | undefined {
  const end = `/${markName}`;
  return keyOf(storePath).endsWith(end) ? storePath.slice(0, -end.length) : undefined;
}

export function markOf(folder: string): string {
  return `${folder}/${markName}`;
}

/** What a listing shows, at any depth. */
export interface FoundTree {
  readonly files: readonly StoreFile[];
  /** Without the destination itself. */
  readonly folders: readonly string[];
}

/**
 * Lists the destination: all pages of every expected folder that is there, several folders at a time. Of a folder that
 * does not belong there only its name is listed.
 */
export async function listTree(
  run: UploadRun,
  { destination, keyOf, folders }: ExpectedTree,
): Promise<FoundTree> {
  // By key, for pages may repeat entries, and Windows lists a folder once per spelling (protocol §1.3).
  const found = { files: new Map<string, StoreFile>(), folders: new Map<string, string>() };
  const isKnown = (storePath: string) => found.folders.has(keyOf(storePath));
  let level = [destination];
  while (level.length > 0) {
    const next: string[] = [];
    await runWorkers(run, takeInOrder(level), async (worker, folder) => {
      for await (const page of pagesOf(worker, folder)) {
        for (const file of page.files) found.files.set(keyOf(file.storePath), file);
        for (const { storePath } of page.folders) {
          if (!isKnown(storePath) && folders.has(keyOf(storePath))) next.push(storePath);
          found.folders.set(keyOf(storePath), storePath);
        }
      }
    });
    level = next;
  }
  return { files: [...found.files.values()], folders: [...found.folders.values()] };
}

/** All files at and below a path, at any depth. None when nothing is there. */
export async function listWhole(run: UploadRun, storePath: string): Promise<readonly StoreFile[]> {
  const files = new Map<string, StoreFile>();
  const seen = new Set([storePath]);
  for (let level = [storePath]; level.length > 0; ) {
    const next: string[] = [];
    await runWorkers(run, takeInOrder(level), async (worker, folder) => {
      for await (const page of pagesOf(worker, folder)) {
        for (const file of page.files) files.set(file.storePath, file);
        for (const { storePath: path } of page.folders) {
          if (!seen.has(path)) next.push(path);
          seen.add(path);
        }
      }
    });
    level = next;
  }
  return [...files.values()];
}

async function* pagesOf(run: UploadRun, storePath: string) {
  const used = new Set<string | undefined>();
  let token: string | undefined;
  do {
    if (used.has(token)) throw new Error(`The listing of ${storePath} goes round in a circle`);
    used.add(token);
    const current = token;
    const page = await withRetries(run, newRetryBudget(run), () =>
      run.server.listPage(storePath, current, run.signal),
    );
    if (page === undefined) return;
    yield page;
    token = page.continuationToken;
  } while (token !== undefined);
}

/** What a listing shows, at any depth. */
export interface ListedTree {
  readonly files: readonly Pick<StoreFile, "storePath" | "fileSize">[];
  /** Without the destination itself. */
  readonly folders: readonly string[];
}

/** What of the differences counts. */
export interface Comparison {
  /** Folders without a mark do. Before marks are made they do not. */
  readonly marks: boolean;
  /** What does not belong there does. */
  readonly unexpected: boolean;
}

/** How a listing differs from what it should be, by store path. Marks are compared by name: a server reads nothing else. */
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
  const waiting = newRetryBudget({ ...run, settings });
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

/**
 * Marks folders as complete: those below before those above, the package itself last, so that whoever finds a mark
 * finds everything that it stands for (protocol §6.1).
 */
export async function markFolders(run: UploadRun, folders: readonly string[]): Promise<void> {
  for (const level of deepestFirst(folders)) {
    await runWorkers(run, takeInOrder(level), (worker, folder) =>
      withRetries(worker, newRetryBudget(worker), () =>
        worker.server.putFile(markOf(folder), new Uint8Array(0), 0, worker.signal),
      ),
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
