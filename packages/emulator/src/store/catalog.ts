import { parentsOf } from "./store-path.js";

/** The metadata of a committed file. */
export interface StoredFile {
  /** The path as spelled in the last write. Listings show this spelling. */
  readonly path: string;
  readonly key: string;
  /** The path on disk below the content folder, with `/`, as spelled in the first write. */
  readonly diskPath: string;
  readonly version: FileVersion;
  /** The upload session that wrote the file, if any. A repeated commit of this session is a no-op. */
  readonly sessionId?: string;
  /** Size in bytes. */
  readonly size: number;
  /** Milliseconds since 1970. Also the modification time of the file on disk. */
  readonly modifiedAt: number;
  /** False while the file is being replaced. Listings omit it then (protocol §1.3). */
  readonly stable: boolean;
}

/** The files of a store by key, in memory. */
export class Catalog {
  readonly #separator: string;
  readonly #files = new Map<string, StoredFile>();
  /** The same files, sorted by key. */
  readonly #inOrder: StoredFile[] = [];

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
    const replaced = this.#files.has(file.key) ? 1 : 0;
    this.#files.set(file.key, file);
    this.#inOrder.splice(firstAtOrAfter(this.#inOrder, file.key), replaced, file);
  }

  delete(key: string): void {
    if (this.#files.delete(key)) this.#inOrder.splice(firstAtOrAfter(this.#inOrder, key), 1);
  }

  /** All files below a folder at any depth, sorted by key. All files of the store for undefined. */
  below(folderKey: string | undefined): readonly StoredFile[] {
    return folderKey === undefined ? [...this.#inOrder] : this.#inOrder.slice(...this.#rangeBelow(folderKey));
  }

  hasBelow(folderKey: string): boolean {
    const prefix = folderKey + this.#separator;
    return this.#inOrder[firstAtOrAfter(this.#inOrder, prefix)]?.key.startsWith(prefix) === true;
  }

  /** Deletes every file below a folder. */
  deleteBelow(folderKey: string): void {
    const [start, end] = this.#rangeBelow(folderKey);
    for (const { key } of this.#inOrder.splice(start, end - start)) this.#files.delete(key);
  }

  /** Whether a folder exists at this key, or a file at one of its parents. */
  isBlocked(key: string): boolean {
    return this.hasBelow(key) || parentsOf(key).some((parent) => this.#files.has(parent));
  }

  #rangeBelow(folderKey: string): readonly [start: number, end: number] {
    const prefix = folderKey + this.#separator;
    const start = firstAtOrAfter(this.#inOrder, prefix);
    let end = start;
    while (this.#inOrder[end]?.key.startsWith(prefix) === true) end += 1;
    return [start, end];
  }
}

/** The index of the first file whose key is not less than `key`, or the length if there is none. */
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

/** Identifies one state of a file. `FileVersion` in the API. */
export interface FileVersion {
  /** When the store was created, in ticks. On a cluster, it changes when the store is restored after data loss. */
  readonly dataLoss: bigint;
  /** Grows with every failover. */
  readonly configuration: bigint;
  /** The number of writes to the store. */
  readonly number: number;
}

/** As in the documented samples, the count is in the upper half of a configuration number. */
const configurationStep = 2n ** 32n;

/** Assigns a version to every write to the store. */
export class VersionCounter {
  readonly #dataLoss: bigint;
  #configuration: bigint;
  #last: number;

  constructor({ dataLoss, configuration, number }: FileVersion) {
    this.#dataLoss = dataLoss;
    this.#configuration = configuration;
    this.#last = number;
  }

  /** The most recent version. */
  get current(): FileVersion {
    return { dataLoss: this.#dataLoss, configuration: this.#configuration, number: this.#last };
  }

  next(): FileVersion {
    this.#last += 1;
    return this.current;
  }

  /** Starts the versions of a new primary, which are higher than all earlier ones (protocol §2.9). */
  beginEpoch(): void {
    this.#configuration += configurationStep;
  }
}
