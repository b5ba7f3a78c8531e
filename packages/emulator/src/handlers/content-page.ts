import type { Schemas } from "@sf-image-store/types";
import { type FileVersion, firstAtOrAfter, type StoredFile } from "../store/catalog.js";
import { foldCase, type Platform, separatorOf } from "../store/store-path.js";
import { FabricError } from "../wire/fabric-error.js";
import { describeTime } from "../wire/time.js";

/** What to list. */
export interface PageRequest {
  /** The files below the folder, in the order of their keys. */
  readonly files: readonly StoredFile[];
  /** The folder's path as normalised; undefined for the root. */
  readonly folder: string | undefined;
  readonly platform: Platform;
  readonly apiVersion: number;
  /** Where to start, as the page before told; empty for the beginning. */
  readonly token: string;
  readonly limitBytes: number;
}

/** A page in the making. */
interface Page {
  readonly StoreFiles: Schemas["FileInfo"][];
  readonly StoreFolders: Schemas["FolderInfo"][];
  ContinuationToken: string;
  sizeBytes: number;
}

/** A run of files with one sub-folder. */
interface Folder {
  readonly path: string;
  readonly firstFile: string;
  count: number;
}

/** A listing has no continuation in the versions before paging. */
export type Listing = Omit<Schemas["ImageStoreContent"], "ContinuationToken"> &
  Partial<Pick<Schemas["ImageStoreContent"], "ContinuationToken">>;

/**
 * What is directly in a folder: files, and for every run of files with one sub-folder that folder. Names of folders are
 * compared with their case even on Windows, so `A\x` and `a\y` make two entries (protocol §1.3).
 */
export function listFolder(request: PageRequest): Schemas["ImageStoreContent"] {
  const { files, apiVersion } = request;
  const page: Page = { StoreFiles: [], StoreFolders: [], ContinuationToken: "", sizeBytes: 0 };
  const start = firstAtOrAfter(files, normalisedToken(request));
  let folder: Folder | undefined;
  const addFolder = () => {
    if (folder === undefined || add(page, request, folder.path, describeFolder(folder))) return true;
    page.ContinuationToken = tokenOf(folder, start, request);
    return false;
  };
  for (const file of files.slice(start)) {
    if (!file.stable) continue;
    const inside = subFolderOf(file, request);
    if (folder !== undefined && folder.path === inside) {
      folder.count += 1;
      continue;
    }
    if (!addFolder()) return finished(page);
    folder = inside === undefined ? undefined : { path: inside, count: 1, firstFile: file.path };
    if (inside === undefined && !add(page, request, file.path, describeFile(file, apiVersion))) {
      return finished(page);
    }
  }
  addFolder();
  return finished(page);
}

/**
 * Where the page goes on that has no room for a folder: at the folder's path (protocol §1.3). `MyApp` comes before
 * `MyApp-b\x`, which comes before `MyApp\x`; so the next page may repeat entries, as a cluster's does. A token that led back
 * to the start of its own page would have clients go round for ever: there, and only there, we say the first file's path.
 */
function tokenOf({ path, firstFile }: Folder, start: number, { files, platform }: PageRequest): string {
  return firstAtOrAfter(files, foldCase(path, platform)) > start ? path : firstFile;
}

/** The one entry that stands for the path of a file; state and token do not matter. */
export function listFile(
  file: StoredFile,
  request: Pick<PageRequest, "apiVersion" | "limitBytes">,
): Schemas["ImageStoreContent"] {
  const page: Page = { StoreFiles: [], StoreFolders: [], ContinuationToken: "", sizeBytes: 0 };
  add(page, request, file.path, describeFile(file, request.apiVersion));
  return finished(page);
}

/** Versions 1.0, 2.0 and 3.0 answer everything at once or nothing (protocol §1.1, §1.3). */
export function isPaged(apiVersion: number): boolean {
  return ![1, 2, 3].includes(apiVersion);
}

/** @throws FabricError `FABRIC_E_VALUE_TOO_LARGE` when not everything went into the one answer there is. */
export function unpaged({ ContinuationToken, ...listing }: Schemas["ImageStoreContent"]): Listing {
  if (ContinuationToken !== "") throw new FabricError("FABRIC_E_VALUE_TOO_LARGE");
  return listing;
}

function finished({ StoreFiles, StoreFolders, ContinuationToken }: Page): Schemas["ImageStoreContent"] {
  // Escaped here already: clients send it back byte for byte.
  return { StoreFiles, StoreFolders, ContinuationToken: encodeURIComponent(ContinuationToken) };
}

/** Estimated bytes of an entry besides its path, whose characters take two each. */
const entryOverheadBytes = 64;

/** Adds an entry if it fits, or is the page's first, without which there would be no end; the path of the first one that does not is where the next page starts. */
function add(
  page: Page,
  { limitBytes }: Pick<PageRequest, "limitBytes">,
  path: string,
  entry: Schemas["FileInfo"] | Schemas["FolderInfo"],
): boolean {
  const sizeBytes = page.sizeBytes + 2 * path.length + entryOverheadBytes;
  if (sizeBytes >= limitBytes && page.sizeBytes > 0) {
    page.ContinuationToken = path;
    return false;
  }
  page.sizeBytes = sizeBytes;
  if ("FileCount" in entry) page.StoreFolders.push(entry);
  else page.StoreFiles.push(entry);
  return true;
}

/** The path of the sub-folder a file is in, in the file's own spelling; undefined for a file directly in the folder. */
function subFolderOf(file: StoredFile, { folder, platform }: PageRequest): string | undefined {
  const separator = separatorOf(platform);
  const names = file.path.split(separator);
  const length = folder === undefined ? 1 : folder.split(separator).length + 1;
  return names.length > length ? names.slice(0, length).join(separator) : undefined;
}

/** Brought into the form of keys, like every path (protocol §1.3). */
function normalisedToken({ token, platform }: PageRequest): string {
  const separator = separatorOf(platform);
  const pieces = token.replace(/^ +| +$/g, "").replaceAll(/[\\/]/g, separator);
  const trimmed =
    platform === "windows" ? pieces.replace(/^\\+|\\+$/g, "") : pieces.replace(/^\/+|\/+$/g, "");
  return foldCase(trimmed, platform);
}

function describeFile(
  { path, version, size, modifiedAt }: StoredFile,
  apiVersion: number,
): Schemas["FileInfo"] {
  return {
    StoreRelativePath: path,
    FileVersion: describeVersion(version),
    FileSize: String(size),
    ModifiedDate: describeTime(modifiedAt, apiVersion),
  };
}

/** Property order is the cluster's, here as everywhere (protocol §1.3). */
function describeVersion({ dataLoss, configuration, number }: FileVersion): Schemas["FileVersion"] {
  return {
    EpochDataLossNumber: String(dataLoss),
    VersionNumber: String(number),
    EpochConfigurationNumber: String(configuration),
  };
}

/** The cluster counts in 16 bits, so that the 65,536th file makes it zero. */
function describeFolder({ path, count }: Folder): Schemas["FolderInfo"] {
  return { StoreRelativePath: path, FileCount: String(count & 0xffff) };
}
