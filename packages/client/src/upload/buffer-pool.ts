/**
 * Memory that is used over and over: a new buffer for every chunk would pile up faster than it is collected. Only what
 * nobody can be reading any more may be given back; what a failed request held is left to the garbage collector.
 */
export class BufferPool {
  readonly #capacity: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** @param capacity How many buffers to keep at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A buffer of at least `size` bytes with anything in it. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const index = this.#free.findIndex((buffer) => buffer.byteLength >= size);
    // One that is too small makes room for the new one, or the pool would fill up with such.
    const [buffer] = this.#free.splice(Math.max(index, 0), 1);
    return buffer !== undefined && index >= 0 ? buffer : new Uint8Array(size);
  }

  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#capacity) this.#free.push(buffer);
  }
}
