import type { Schemas } from "@sf-image-store/types";
import type { ContentSent, OperationOptions, StorePathOptions } from "../http/options.js";
import {
  UnexpectedValue,
  wireBigInt,
  wireDate,
  wireInteger,
  wireList,
  wireObject,
  wireString,
} from "../wire/answer.js";
import type { Bytes } from "../wire/bytes.js";
import { decodeStorePath } from "../wire/store-path.js";

export interface PutFileOptions extends StorePathOptions, ContentSent {
  /** The whole file. May be empty. */
  readonly content: Bytes;
}

/** The version of a file. Its numbers are `bigint` because they exceed the safe range of a JavaScript number. */
export interface FileVersion {
  /** Increases with every write to the store. */
  readonly versionNumber: bigint;
  readonly epochDataLossNumber: bigint;
  readonly epochConfigurationNumber: bigint;
}

export interface StoreFile {
  readonly kind: "file";
  /** The path from the root, with `/` as separator, in the case in which it was written. */
  readonly storePath: string;
  /** The size in bytes. */
  readonly fileSize: number;
  readonly modifiedDate: Date;
  readonly fileVersion: FileVersion;
}

export interface StoreFolder {
  readonly kind: "folder";
  /** The path from the root, with `/` as separator. */
  readonly storePath: string;
  /** The number of files at any depth, including mark files. A 16-bit number on servers: 65536 becomes 0 (protocol §1.3). */
  readonly fileCount: number;
}

export type StoreEntry = StoreFile | StoreFolder;

/** One page of a listing. */
export interface ContentPage {
  readonly files: readonly StoreFile[];
  readonly folders: readonly StoreFolder[];
  /** The token of the next page; undefined on the last page. */
  readonly continuationToken: string | undefined;
}

export const emptyPage: ContentPage = { files: [], folders: [], continuationToken: undefined };

/** @param isKnown Whether a token was used before: a repeated token would make a listing endless. */
export function decodeContentPage(
  answer: Schemas["ImageStoreContent"],
  isKnown: (token: string) => boolean,
): ContentPage {
  const token = wireString("ContinuationToken", answer.ContinuationToken);
  if (!isEscaped(token)) throw new UnexpectedValue("ContinuationToken", "a string escaped for a URL", token);
  if (isKnown(token)) throw new UnexpectedValue("ContinuationToken", "a new token", token);
  const epochs = {
    dataLoss: lastBigInt("EpochDataLossNumber"),
    configuration: lastBigInt("EpochConfigurationNumber"),
  };
  return {
    files: wireList("StoreFiles", answer.StoreFiles).map((file) => decodeFile(file, epochs)),
    folders: wireList("StoreFolders", answer.StoreFolders).map(decodeFolder),
    continuationToken: token === "" ? undefined : token,
  };
}

