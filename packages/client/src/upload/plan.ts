import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import { wholeOf } from "./ranges.js";

/**
 * The chunks to send: what the server expects, cut to at most `chunkSize` bytes each, ascending. A chunk never spans a gap,
 * for it must lie inside one expected range (protocol §2.2).
 * @param session What the server knows; undefined when it knows nothing, so that everything is missing.
 */
export function planChunks(
  fileSize: number,
  chunkSize: number,
  session: Pick<UploadSession, "expectedRanges"> | undefined,
): ByteRange[] {
  const missing = session === undefined ? [wholeOf(fileSize)] : session.expectedRanges;
  return missing.flatMap((range) => splitRange(range, chunkSize));
}

function splitRange({ startPosition, endPosition }: ByteRange, size: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let start = startPosition; start <= endPosition; start += size) {
    pieces.push({ startPosition: start, endPosition: Math.min(start + size - 1, endPosition) });
  }
  return pieces;
}

/** The same chunks, beginning elsewhere: two who send the same file then seldom meet. `at` is from 0 to below 1. */
export function rotated<Item>(items: readonly Item[], at: number): Item[] {
  const first = Math.floor(items.length * at);
  return [...items.slice(first), ...items.slice(0, first)];
}
