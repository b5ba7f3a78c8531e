import { FabricError } from "../wire/fabric-error.js";

/** Which kind of gateway is emulated. Upload sessions exist on Windows only (protocol §1, rows 6 to 10). */
export type Platform = "windows" | "linux";

/** What stands between the names of a path in answers and keys (protocol §5.2). */
export function separatorOf(platform: Platform): "\\" | "/" {
  return platform === "windows" ? "\\" : "/";
}

/** A place in the image store that cannot leave the folder it is kept in. */
export interface StorePath {
  /** As decoded from the URL. Sessions keep and compare this very text (protocol §2.7). */
  readonly text: string;
  /** Folder names, then the file's name. */
  readonly segments: readonly string[];
  /** As listings show it: the platform's separator, otherwise as sent (protocol §1.3, §5.2). */
  readonly display: string;
  /** Equal for two spellings of one file: separators are alike, and on Windows case does not count (protocol §5.2). */
  readonly key: string;
}

/** Longest name the usual file systems hold, in bytes of UTF-8. */
const maxSegmentBytes = 255;

/**
 * Characters that mean something to Windows (drive, stream, wildcard, redirection), all control characters, and halves of
 * characters, which no URL or file name can carry.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point.
const forbiddenCharacter = /[\u0000-\u001f\u007f-\u009f<>:"|?*]|\p{Surrogate}/u;

/** Names Windows gives to devices, whatever the extension. */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$/i;

/**
 * Reads a store path, refusing what could name anything outside the store or mean another file on another system. A
 * real cluster checks none of this (protocol §5.2).
 * @throws FabricError `E_INVALIDARG` for a refused path.
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
 * Brings text into the form in which two spellings of one name are equal (protocol §5.2). Character by character, for
 * `toLowerCase` of a whole name depends on places (`ΑΣ`), and only where the length stays, so that what stands at a
 * position in one spelling stands there in every other.
 */
export function foldCase(text: string, platform: Platform = "windows"): string {
  return platform === "windows" ? text.replaceAll(/[^a-z0-9\\/]/g, foldCharacter) : text;
}

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = (upper.length === 1 ? upper : character).toLowerCase();
  return lower.length === 1 ? lower : character;
}

/** The keys of the folders that lead to a key. */
export function parentsOf(key: string): string[] {
  return [...key.matchAll(/[\\/]/g)].map(({ index }) => key.slice(0, index));
}

function checkSegment(segment: string): void {
  if (forbiddenCharacter.test(segment)) throw refused("a name in it holds a forbidden character");
  // Windows drops such endings, so the name would mean another file; this covers `.` and `..` too.
  if (/[. ]$/.test(segment)) throw refused("a name in it ends with a dot or a blank");
  const stem = segment.split(".", 1)[0]?.trim() ?? "";
  if (deviceName.test(stem)) throw refused("a name in it is reserved by Windows");
  if (Buffer.byteLength(segment) > maxSegmentBytes) throw refused("a name in it is too long");
}

function refused(reason: string): FabricError {
  return new FabricError("E_INVALIDARG", `The emulator refuses this store path: ${reason}.`);
}
