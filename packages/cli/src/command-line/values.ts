import { InvalidArgumentError } from "commander";
import { sizeText } from "../output/units.js";

/** `MB` is 1000 kB as in the SI, `MiB` is 1024 KiB, and a single letter means the binary unit. */
const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kb: 1000,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
};

/** Parses a size such as `8MiB`, `8MB`, `512k` or `1048576` into bytes. */
function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^([0-9]+) *([a-z]*)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (sizeUnits[unit.toLowerCase()] ?? Number.NaN);
  if (digits !== "" && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError("Use a size such as 8MiB, 8MB, 512KiB or 1048576.");
}

const durationUnits: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Parses a duration such as `90s`, `15m`, `12h` or `30d` into milliseconds. */
export function parseDuration(text: string): number {
  const [, digits = "", unit = ""] = /^([0-9]+)([smhdw])$/.exec(text) ?? [];
  const ms = Number(digits) * (durationUnits[unit] ?? Number.NaN);
  if (digits !== "" && Number.isSafeInteger(ms) && ms > 0) return ms;
  throw new InvalidArgumentError("Use a duration such as 90s, 15m, 12h or 30d.");
}

/** Parses a whole number of 1 or more. */
export function parseCount(text: string): number {
  const count = /^[0-9]+$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("Use a whole number of 1 or more.");
}

/** Parses a store path. Both kinds of slashes separate names, and slashes at the start and end are ignored. */
export function parseFolder(text: string): string {
  const path = text.split(/[/\\]+/).filter((name) => name !== "");
  // A file on a Windows gateway cannot have such a name, so the user must mean a wildcard.
  const wildcard = path.find((name) => /[*?]/.test(name));
  if (wildcard === undefined) return path.join("/");
  throw new InvalidArgumentError(`Wildcards are not supported: "${wildcard}". Use the full path.`);
}

/** Parses the store path of a file or folder, which cannot be the root. */
export function parseStorePath(text: string): string {
  const path = parseFolder(text);
  if (path !== "") return path;
  throw new InvalidArgumentError(
    "Specify a file or folder. The root of the image store is not allowed here.",
  );
}

/** Parses the name of an application, with or without `fabric:/`. */
export function parseApplicationName(text: string): string {
  const path = text.replace(/^fabric:\/+/i, "");
  if (/^[^/:?#\s][^:?#]*[^/:?#\s]$|^[^/:?#\s]$/.test(path) && !path.includes("//")) return `fabric:/${path}`;
  throw new InvalidArgumentError("Use the name of an application, such as fabric:/MyApp or MyApp.");
}

/** Parses a number of folder levels, 0 or more. */
export function parseDepth(text: string): number {
  const depth = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(depth)) return depth;
  throw new InvalidArgumentError("Use a whole number of 0 or more.");
}

/** Parses the ID of an upload session. */
export function parseSessionId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text;
  throw new InvalidArgumentError(
    "Use a session ID, which is a GUID such as 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60.",
  );
}

/** Returns a parser for a size within bounds, inclusive. */
export function sizeBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const bytes = parseSize(text);
    if (bytes >= min && bytes <= max) return bytes;
    throw new InvalidArgumentError(`Use a size from ${sizeText(min)} to ${sizeText(max)}.`);
  };
}

/** Returns a parser for a whole number within bounds, inclusive. */
export function countBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`);
  };
}
