import { FabricError } from "../wire/fabric-error.js";

/** A range of bytes in a file. Both ends are inclusive. */
export interface ByteRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** The range of a chunk and the size of the file, from a `Content-Range` header. */
export interface ContentRange extends ByteRange {
  readonly size: bigint;
}

const unit = "bytes";
const uint64Max = 2n ** 64n - 1n;

/**
 * Reads a `Content-Range` header as leniently as the gateway (protocol §2.1).
 * @throws FabricError with the range code if the gateway rejects it.
 */
export function parseContentRange(header: string | undefined): ContentRange {
  // Without the header, the gateway assumes the chunk 0-0 of an empty file.
  if (header === undefined || header === "") return { start: 0n, end: 0n, size: 0n };
  const [left, total, ...rest] = nonEmptyPieces(withoutUnit(header), "/");
  if (left === undefined || total === undefined || rest.length > 0) throw rangeError();
  const size = parseUint64(total);
  const { start, end } = parsePositions(left);
  // The gateway accepts `end === size`, although there is no byte at that position.
  if (start > end || end > size) throw rangeError();
  return { start, end, size };
}

export function rangeError(): FabricError {
  return new FabricError("FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE");
}

/** The unit is optional and case-sensitive. The gateway trims its letters, then white space. */
function withoutUnit(header: string): string {
  return header.startsWith(unit) ? header.replace(/^[bytes]+(?=[^bytes])/, "").trim() : header;
}

/** If the left side does not have two parts, such as `*`, `5` or `0-1-2`, the positions are 0-0. This is not an error. */
function parsePositions(text: string): ByteRange {
  const [first, last, ...rest] = nonEmptyPieces(text, "-");
  if (first === undefined || last === undefined || rest.length > 0) return { start: 0n, end: 0n };
  return { start: parseUint64(first), end: parseUint64(last) };
}

function nonEmptyPieces(text: string, separator: string): string[] {
  return text.split(separator).filter((piece) => piece !== "");
}

/** Accepts spaces around the number, a leading `+`, and hexadecimal. Leading zeros do not mean octal. */
function parseUint64(text: string): bigint {
  const digits = text.replace(/^ +| +$/g, "");
  if (!/^(\+?[0-9]+|0[xX][0-9a-fA-F]+)$/.test(digits)) throw rangeError();
  const value = BigInt(digits.replace("+", ""));
  if (value > uint64Max) throw rangeError();
  return value;
}

/** The result of adding a range. */
export type AddResult = "recorded" | "held-already" | "overlaps";

/** Which bytes of one file have arrived (protocol §2.3, §2.4). */
export class ReceivedRanges {
  /** Ascending, disjoint, never adjacent. */
  #edges: readonly ByteRange[] = [];

  constructor(readonly size: bigint) {}

  /** The missing ranges, ascending. Empty if nothing is missing. */
  expected(): ByteRange[] {
    // An empty file always expects byte 0, even after its chunk arrived.
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

  /** Whether a chunk is entirely inside one expected range. Required for every chunk after the first. */
  expects(range: ByteRange): boolean {
    return this.expected().some((gap) => contains(gap, range));
  }

  /**
   * Whether exactly the bytes 0 to size - 1 have arrived. After a range that ends at `size`, nothing is expected, but the file
   * is never complete.
   */
  isComplete(): boolean {
    const [only, ...rest] = this.#edges;
    return only !== undefined && rest.length === 0 && only.start === 0n && only.end === this.size - 1n;
  }

  /** Records a range and joins it with adjacent ranges. */
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
