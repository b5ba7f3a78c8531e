const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** A size for the eye. */
export function bytes(size: bigint | number): string {
  let value = Number(size);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ""}`;
}
