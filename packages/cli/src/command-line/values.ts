import { InvalidArgumentError } from "commander";
import { sizeText } from "../output/units.js";

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
};

/** Bytes from a text such as `8MiB`, `512k` or `1048576`. */
function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^([0-9]+) *([a-z]*)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN);
  if (digits !== "" && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError("It must be a size such as 8MiB, 512KiB or 1048576.");
}

const spans: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds from a text such as `90s`, `15m`, `12h` or `30d`. */
export function parseDuration(text: string): number {
  const [, digits = "", unit = ""] = /^([0-9]+)([smhdw])$/.exec(text) ?? [];
  const ms = Number(digits) * (spans[unit] ?? Number.NaN);
  if (digits !== "" && Number.isSafeInteger(ms) && ms > 0) return ms;
  throw new InvalidArgumentError("It must be a time such as 90s, 15m, 12h or 30d.");
}

/** A whole number, one or more. */
export function parseCount(text: string): number {
  const count = /^[0-9]+$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

/** A path in the store as people type it: slashes of either kind separate, at its ends they do not count. */
export function parseFolder(text: string): string {
  const path = text.split(/[/\\]+/).filter((name) => name !== "");
  // No file on a Windows gateway can have such a name, so it can only be meant as a wildcard.
  const wildcard = path.find((name) => /[*?]/.test(name));
  if (wildcard === undefined) return path.join("/");
  throw new InvalidArgumentError(
    `* and ? stand for nothing here, as in "${wildcard}". Write the path in full.`,
  );
}

/** The same, of a file or folder: not of the root. */
export function parseStorePath(text: string): string {
  const path = parseFolder(text);
  if (path !== "") return path;
  throw new InvalidArgumentError("It must name a file or folder in the store, not its root.");
}

/** How many levels of folders, 0 for none below the one that is named. */
export function parseDepth(text: string): number {
  const depth = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(depth)) return depth;
  throw new InvalidArgumentError("It must be a whole number, 0 or more.");
}

/** The id of an upload session. */
export function parseSessionId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text;
  throw new InvalidArgumentError("It must be a GUID such as 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60.");
}

/** A size within bounds, both allowed. */
export function sizeBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const bytes = parseSize(text);
    if (bytes >= least && bytes <= most) return bytes;
    throw new InvalidArgumentError(`It must be from ${sizeText(least)} to ${sizeText(most)}.`);
  };
}

/** A whole number within bounds, both allowed. */
export function countBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= least && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
