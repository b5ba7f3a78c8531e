import { InvalidInputError } from "../errors/errors.js";
import type { UploadRun } from "../upload/upload-run.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { gatewayNameKey } from "./gateway-names.js";
import { foldedKey, type NameKey } from "./name-key.js";
import { problemsAnywhere, problemsOnWindows, refuse, windowsProblem } from "./names.js";
import type { PackageContent } from "./package-content.js";

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
