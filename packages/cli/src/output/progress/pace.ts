/** How many milliseconds of the past count for the rate. */
const windowMs = 10_000;
/** Below this the rate would be a guess. */
const leastMs = 1000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** How fast bytes go, over the last seconds. */
export class Pace {
  readonly #samples: Sample[] = [];
  #movedAt: number | undefined;

  note(at: number, bytes: number): void {
    if (bytes > 0) this.#movedAt ??= at;
    // What the system's buffers take at once says nothing of the network.
    if (this.#movedAt === undefined || at < this.#movedAt + leastMs) return;
    this.#samples.push({ at, bytes });
    // The one sample before the window is where it begins.
    while ((this.#samples[1]?.at ?? at) <= at - windowMs) this.#samples.shift();
  }

  /** Undefined as long as nobody can tell. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < leastMs) return undefined;
    // Bytes of requests that failed were on their way in vain.
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }
}
