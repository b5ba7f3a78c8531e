import type { PackageContent, PackageFile } from "@sf-image-store/client/node";

/** A file of the package, and its name inside an archive. */
export interface ArchiveFile {
  readonly name: string;
  readonly file: PackageFile;
}

export interface PlannedArchive {
  /** Where it goes, counted from the package. */
  readonly path: string;
  readonly files: readonly ArchiveFile[];
  /** Names of folders that hold nothing. */
  readonly emptyFolders: readonly string[];
}

/** What a compressed copy consists of. */
export interface PackingPlan {
  readonly archives: readonly PlannedArchive[];
  /** Files that are copied as they are: the manifests, and what belongs to no service package. */
  readonly loose: readonly PackageFile[];
  readonly folders: readonly string[];
}

/** What to say of a plan without archives: it is seldom what was meant. */
export const nothingToCompress = "Nothing is compressed: no folder stands beside a ServiceManifest.xml.";

/**
 * Every folder of a service package (Code, Config, Data, whatever their names) becomes an archive beside it, which takes
 * the place of one that is there already. This is what clusters unpack (protocol §6.1).
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
    loose: content.files.filter(
      ({ relativePath: path }) => !isPacked(path) && !replaced.has(path.toLowerCase()),
    ),
    folders: folders.filter((folder) => !isPacked(folder)),
  };
}

/** An archive of all that lies below a folder; of the whole package by default. Names are counted from that folder. */
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
