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
