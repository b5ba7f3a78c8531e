import type { Schemas } from "@sf-image-store/types";
import { FabricError } from "../fabric-error.js";
import { type Platform, separatorOf } from "../platform.js";
import { firstAtOrAfter, type StoredFile } from "../store/catalog.js";
import type { FileVersion } from "../store/file-version.js";
import { describeTime } from "../wire-time.js";

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
  let folder: { path: string; count: number } | undefined;
  const addFolder = () => folder === undefined || add(page, request, folder.path, describeFolder(folder));
  for (const file of files.slice(firstAtOrAfter(files, normalisedToken(request)))) {
    if (!file.stable) continue;
    const inside = subFolderOf(file, request);
    if (folder !== undefined && folder.path === inside) {
      folder.count += 1;
      continue;
    }
    if (!addFolder()) return finished(page);
    folder = inside === undefined ? undefined : { path: inside, count: 1 };
    if (inside === undefined && !add(page, request, file.path, describeFile(file, apiVersion))) {
      return finished(page);
    }
  }
  addFolder();
  return finished(page);
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

/** Adds an entry if it fits; the path of the first one that does not is where the next page starts. */
function add(
  page: Page,
  { limitBytes }: Pick<PageRequest, "limitBytes">,
  path: string,
  entry: Schemas["FileInfo"] | Schemas["FolderInfo"],
): boolean {
  const sizeBytes = page.sizeBytes + 2 * path.length + entryOverheadBytes;
  if (sizeBytes >= limitBytes) {
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
  const start = folder === undefined ? 0 : folder.length + 1;
  const end = file.path.indexOf(separatorOf(platform), start);
  return end < 0 ? undefined : file.path.slice(0, end);
}

/** Brought into the form of keys, like every path (protocol §1.3). */
function normalisedToken({ token, platform }: PageRequest): string {
  const separator = separatorOf(platform);
  const pieces = token.replace(/^ +| +$/g, "").replaceAll(/[\\/]/g, separator);
  const trimmed =
    platform === "windows" ? pieces.replace(/^\\+|\\+$/g, "") : pieces.replace(/^\/+|\/+$/g, "");
  return platform === "windows" ? trimmed.toLowerCase() : trimmed;
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
function describeFolder({ path, count }: { path: string; count: number }): Schemas["FolderInfo"] {
  return { StoreRelativePath: path, FileCount: String(count & 0xffff) };
}
