import type { FileVersion } from "./file-version.js";

/** A committed file, as the primary's metadata has it. */
export interface StoredFile {
  /** As it was spelt by its last write; what listings show. */
  readonly path: string;
  readonly key: string;
  /** Where its bytes are, below the content folder: names joined by `/`, in the spelling of the first write. */
  readonly diskPath: string;
  readonly version: FileVersion;
  /** The upload session that wrote it, if one did: what makes a repeated commit a no-op. */
  readonly sessionId?: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970; also the time of the file on disk. */
  readonly modifiedAt: number;
  /** False while it is being replaced: then listings leave it out (protocol §1.3). */
  readonly stable: boolean;
}

/** The files of a store by key, in memory. */
export class Catalog {
  readonly #separator: string;
  readonly #files = new Map<string, StoredFile>();
  /** All files in the order of their keys; made again after a change, when somebody asks. */
  #inOrder: readonly StoredFile[] | undefined;

  constructor(separator: string) {
    this.#separator = separator;
  }

  get size(): number {
    return this.#files.size;
  }

  get(key: string): StoredFile | undefined {
    return this.#files.get(key);
  }

  set(file: StoredFile): void {
    this.#files.set(file.key, file);
    this.#inOrder = undefined;
  }

  delete(key: string): void {
    this.#files.delete(key);
    this.#inOrder = undefined;
  }

  /** Every file below a folder at any depth, in the order of their keys; all files for undefined. */
  below(folderKey: string | undefined): readonly StoredFile[] {
    this.#inOrder ??= [...this.#files.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
    if (folderKey === undefined) return this.#inOrder;
    const prefix = folderKey + this.#separator;
    const start = firstAtOrAfter(this.#inOrder, prefix);
    let end = start;
    while (this.#inOrder[end]?.key.startsWith(prefix) === true) end += 1;
    return this.#inOrder.slice(start, end);
  }
}

/** The index of the first file whose key is not below `key`; the length when there is none. */
export function firstAtOrAfter(files: readonly StoredFile[], key: string): number {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((files[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
