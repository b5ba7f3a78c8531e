import type { ByteRange } from "./content-range.js";

/** What became of a range that was added. */
export type AddResult = "recorded" | "held-already" | "overlaps";

/** Which bytes of one file have arrived (protocol §2.3, §2.4). */
export class ReceivedRanges {
  /** Ascending, disjoint, never adjacent. */
  #edges: readonly ByteRange[] = [];

  constructor(readonly size: bigint) {}

  /** The gaps, ascending, both ends inclusive; empty when nothing is missing. */
  expected(): ByteRange[] {
    // A file of no bytes expects its one impossible byte for ever, also after its chunk arrived.
    if (this.size === 0n) return [{ start: 0n, end: 0n }];
    const gaps: ByteRange[] = [];
    let next = 0n;
    for (const edge of this.#edges) {
      if (edge.start > next) gaps.push({ start: next, end: edge.start - 1n });
      next = edge.end + 1n;
    }
    if (next < this.size) gaps.push({ start: next, end: this.size - 1n });
    return gaps;
  }

  /** Whether a chunk lies wholly inside one expected range, as every chunk after the first must. */
  expects(range: ByteRange): boolean {
    return this.expected().some((gap) => contains(gap, range));
  }

  /**
   * Whether the bytes are exactly 0 to size - 1. Not the same as "nothing is expected": a range that ends at `size`
   * leaves nothing to expect and can never be complete.
   */
  isComplete(): boolean {
    const [only, ...rest] = this.#edges;
    return only !== undefined && rest.length === 0 && only.start === 0n && only.end === this.size - 1n;
  }

  /** Records a range, joining it to its neighbours. */
  add(range: ByteRange): AddResult {
    if (this.#edges.some((edge) => contains(edge, range))) return "held-already";
    if (this.#edges.some((edge) => range.start <= edge.end && edge.start <= range.end)) return "overlaps";
    const before = this.#edges.filter((edge) => edge.end < range.start);
    const after = this.#edges.filter((edge) => edge.start > range.end);
    const left = before.at(-1);
    const right = after[0];
    const joinsLeft = left !== undefined && left.end + 1n === range.start;
    const joinsRight = right !== undefined && range.end + 1n === right.start;
    const joined = { start: joinsLeft ? left.start : range.start, end: joinsRight ? right.end : range.end };
    this.#edges = [
      ...(joinsLeft ? before.slice(0, -1) : before),
      joined,
      ...(joinsRight ? after.slice(1) : after),
    ];
    return "recorded";
  }
}

function contains(outer: ByteRange, inner: ByteRange): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
