import { InvalidInputError } from "../errors/errors.js";

/** The operating system of a gateway. Windows and Linux gateways read some names differently. */
export type GatewayPlatform = "windows" | "linux";

/** Throws InvalidInputError for any other value, because names would be encoded for the wrong platform. */
export function readGatewayPlatform(platform: GatewayPlatform | undefined): GatewayPlatform | undefined {
  if (platform === undefined || platform === "windows" || platform === "linux") return platform;
  throw new InvalidInputError("gatewayPlatform", 'must be "windows" or "linux"');
}

/**
 * Encodes a store path for a URL: percent-encodes each segment and keeps the slashes.
 *
 * Throws InvalidInputError for paths that a server would silently read as another path (protocol §1.2, §5.2, §5.3): the empty
 * path, empty segments (collapsed), `.` and `..` (removed by URL parsers), a segment that is only `$` (reserved), leading and
 * trailing whitespace (trimmed), control characters, and invalid Unicode.
 *
 * Gateways on Windows decode a path twice: `100%41` would become `100A`, and `a#b` would become `a`. Paths with `%` or `#`
 * therefore need a different encoding per platform and are allowed only if the platform is known.
 */
export function encodeStorePath(storePath: unknown, platform: GatewayPlatform | undefined): string {
  if (typeof storePath === "string" && plainPath.test(storePath)) return storePath;
  const encode = platform === "windows" ? encodeForWindows : encodeURIComponent;
  return requireStorePath("storePath", storePath, platform !== undefined)
    .split("/")
    .map(encode)
    .join("/");
}

/** Most paths. They are valid, and the same in a URL. */
const plainPath = /^\w[\w.-]*(?:\/\w[\w.-]*)*$/;

export function requireStorePath(option: string, storePath: unknown, isExact: boolean): string {
  if (typeof storePath !== "string") throw new InvalidInputError(option, "must be a string");
  if (storePath === "") throw new InvalidInputError(option, "must not be empty");
  const reason = storePathProblem(storePath, isExact);
  if (reason !== undefined)
    throw new InvalidInputError(option, `${reason}, got ${JSON.stringify(storePath)}`);
  return storePath;
}

/** Why a store path is invalid; undefined if it is valid. */
export function storePathProblem(storePath: string, isExact: boolean): string | undefined {
  if (plainPath.test(storePath)) return undefined;
  if (storePath.trim() !== storePath) return "must not begin or end with whitespace";
  // A backslash separates names too, on every platform. It is not normalized, because sessions are found by exact spelling.
  for (const name of storePath.split(/[/\\]/)) {
    const reason = nameProblem(name, isExact);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Encodes `%` and `#` twice, because gateways on Windows decode a path twice. */
function encodeForWindows(segment: string): string {
  return encodeURIComponent(segment.replaceAll("%", "%25").replaceAll("#", "%23"));
}

function nameProblem(name: string, isExact: boolean): string | undefined {
  if (name === "") return "must be names joined by single slashes, without one at either end";
  if (name === "." || name === "..") return "must not contain . or .. as a name";
  if (name === "$") return "must not contain the reserved name $";
  if (!isExact && /[%#]/.test(name)) {
    return "contains % or #, which gateways on Windows and on Linux read differently: set the client's gatewayPlatform";
  }
  if (/\p{Cc}/u.test(name)) return "must not contain control characters";
  if (/\p{Surrogate}/u.test(name)) return "must be valid Unicode";
  return undefined;
}

/** Converts a store path from a response to the form of this API. Servers on Windows separate names by backslashes. */
export function decodeStorePath(storeRelativePath: string): string {
  return storeRelativePath.includes("\\") ? storeRelativePath.replaceAll("\\", "/") : storeRelativePath;
}

/** The name of mark files. A folder with a mark file is complete. */
export const markName = "_.dir";

/**
 * The folder that contains all receipts, at the root of an image store. The receipts of `App` are empty files in
 * `.sf-image-store-receipts/App`, so deleting a folder and its receipts takes two requests.
 */
export const receiptFolder = ".sf-image-store-receipts";

/** The folder with the receipts of a store path and of everything below it. */
export function receiptsOf(storePath: string): string {
  return `${receiptFolder}/${storePath}`;
}

/** Whether a store path is the receipt folder or inside it. */
export function isReceiptPath(storePath: string): boolean {
  const [first = ""] = storePath.split(/[/\\]/);
  return first.toLowerCase() === receiptFolder;
}
