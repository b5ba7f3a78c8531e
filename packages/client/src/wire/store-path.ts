import { InvalidInputError } from "../errors/errors.js";

/** What a gateway runs on. Windows and Linux gateways read some names differently. */
export type GatewayPlatform = "windows" | "linux";

/** Throws InvalidInputError for another text: names would be encoded for a platform that was not meant. */
export function readGatewayPlatform(platform: GatewayPlatform | undefined): GatewayPlatform | undefined {
  if (platform === undefined || platform === "windows" || platform === "linux") return platform;
  throw new InvalidInputError("gatewayPlatform", 'must be "windows" or "linux"');
}

/**
 * A store path as it stands in a URL: every segment percent-encoded on its own, the slashes between them kept.
 *
 * Refused, because a server would silently take it for something else (protocol §1.2, §5.2, §5.3): the empty path, empty
 * segments (they collapse), `.` and `..` (URL parsers remove them), a segment that is just `$` (reserved), blanks at either
 * end (trimmed), control characters, and text that is not valid Unicode.
 *
 * `%` and `#` are special: gateways on Windows decode a path twice, so `100%41` would become `100A` and `a#b` would become
 * `a`. Written for one platform they would be another name on the other; so they pass only when the platform is known.
 */
export function encodeStorePath(storePath: unknown, platform: GatewayPlatform | undefined): string {
  const encode = platform === "windows" ? encodeForWindows : encodeURIComponent;
  return requireStorePath("storePath", storePath, platform !== undefined)
    .split("/")
    .map(encode)
    .join("/");
}

export function requireStorePath(option: string, storePath: unknown, isExact: boolean): string {
  if (typeof storePath !== "string") throw new InvalidInputError(option, "must be a text");
  if (storePath === "") throw new InvalidInputError(option, "must not be empty");
  const reason = storePathProblem(storePath, isExact);
  if (reason !== undefined)
    throw new InvalidInputError(option, `${reason}, got ${JSON.stringify(storePath)}`);
  return storePath;
}

/** Why a store path cannot be used; undefined if it can. */
export function storePathProblem(storePath: string, isExact: boolean): string | undefined {
  if (storePath.trim() !== storePath) return "must not begin or end with a blank";
  // A backslash separates names too, on every platform, but stays one: sessions are found by the exact spelling.
  for (const name of storePath.split(/[/\\]/)) {
    const reason = refusal(name, isExact);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** `%` and `#` survive being decoded twice when they are encoded twice. */
function encodeForWindows(segment: string): string {
  return encodeURIComponent(segment.replaceAll("%", "%25").replaceAll("#", "%23"));
}

function refusal(name: string, isExact: boolean): string | undefined {
  if (name === "") return "must be names joined by single slashes, without one at either end";
  if (name === "." || name === "..") return "must not contain . or .. as a name";
  if (name === "$") return "must not contain a name that is just $, which servers reserve";
  if (!isExact && /[%#]/.test(name)) {
    return "contains % or #, which gateways on Windows and on Linux read differently: set the client's gatewayPlatform";
  }
  if (/\p{Cc}/u.test(name)) return "must not contain control characters";
  if (/\p{Surrogate}/u.test(name)) return "must be valid Unicode";
  return undefined;
}

/** A store path from an answer in the form of this API. Servers on Windows separate names by backslashes. */
export function decodeStorePath(storeRelativePath: string): string {
  return storeRelativePath.replaceAll("\\", "/");
}

/**
 * Where receipts are, below the root of an image store. The receipts of what is at `App` are empty files in
 * `.sf-image-store-receipts/App`, so that deleting a folder and all of its receipts takes two requests.
 */
export const receiptFolder = ".sf-image-store-receipts";

/** The folder with the receipts of what is at a store path, and of all below it. */
export function receiptsOf(storePath: string): string {
  return `${receiptFolder}/${storePath}`;
}

/** Whether a store path is the folder of receipts, or in it. */
export function isReceiptPath(storePath: string): boolean {
  const [first = ""] = storePath.split(/[/\\]/);
  return first.toLowerCase() === receiptFolder;
}
