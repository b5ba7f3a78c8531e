import type { ByteRange } from "../operations/upload-session.js";

export function sizeOf({ startPosition, endPosition }: ByteRange): number {
  return endPosition - startPosition + 1;
}

export function sumOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + sizeOf(range), 0);
}

/** All of a file that is not empty. */
export function wholeOf(size: number): ByteRange {
  return { startPosition: 0, endPosition: size - 1 };
}
