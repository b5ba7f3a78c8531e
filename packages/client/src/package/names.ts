import { InvalidInputError } from "../errors/errors.js";
import {
  exactKey,
  foldedKey,
  gatewayNameKey,
  type NameKey,
  windowsProblem,
} from "../upload/gateway-names.js";
import type { UploadRun } from "../upload/upload-run.js";
import { type GatewayPlatform, markName, storePathProblem } from "../wire/store-path.js";
import { foldersAbove, type PackageContent } from "./package-options.js";

/** A path that cannot be uploaded, and why. */
export interface PathProblem {
  readonly path: string;
  readonly reason: string;
}

/** Names that every gateway would reject or change. `isExact`: the platform is known, so that `%` and `#` are allowed. */
function problemsOnAnyPlatform(
  content: PackageContent,
  destination: string,
  isExact: boolean,
): PathProblem[] {
  const check = (path: string) => nameProblem(path, destination, isExact);
  return [...checkEach(content, check), ...collisions(content, exactKey)];
}

/** Names that gateways on Windows reject or change. */
function problemsOnWindows(content: PackageContent): PathProblem[] {
  return [...checkEach(content, windowsProblem), ...collisions(content, foldedKey)];
}

/** Throws one InvalidInputError for all problems, if there are any. */
export function rejectPaths(parameter: string, problems: readonly PathProblem[]): void {
  if (problems.length === 0) return;
  const listed = problems.slice(0, 20).map(({ path, reason }) => `${JSON.stringify(path)} ${reason}`);
  const more = problems.length > 20 ? `; and ${problems.length - 20} more` : "";
  const count = problems.length === 1 ? "a path" : `${problems.length} paths`;
  throw new InvalidInputError(parameter, `has ${count} that cannot be uploaded: ${listed.join("; ")}${more}`);
}

function checkEach(
  { files, folders = [] }: PackageContent,
  check: (path: string) => string | undefined,
): PathProblem[] {
  return [...folders, ...files.map((file) => file.relativePath)].flatMap((path) => {
    const reason = check(path);
    return reason === undefined ? [] : [{ path, reason }];
  });
}

function nameProblem(path: string, destination: string, isExact: boolean): string | undefined {
  if (path.includes("\\")) return "contains a backslash, which servers use as a separator";
  if (path.split("/").some((name) => name.toLowerCase() === markName)) {
    return `has the reserved name ${markName} of mark files, which the upload creates`;
  }
  return storePathProblem(`${destination}/${path}`, isExact);
}

/** Paths with the same key: two files, two folders with different spelling, or a file and a folder. */
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
        reason: `(${one}) and ${JSON.stringify(other.path)} (${two}) are the same name on the server`,
      });
    } else if (other.path !== path) {
      problems.push({ path, reason: `and ${JSON.stringify(other.path)} are the same folder on the server` });
    }
  };
  const given = folders.flatMap((path) => [...foldersAbove(path), path]);
  const above = files.flatMap(({ relativePath }) => foldersAbove(relativePath));
  for (const path of new Set([...given, ...above])) add(path, false);
  for (const { relativePath } of files) add(relativePath, true);
  return problems;
}

/** Throws InvalidInputError unless the content has valid files and folders. */
export function requireContent(content: PackageContent, parameter = "content"): void {
  const { files, folders = [] } = content;
  if (!Array.isArray(files) || !Array.isArray(folders)) {
    throw new InvalidInputError(parameter, "must have an array of files and may have an array of folders");
  }
  for (const { relativePath, size, open } of files) {
    if (
      typeof relativePath !== "string" ||
      !Number.isSafeInteger(size) ||
      size < 0 ||
      typeof open !== "function"
    ) {
      const what = "must have files with relativePath, size and open";
      throw new InvalidInputError(parameter, `${what}, got ${JSON.stringify({ relativePath, size })}`);
    }
  }
  if (!folders.every((folder) => typeof folder === "string")) {
    throw new InvalidInputError(parameter, "must have strings as folders");
  }
}

/**
 * Throws one InvalidInputError for all names that the gateway would change.
 * @returns how the gateway compares names.
 */
export async function checkNames(
  run: UploadRun,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
): Promise<NameKey> {
  rejectPaths("content", problemsOnAnyPlatform(content, destination, platform !== undefined));
  const keyOf = await gatewayNameKey(run, platform);
  if (keyOf !== foldedKey) return keyOf;
  const problem = windowsProblem(destination);
  if (problem !== undefined)
    throw new InvalidInputError("destination", `${problem}, got ${JSON.stringify(destination)}`);
  rejectPaths("content", problemsOnWindows(content));
  return keyOf;
}
