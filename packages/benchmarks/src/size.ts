export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** As the table names it: `8 MiB`. */
export function sizeText(bytes: number): string {
  const [unit, name] = bytes >= GiB ? [GiB, "GiB"] : bytes >= MiB ? [MiB, "MiB"] : [KiB, "KiB"];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
}
