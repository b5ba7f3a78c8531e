import type { StoreFile } from "../operations/content.js";
import type { Difference } from "../upload/upload-error.js";
import { type ExpectedTree, markedFolder } from "./expected-tree.js";

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
