import type { ByteRange, UploadSession } from "@sf-image-store/client";

/** Draws the state of an upload: a cell is full when all its bytes have arrived, shaded when some have, and a dot when none have. */
export function missingBar({ fileSize, expectedRanges }: UploadSession, width: number): string {
  const cells = Array.from({ length: width }, (_, cell) => {
    const first = Math.floor((cell * fileSize) / width);
    const last = Math.max(first, Math.floor(((cell + 1) * fileSize) / width) - 1);
    const missing = expectedRanges.map((range) => ({
      startPosition: Math.max(range.startPosition, first),
      endPosition: Math.min(range.endPosition, last),
    }));
    const count = sumOf(missing.filter((range) => range.startPosition <= range.endPosition));
    if (count === 0) return "█";
    return count === last - first + 1 ? "·" : "▒";
  });
  const received = fileSize - sumOf(expectedRanges);
  const percent = Math.floor((100 * received) / fileSize);
  return `[${cells.join("")}] ${percent} %, ${bytes(received)} of ${bytes(fileSize)} received`;
}

function sumOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { startPosition, endPosition }) => sum + endPosition - startPosition + 1, 0);
}

/** Formats a size in binary units, such as `1.50 KiB`. */
export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  const kib = size / 1024;
  return kib < 1024 ? `${round(kib)} KiB` : `${round(kib / 1024)} MiB`;
}

function round(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);
}
