import type { Schemas } from "@sf-image-store/types";
import { type FileVersion, firstAtOrAfter, type StoredFile } from "../store/catalog.js";
import { foldCase, type Platform, separatorOf } from "../store/store-path.js";
import { FabricError } from "../wire/fabric-error.js";
import { describeTime } from "../wire/time.js";

/** The folder to list, and how. */
export interface PageRequest {
  /** The files below the folder, in the order of their keys. */
  readonly files: readonly StoredFile[];
  /** The folder's normalized path. Undefined for the root. */
  readonly folder: string | undefined;
  readonly platform: Platform;
  readonly apiVersion: number;
  /** The continuation token of the previous page. Empty for the first page. */
  readonly token: string;
  readonly limitBytes: number;
}

/** A page that is being built. */
interface Page {
  readonly StoreFiles: Schemas["FileInfo"][];
  readonly StoreFolders: Schemas["FolderInfo"][];
  ContinuationToken: string;
  sizeBytes: number;
}

/** Consecutive files in the same subfolder. */
interface Folder {
  readonly path: string;
  readonly firstFile: string;
  count: number;
}

/** A listing has no continuation in the versions before paging. */
export type Listing = Omit<Schemas["ImageStoreContent"], "ContinuationToken"> &
  Partial<Pick<Schemas["ImageStoreContent"], "ContinuationToken">>;

/**
 * Lists the direct content of a folder: its files, and one entry for consecutive files in the same subfolder. Folder names are
 * case-sensitive here even on Windows, so `A\x` and `a\y` are two entries (protocol §1.3).
 */
export function listFolder(request: PageRequest): Schemas["ImageStoreContent"] {
  const { files, apiVersion } = request;
  const page: Page = { StoreFiles: [], StoreFolders: [], ContinuationToken: "", sizeBytes: 0 };
  const start = firstAtOrAfter(files, normalizedToken(request));
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
 * The token after a page that has no room for a folder is the path of that folder (protocol §1.3). `MyApp` sorts before
 * `MyApp-b\x`, and that before `MyApp\x`, so the next page can repeat entries, as on a cluster. If the token leads back to the
 * start of its own page, clients would loop forever. Only in that case, it is the path of the folder's first file.
 */
function tokenOf({ path, firstFile }: Folder, start: number, { files, platform }: PageRequest): string {
  return firstAtOrAfter(files, foldCase(path, platform)) > start ? path : firstFile;
}

/** The only entry for the path of a file. The file's state and the token do not matter. */
export function listFile(
  file: StoredFile,
  request: Pick<PageRequest, "apiVersion" | "limitBytes">,
): Schemas["ImageStoreContent"] {
  const page: Page = { StoreFiles: [], StoreFolders: [], ContinuationToken: "", sizeBytes: 0 };
  add(page, request, file.path, describeFile(file, request.apiVersion));
  return finished(page);
}

/** Versions 1.0, 2.0 and 3.0 return everything in one response or fail (protocol §1.1, §1.3). */
export function isPaged(apiVersion: number): boolean {
  return ![1, 2, 3].includes(apiVersion);
}

/** @throws FabricError `FABRIC_E_VALUE_TOO_LARGE` if the listing does not fit into one response. */
export function unpaged({ ContinuationToken, ...listing }: Schemas["ImageStoreContent"]): Listing {
  if (ContinuationToken !== "") throw new FabricError("FABRIC_E_VALUE_TOO_LARGE");
  return listing;
}

function finished({ StoreFiles, StoreFolders, ContinuationToken }: Page): Schemas["ImageStoreContent"] {
  // Escape the token here, because clients send it back unchanged.
  return { StoreFiles, StoreFolders, ContinuationToken: encodeURIComponent(ContinuationToken) };
}

/** Estimated bytes of an entry without its path. Each character of the path counts two bytes. */
const entryOverheadBytes = 64;

/**
 * Adds an entry if it fits. The first entry always fits, because paging would never end otherwise. The next page starts at
 * the first entry that does not fit.
 */
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

/** The path of the subfolder that contains a file, spelled as in the file's path. Undefined for a file directly in the folder. */
function subFolderOf(file: StoredFile, { folder, platform }: PageRequest): string | undefined {
  const separator = separatorOf(platform);
  const names = file.path.split(separator);
  const length = folder === undefined ? 1 : folder.split(separator).length + 1;
  return names.length > length ? names.slice(0, length).join(separator) : undefined;
}

/** Normalizes the token to a key, like every path (protocol §1.3). */
function normalizedToken({ token, platform }: PageRequest): string {
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

/** As everywhere, properties are in the cluster's order (protocol §1.3). */
function describeVersion({ dataLoss, configuration, number }: FileVersion): Schemas["FileVersion"] {
  return {
    EpochDataLossNumber: String(dataLoss),
    VersionNumber: String(number),
    EpochConfigurationNumber: String(configuration),
  };
}

/** The cluster uses a 16-bit count, which wraps to 0 at the 65,536th file. */
function describeFolder({ path, count }: Folder): Schemas["FolderInfo"] {
  return { StoreRelativePath: path, FileCount: String(count & 0xffff) };
}
