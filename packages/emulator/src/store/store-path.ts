import { FabricError } from "../wire/fabric-error.js";

/** The platform of the emulated gateway. Only Windows has upload sessions (protocol §1, rows 6 to 10). */
export type Platform = "windows" | "linux";

/** The separator of paths in responses and keys (protocol §5.2). */
export function separatorOf(platform: Platform): "\\" | "/" {
  return platform === "windows" ? "\\" : "/";
}

/** A path in the image store that is safe: it cannot lead outside the store. */
export interface StorePath {
  /** The text as decoded from the URL. Sessions store and compare this text (protocol §2.7). */
  readonly text: string;
  /** The folder names and the file name. */
  readonly segments: readonly string[];
  /** The path in listings: as sent, but with the platform's separator (protocol §1.3, §5.2). */
  readonly display: string;
  /** Equal for all spellings of one file: with normalized separators, and folded case on Windows (protocol §5.2). */
  readonly key: string;
}

/** Maximum length of a name on common file systems, in bytes of UTF-8. */
const maxSegmentBytes = 255;

/**
 * Characters with a special meaning on Windows (drive, stream, wildcard, redirection), control characters, and unpaired
 * surrogates, which cannot be part of a URL or a file name.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this expression rejects control characters.
const forbiddenCharacter = /[\u0000-\u001f\u007f-\u009f<>:"|?*]|\p{Surrogate}/u;

/** Names of devices on Windows, with any extension. */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$/i;

/**
 * Parses a store path. Rejects paths that could lead outside the store, or to another file on another system. A real cluster
 * does not check this (protocol §5.2).
 * @throws FabricError `E_INVALIDARG` for a rejected path.
 */
export function parseStorePath(text: string, platform: Platform = "windows"): StorePath {
  const trimmed = text.replace(/^ +| +$/g, "");
  if (/^[\\/]/.test(trimmed)) throw refused("it is absolute");
  const segments = trimmed.split(/[\\/]/).filter((segment) => segment !== "");
  if (segments.length === 0) throw refused("it is empty");
  for (const segment of segments) checkSegment(segment);
  const display = segments.join(separatorOf(platform));
  return { text, segments, display, key: foldCase(display, platform) };
}

/**
 * Folds case, so that all spellings of a name become equal (protocol §5.2). Folds each character on its own, because
 * `toLowerCase` of a whole name depends on the position of characters (`ΑΣ`), and only if the length stays the same, so that
 * positions are the same in all spellings.
 */
export function foldCase(text: string, platform: Platform = "windows"): string {
  if (platform !== "windows") return text;
  return isAscii.test(text) ? text.toLowerCase() : text.replaceAll(/[^a-z0-9\\/]/g, foldCharacter);
}

const isAscii = /^[ -~]*$/;

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = (upper.length === 1 ? upper : character).toLowerCase();
  return lower.length === 1 ? lower : character;
}

/** The keys of all parent folders of a key. */
export function parentsOf(key: string): string[] {
  const parents: string[] = [];
  for (let at = 0; at < key.length; at += 1) {
    if (key[at] === "/" || key[at] === "\\") parents.push(key.slice(0, at));
  }
  return parents;
}

function checkSegment(segment: string): void {
  if (forbiddenCharacter.test(segment)) throw refused("a name contains a forbidden character");
  // Windows removes such endings, so the name would refer to another file. This includes `.` and `..`.
  if (/[. ]$/.test(segment)) throw refused("a name ends with a dot or a space");
  const stem = segment.split(".", 1)[0]?.trim() ?? "";
  if (deviceName.test(stem)) throw refused("a name is reserved by Windows");
  if (Buffer.byteLength(segment) > maxSegmentBytes) throw refused("a name is too long");
}

function refused(reason: string): FabricError {
  return new FabricError("E_INVALIDARG", `The emulator rejects this store path: ${reason}.`);
}
