import type { ByteRange } from "@sf-image-store/client";

/** `range` in consecutive pieces of `size` bytes; the last may be shorter. */
export function splitRange({ startPosition, endPosition }: ByteRange, size: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let start = startPosition; start <= endPosition; start += size) {
    pieces.push({ startPosition: start, endPosition: Math.min(start + size - 1, endPosition) });
  }
  return pieces;
}

export function sizeOf({ startPosition, endPosition }: ByteRange): number {
  return endPosition - startPosition + 1;
}

export function sumOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + sizeOf(range), 0);
}
