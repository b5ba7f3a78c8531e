import type { ByteSource } from "../upload/byte-source.js";

/** A source that may hold something open, such as a file, until it is closed. */
export interface ClosableSource extends ByteSource {
  close?(): Promise<void>;
}

/** What a file of a package may come from. A browser's `File` is a Blob. */
export type PackageSource = Blob | Uint8Array | ClosableSource;

/** One file of a package. */
export interface PackageFile {
  /** Names joined by `/`, counted from the package. */
  readonly relativePath: string;
  /** In bytes. */
  readonly size: number;
  /** Called when it is the file's turn. As many files are open at a time as `concurrency` says; each is closed again. */
  open(): Promise<PackageSource>;
}

/** What a package consists of. */
export interface PackageContent {
  readonly files: readonly PackageFile[];
  /** Folders to mark, named as files are. Those that hold files need not be listed, nor the package itself. */
  readonly folders?: readonly string[];
}

/** The name of mark files: a folder whose mark is there is complete. */
export const markName = "_.dir";

/** The folders that lead to a path, outermost first, without the root. */
export function foldersAbove(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
