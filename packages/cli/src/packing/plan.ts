import { tmpdir } from "node:os";
import { type PackageContent, type PackageFile, walkDirectory } from "@sf-image-store/client/node";
import { UsageError } from "../errors/errors.js";

/** A file of the package and its name in an archive. */
export interface ArchiveFile {
  readonly name: string;
  readonly file: PackageFile;
}

export interface PlannedArchive {
  /** The path of the archive, relative to the package. */
  readonly path: string;
  readonly files: readonly ArchiveFile[];
  /** Names of empty folders. */
  readonly emptyFolders: readonly string[];
}

/** The content of a compressed copy. */
export interface PackingPlan {
  readonly archives: readonly PlannedArchive[];
  /** Files to copy unchanged: the manifests and files outside service packages. */
  readonly unarchived: readonly PackageFile[];
  readonly folders: readonly string[];
}

/** Printed because a package without such folders is usually a mistake. */
export const nothingToCompressText = "Nothing to compress: no ServiceManifest.xml has a folder next to it.";

/**
 * Plans an archive next to every folder of a service package (Code, Config, Data or any other name), as clusters
 * expect it (protocol §6.1). An archive replaces an existing one of the same name.
 */
export function planPacking(content: PackageContent): PackingPlan {
  const servicePackages = new Set(
    content.files.flatMap(({ relativePath }) => {
      const [folder = "", name, ...deeper] = relativePath.split("/");
      return name?.toLowerCase() === "servicemanifest.xml" && deeper.length === 0 ? [folder] : [];
    }),
  );
  const packedFolderOf = (path: string) => {
    const [servicePackage = "", folder] = path.split("/", 2);
    return folder !== undefined && servicePackages.has(servicePackage)
      ? `${servicePackage}/${folder}`
      : undefined;
  };
  const folders = content.folders ?? [];
  const packed = folders.filter((folder) => packedFolderOf(folder) === folder);
  const archives = packed.map((folder) => planArchive(`${folder}.zip`, content, `${folder}/`));
  const isPacked = (path: string) =>
    packed.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const replaced = new Set(archives.map(({ path }) => path.toLowerCase()));
  return {
    archives,
    unarchived: content.files.filter(
      ({ relativePath: path }) => !isPacked(path) && !replaced.has(path.toLowerCase()),
    ),
    folders: folders.filter((folder) => !isPacked(folder)),
  };
}

/** Plans an archive of all files below `prefix`, by default of the whole package. Names are relative to `prefix`. */
export function planArchive(path: string, content: PackageContent, prefix = ""): PlannedArchive {
  const files = content.files.filter(({ relativePath }) => relativePath.startsWith(prefix));
  const folders = (content.folders ?? []).filter((folder) => folder.startsWith(prefix));
  const holders = new Set(
    [...files.map(({ relativePath }) => relativePath), ...folders].map((inside) =>
      inside.slice(0, Math.max(inside.lastIndexOf("/"), 0)),
    ),
  );
  return {
    path,
    files: files.map((file) => ({ name: file.relativePath.slice(prefix.length), file })),
    emptyFolders: folders
      .filter((folder) => !holders.has(folder))
      .map((folder) => folder.slice(prefix.length)),
  };
}

/**
 * Reads the directory of an application package. Throws InvalidInputError for symbolic links and special files, and
 * UsageError if the directory is not an application package.
 */
export async function readApplicationPackage(
  directory: string,
  signal?: AbortSignal,
): Promise<PackageContent> {
  const content = await walkDirectory(directory, signal === undefined ? {} : { abortSignal: signal });
  requireApplicationPackage(directory, content);
  return content;
}

/** Throws UsageError if the content is not that of an application package. */
export function requireApplicationPackage(directory: string, content: PackageContent): void {
  const paths = [...content.files.map(({ relativePath }) => relativePath), ...(content.folders ?? [])];
  if (!paths.some(isApplicationManifest)) {
    throw new UsageError(
      `${directory} is not an application package: it contains no ApplicationManifest.xml. Specify the directory that contains this file.`,
    );
  }
  const ambiguous = paths.find((path) => path.includes("\\"));
  if (ambiguous !== undefined) {
    throw new UsageError(
      `${JSON.stringify(ambiguous)} in ${directory} has a backslash in its name, which archives treat as a separator. Rename it.`,
    );
  }
}

export function isApplicationManifest(relativePath: string): boolean {
  return relativePath.toLowerCase() === "applicationmanifest.xml";
}

/** Adds the path to the system's error for a full disk. Returns other errors unchanged. */
export function asDiskFullError(error: unknown, place: string): unknown {
  const isFull =
    error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  return isFull ? new Error(`Cannot write ${place}: ${error.message}.`, { cause: error }) : error;
}

/** Describes where a temporary file is, and how to change that. */
export function temporaryFolderText(what: string, platform = process.platform): string {
  const variable = platform === "win32" ? "TEMP" : "TMPDIR";
  return `${what} in ${tmpdir()} (to use another folder, set ${variable})`;
}
