import { InvalidInputError } from "../errors/errors.js";
import { storePathProblem } from "../wire/store-path.js";
import { exactKey, foldedKey, type NameKey } from "./name-key.js";
import { foldersAbove, markName, type PackageContent } from "./package-content.js";

/** A path that cannot be used, and why. */
export interface PathProblem {
  readonly path: string;
  readonly reason: string;
}

/** What no gateway would store under the name it has. `isExact`: the platform is known, so that `%` and `#` pass. */
export function problemsAnywhere(
  content: PackageContent,
  destination: string,
  isExact: boolean,
): PathProblem[] {
  const check = (path: string) => nameProblem(path, destination, isExact);
  return [...eachOf(content, check), ...collisions(content, exactKey)];
}

/** What gateways on Windows would refuse, or take for something else. */
export function problemsOnWindows(content: PackageContent): PathProblem[] {
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
export function windowsProblem(path: string): string | undefined {
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