/** Whether a token can be used in a URL unchanged without ending its query parameter. */
export function isEscaped(token: string): boolean {
  return !/[#&\s\p{Cc}]/u.test(token);
}

/** A path from a listing. Rejects `.` and `..`, because callers may join it to local paths. */
function wireStorePath(value: unknown): string {
  const storePath = decodeStorePath(wireString("StoreRelativePath", value));
  if (/(^|\/)\.{0,2}(\/|$)/.test(storePath)) {
    throw new UnexpectedValue("StoreRelativePath", "a path inside the image store", value);
  }
  return storePath;
}

function decodeFile(file: Schemas["FileInfo"], { dataLoss, configuration }: Epochs): StoreFile {
  const version = wireObject("FileVersion", file.FileVersion);
  return {
    kind: "file",
    storePath: wireStorePath(file.StoreRelativePath),
    fileSize: wireInteger("FileSize", file.FileSize),
    modifiedDate: wireDate("ModifiedDate", file.ModifiedDate),
    fileVersion: {
      versionNumber: wireBigInt("VersionNumber", version.VersionNumber),
      epochDataLossNumber: dataLoss(version.EpochDataLossNumber),
      epochConfigurationNumber: configuration(version.EpochConfigurationNumber),
    },
  };
}

type Epochs = Readonly<Record<"dataLoss" | "configuration", (value: unknown) => bigint>>;

/** Decodes a number that is usually the same in all files of a page. Comparing it is faster than parsing it. */
function lastBigInt(property: string): (value: unknown) => bigint {
  let last: unknown = Number.NaN; // equals no value
  let number = 0n;
  return (value) => {
    if (value !== last) number = wireBigInt(property, value);
    last = value;
    return number;
  };
}

function decodeFolder(folder: Schemas["FolderInfo"]): StoreFolder {
  return {
    kind: "folder",
    storePath: wireStorePath(folder.StoreRelativePath),
    fileCount: wireInteger("FileCount", folder.FileCount),
  };
}

export type CopyFlag = "Echo" | "Overwrite";

export interface CopyContentOptions extends OperationOptions {
  /** The file or folder to copy. A folder must contain its mark file `_.dir`. */
  readonly source: string;
  /** Must not overlap the source, ignoring case: overwriting deletes the destination first, which would delete the source. */
  readonly destination: string;
  /** The names of files to skip, in any folder. Not case-sensitive. */
  readonly skipFiles?: readonly string[];
  /**
   * `Overwrite` deletes the destination first. `Echo` skips the copy if the destination has its mark file.
   * @default "Overwrite", applied by the server
   */
  readonly copyFlag?: CopyFlag;
  /** Documented, but no known server uses it (protocol §1.5). */
  readonly checkMarkFile?: boolean;
}

/** Gets a page. `isKnown` says whether a token was used before, which would make the listing endless. */
export type GetPage = (
  token: { continuationToken?: string },
  isKnown: (token: string) => boolean,
) => Promise<ContentPage>;

/** The entries of all pages. Requests each page when the loop needs it. Every loop starts again at the first page. */
export function listEntries(
  getPage: GetPage,
  abortSignal: AbortSignal | undefined,
): AsyncIterable<StoreEntry> {
  return {
    [Symbol.asyncIterator]() {
      const current: CurrentPage = { entries: [].values() };
      const generator = entriesOf(getPage, abortSignal, current);
      return {
        // Takes half as long as the generator, which is only needed for the next page and after an abort.
        next() {
          const entry = abortSignal?.aborted ? undefined : current.entries.next();
          return entry?.done === false ? Promise.resolve(entry) : generator.next();
        },
      };
    },
  };
}

/** The entries of a page that the loop did not get yet. */
interface CurrentPage {
  entries: IterableIterator<StoreEntry>;
}

async function* entriesOf(
  getPage: GetPage,
  abortSignal: AbortSignal | undefined,
  current: CurrentPage,
): AsyncGenerator<StoreEntry, void, undefined> {
  const known = new Set<string>();
  const isKnown = (token: string) => known.has(token);
  let token: { continuationToken?: string } = {};
  for (;;) {
    const { files, folders, continuationToken } = await getPage(token, isKnown);
    current.entries = [...files, ...folders].values();
    for (const entry of current.entries) {
      // A request with an aborted signal is not sent and rejects with an AbortError.
      if (abortSignal?.aborted) await getPage(token, isKnown);
      yield entry;
    }
    if (continuationToken === undefined) return;
    known.add(continuationToken);
    token = { continuationToken };
  }
}

export interface FolderSize {
  /** The path from the root, with `/` as separator; empty for the root. */
  readonly storePath: string;
  /** The total size of all files at any depth, in bytes. */
  readonly folderSize: number;
}

/** Disk usage for one purpose. */
export interface DiskUsage {
  /** The used space in bytes. */
  readonly usedSpace: number;
  readonly fileCount: number;
}

/** The disk usage of the image store's primary replica. Properties that the server does not report are undefined. */
export interface ImageStoreInfo {
  readonly diskInfo: { readonly capacity: number; readonly availableSpace: number } | undefined;
  readonly usedByMetadata: DiskUsage | undefined;
  /** Chunks of upload sessions that are not committed, or committed but not deleted yet. */
  readonly usedByStaging: DiskUsage | undefined;
  readonly usedByCopy: DiskUsage | undefined;
  readonly usedByRegister: DiskUsage | undefined;
}
