import type { UploadSession } from "@sf-image-store/client/node";

/** The state of an upload for people: a cell is full when all its bytes have arrived, half when some, empty when none. */
export function rangeBar({ fileSize, expectedRanges }: UploadSession, width: number): string {
  const cells = Array.from({ length: width }, (_, cell) => {
    const first = Math.floor((cell * fileSize) / width);
    const last = Math.max(first, Math.floor(((cell + 1) * fileSize) / width) - 1);
    const missing = expectedRanges.reduce(
      (sum, { startPosition, endPosition }) =>
        sum + Math.max(0, Math.min(endPosition, last) - Math.max(startPosition, first) + 1),
      0,
    );
    if (missing === 0) return "█";
    return missing === last - first + 1 ? "·" : "▒";
  });
  return `[${cells.join("")}]`;
}
