import { InvalidInputError } from "../errors/errors.js";
import { randomRequestId } from "../http/request.js";
import { newRetryBudget, type UploadRun, withRetries } from "../upload/upload-run.js";
import { isInvalidArgument } from "../upload/upload-server.js";
import { type GatewayPlatform, storePathProblem } from "../wire/store-path.js";
import { foldersAbove, markName, type PackageContent } from "./package-options.js";

/** A path that cannot be used, and why. */
export interface PathProblem {
  readonly path: string;
  readonly reason: string;
}

/** What no gateway would store under the name it has. `isExact`: the platform is known, so that `%` and `#` pass. */
function problemsAnywhere(content: PackageContent, destination: string, isExact: boolean): PathProblem[] {
  const check = (path: string) => nameProblem(path, destination, isExact);
  return [...eachOf(content, check), ...collisions(content, exactKey)];
}

/** What gateways on Windows would refuse, or take for something else. */
function problemsOnWindows(content: PackageContent): PathProblem[] {
  return [...eachOf(content, windowsProblem), ...collisions(content, foldedKey)];
}

/** Throws one InvalidInputError for all of them, if there are any. */
export function refuse(parameter: string, problems: readonly PathProblem[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, 20).map(({ path, reason }) => `${JSON.stringify(path)} ${reason}`);
  const more = problems.length > 20 ? `; and ${problems.length - 20} more` : "";
  const count = problems.length === 1 ? "a path" : `${problems.length} paths`;
  throw new InvalidInputError(parameter, `has ${count} that cannot be uploaded: ${shown.join("; ")}${more}`);
}

function eachOf(
  { files, folders = [] }: PackageContent,
  check: (path: string) => string | undefined,
): PathProblem[] {
  return [...folders, ...files.map((file) => file.relativePath)].flatMap((path) => {
    const reason = check(path);
    return reason === undefined ? [] : [{ path, reason }];
  });
}

function nameProblem(path: string, destination: string, isExact: boolean): string | undefined {
  if (path.includes("\\")) return "contains a backslash, which servers take for a separator";
  if (path.split("/").some((name) => name.toLowerCase() === markName)) {
    return `has the name of mark files, ${markName}, which are made when the upload is done`;
  }
  return storePathProblem(`${destination}/${path}`, isExact);
}

/** Names that Windows gives to devices, whatever the extension. */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$/i;

/** Why a path cannot be on a disk of Windows. */
function windowsProblem(path: string): string | undefined {
  for (const name of path.split(/[/\\]/)) {
    if (/[<>:"|?*]/.test(name)) return "contains a character that Windows does not allow in names";
    // Windows drops such endings: the name would mean another file.
    if (/[. ]$/.test(name)) return "has a name that ends with a dot or blank, which Windows drops";
    if (deviceName.test(name.split(".", 1)[0]?.trim() ?? ""))
      return "has a name that Windows reserves for a device";
  }
  return undefined;
}

/** Paths that are one to whoever compares by `keyOf`: two files, two folders of different spelling, a file and a folder. */
function collisions({ files, folders = [] }: PackageContent, keyOf: NameKey): PathProblem[] {
  const known = new Map<string, { readonly path: string; readonly isFile: boolean }>();
  const problems: PathProblem[] = [];
  const add = (path: string, isFile: boolean) => {
    const key = keyOf(path);
    const other = known.get(key);
    if (other === undefined) known.set(key, { path, isFile });
    else if (other.isFile || isFile) {
      const [one, two] = [isFile, other.isFile].map((file) => (file ? "file" : "folder"));
      problems.push({
        path,
        reason: `(${one}) and ${JSON.stringify(other.path)} (${two}) are one name to the server`,
      });
    } else if (other.path !== path) {
      problems.push({ path, reason: `and ${JSON.stringify(other.path)} are one folder to the server` });
    }
  };
  const given = folders.flatMap((path) => [...foldersAbove(path), path]);
  const above = files.flatMap(({ relativePath }) => foldersAbove(relativePath));
  for (const path of new Set([...given, ...above])) add(path, false);
  for (const { relativePath } of files) add(relativePath, true);
  return problems;
}

/** What files and folders a package consists of must at least be. Throws InvalidInputError. */
export function requireContent(content: PackageContent): void {
  const { files, folders = [] } = content;
  if (!Array.isArray(files) || !Array.isArray(folders)) {
    throw new InvalidInputError("content", "must have a list of files, and may have one of folders");
  }
  for (const { relativePath, size, open } of files) {
    if (
      typeof relativePath !== "string" ||
      !Number.isSafeInteger(size) ||
      size < 0 ||
      typeof open !== "function"
    ) {
      const what = "must have files with relativePath, a size in whole bytes, and open";
      throw new InvalidInputError("content", `${what}, got ${JSON.stringify({ relativePath, size })}`);
    }
  }
  if (!folders.every((folder) => typeof folder === "string")) {
    throw new InvalidInputError("content", "must have texts as folders");
  }
}

/**
 * Refuses names that the gateway would store as others, all of them at once. Throws InvalidInputError.
 * @returns how the gateway tells names apart.
 */
export async function checkNames(
  run: UploadRun,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
): Promise<NameKey> {
  refuse("content", problemsAnywhere(content, destination, platform !== undefined));
  const keyOf = await gatewayNameKey(run, platform);
  if (keyOf !== foldedKey) return keyOf;
  const problem = windowsProblem(destination);
  if (problem !== undefined)
    throw new InvalidInputError("destination", `${problem}, got ${JSON.stringify(destination)}`);
  refuse("content", problemsOnWindows(content));
  return keyOf;
}

/** How the gateway tells names apart. It is asked once, if nothing has shown yet what it runs on. */
export async function gatewayNameKey(
  run: UploadRun,
  platform: GatewayPlatform | undefined,
): Promise<NameKey> {
  if (platform !== undefined) return platform === "linux" ? exactKey : foldedKey;
  run.gateway.hasSessions ??= await hasSessions(run);
  return run.gateway.hasSessions ? foldedKey : exactKey;
}

/** Only gateways on Windows know upload sessions (protocol §1): one that nobody has is an answer there, an error on Linux. */
async function hasSessions(run: UploadRun): Promise<boolean> {
  try {
    await withRetries(run, newRetryBudget(run), () => run.server.readSession(randomRequestId(), run.signal));
    return true;
  } catch (error) {
    if (isInvalidArgument(error)) return false;
    throw error;
  }
}

/** What two names have in common when a gateway takes them for one. */
export type NameKey = (name: string) => string;

/** Linux takes names as they are (protocol §5.2). */
export const exactKey: NameKey = (name) => name;

/**
 * Windows ignores case, as files on its disks do: character by character, for `toLowerCase` of a whole name depends on
 * places (`ΑΣ`), and only where the length stays.
 */
export const foldedKey: NameKey = (name) => name.replaceAll(/[^a-z0-9/]/g, foldCharacter);

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = (upper.length === 1 ? upper : character).toLowerCase();
  return lower.length === 1 ? lower : character;
}
