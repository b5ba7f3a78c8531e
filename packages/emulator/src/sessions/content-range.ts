import { FabricError } from "../fabric-error.js";

/** Positions inside a file; both ends belong to the range. */
export interface ByteRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** A chunk's place, and the whole file's size, as its `Content-Range` header declares them. */
export interface ContentRange extends ByteRange {
  readonly size: bigint;
}

const unit = "bytes";
const uint64Max = 2n ** 64n - 1n;

/**
 * Reads a `Content-Range` header with the gateway's leniency (protocol §2.1).
 * @throws FabricError with the range code where the gateway refuses.
 */
export function parseContentRange(header: string | undefined): ContentRange {
  // Surprising, and true: without the header the chunk is 0-0 of a file of no bytes.
  if (header === undefined || header === "") return { start: 0n, end: 0n, size: 0n };
  const [left, total, ...rest] = nonEmptyPieces(withoutUnit(header), "/");
  if (left === undefined || total === undefined || rest.length > 0) throw rangeError();
  const size = parseUint64(total);
  const { start, end } = parsePositions(left);
  // `end === size` passes although no byte has that position.
  if (start > end || end > size) throw rangeError();
  return { start, end, size };
}

export function rangeError(): FabricError {
  return new FabricError("FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE");
}

/** The unit is optional and case-sensitive; what is trimmed is its letters, then white space. */
function withoutUnit(header: string): string {
  return header.startsWith(unit) ? header.replace(/^[bytes]+(?=[^bytes])/, "").trim() : header;
}

/** A left side that is not two pieces, such as `*`, `5` or `0-1-2`, is no error: the positions stay 0-0. */
function parsePositions(text: string): ByteRange {
  const [first, last, ...rest] = nonEmptyPieces(text, "-");
  if (first === undefined || last === undefined || rest.length > 0) return { start: 0n, end: 0n };
  return { start: parseUint64(first), end: parseUint64(last) };
}

function nonEmptyPieces(text: string, separator: string): string[] {
  return text.split(separator).filter((piece) => piece !== "");
}

/** Takes blanks around the number, a leading `+`, and hexadecimal; leading zeros do not mean octal. */
function parseUint64(text: string): bigint {
  const digits = text.replace(/^ +| +$/g, "");
  if (!/^(\+?[0-9]+|0[xX][0-9a-fA-F]+)$/.test(digits)) throw rangeError();
  const value = BigInt(digits.replace("+", ""));
  if (value > uint64Max) throw rangeError();
  return value;
}
