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
  /** The same files in the order of their keys. */
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

  /** Every file below a folder at any depth, in the order of their keys; all files for undefined. */
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

  /** Whether a file of this key would stand where a folder is, or below another file. */
  isBlocked(key: string): boolean {
    if (this.hasBelow(key)) return true;
    const names = key.split(this.#separator);
    return names.some((_, index) => this.#files.has(names.slice(0, index).join(this.#separator)));
  }

  #rangeBelow(folderKey: string): readonly [start: number, end: number] {
    const prefix = folderKey + this.#separator;
    const start = firstAtOrAfter(this.#inOrder, prefix);
    let end = start;
    while (this.#inOrder[end]?.key.startsWith(prefix) === true) end += 1;
    return [start, end];
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

/** What names one state of a file: `FileVersion` on the wire. */
export interface FileVersion {
  /** When the store was made, in ticks; it would change when a cluster restores the store from a loss. */
  readonly dataLoss: bigint;
  /** Grows with every fail-over. */
  readonly configuration: bigint;
  /** Counts the writes of the whole store. */
  readonly number: number;
}

/** A configuration number holds its count in the upper half, as the documented samples do. */
const configurationStep = 2n ** 32n;

/** Gives every write of a store its version. */
export class VersionCounter {
  readonly #dataLoss: bigint;
  #configuration: bigint;
  #last: number;

  constructor({ dataLoss, configuration, number }: FileVersion) {
    this.#dataLoss = dataLoss;
    this.#configuration = configuration;
    this.#last = number;
  }

  /** The state to go on from. */
  get current(): FileVersion {
    return { dataLoss: this.#dataLoss, configuration: this.#configuration, number: this.#last };
  }

  next(): FileVersion {
    this.#last += 1;
    return this.current;
  }

  /** A new primary: later versions stand out from earlier ones (protocol §2.9). */
  beginEpoch(): void {
    this.#configuration += configurationStep;
  }
}
