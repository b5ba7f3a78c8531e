import { realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { InvalidInputError } from "@sf-image-store/client/node";
import { isAbsent } from "./folder-error.js";

/**
 * Holds what is being written, and what is being deleted. It is in no listing, and no store path leads there. Only the root
 * has one: a package may contain a folder of the same name.
 */
export const stagingName = ".sf-image-store";

/** Whether a path on disk is the staging folder of the store at `root`, in any case of letters. */
export function isStaging(root: string, path: string): boolean {
  return join(dirname(path), basename(path).toLowerCase()) === join(root, stagingName);
}

/**
 * The path on disk of a store path, which leads out of the root neither by its names nor by links. Throws
 * InvalidInputError.
 */
export async function safePath(root: string, storePath: string): Promise<string> {
  const names = storePath.split(/[/\\]/);
  for (const name of names) {
    if (name === "" || name === "." || name === ".." || isRefused(name)) {
      throw new InvalidInputError(
        "storePath",
        `cannot be kept in a folder, got ${JSON.stringify(storePath)}`,
      );
    }
  }
  if (names[0]?.toLowerCase() === stagingName) {
    throw new InvalidInputError(
      "storePath",
      `must not begin with ${stagingName}, which holds unfinished files`,
    );
  }
  const path = join(root, ...names);
  const [realRoot, real] = [await realpath(root), await realOf(path)];
  if (real !== realRoot && !real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
    throw new InvalidInputError(
      "storePath",
      `leads out of the image store by a link, got ${JSON.stringify(storePath)}`,
    );
  }
  return path;
}

/** Windows would take such a name for another, or for a stream of a file. */
function isRefused(name: string): boolean {
  return process.platform === "win32" && /[<>:"|?*]|[. ]$/.test(name);
}

/** Where the part of a path that exists really is. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return realOf(dirname(path));
  }
}
