import { type PackageContent, walkDirectory } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";

/**
 * What is in the directory of an application package. Throws InvalidInputError for symbolic links and whatever else is
 * neither file nor folder, and UsageError for a directory that is no application package.
 */
export async function readApplicationPackage(
  directory: string,
  signal?: AbortSignal,
): Promise<PackageContent> {
  const content = await walkDirectory(directory, signal);
  const paths = [...content.files.map(({ relativePath }) => relativePath), ...(content.folders ?? [])];
  if (!paths.some(isApplicationManifest)) {
    throw new UsageError(
      `${directory} is no application package: it has no ApplicationManifest.xml. Name the folder that holds that file.`,
    );
  }
  const ambiguous = paths.find((path) => path.includes("\\"));
  if (ambiguous !== undefined) {
    throw new UsageError(
      `${JSON.stringify(ambiguous)} in ${directory} has a backslash in its name, which archives take for a separator. Rename it.`,
    );
  }
  return content;
}

export function isApplicationManifest(relativePath: string): boolean {
  return relativePath.toLowerCase() === "applicationmanifest.xml";
}
