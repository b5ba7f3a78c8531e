import type { Schemas } from "@sf-image-store/types";
import type { ContentSent, OperationOptions, StorePathOptions } from "../http/options.js";
import {
  UnexpectedValue,
  wireBigInt,
  wireCount,
  wireDate,
  wireInteger,
  wireList,
  wireObject,
  wireText,
} from "../wire/answer.js";
import type { Bytes } from "../wire/bytes.js";
import { decodeStorePath } from "../wire/store-path.js";

export interface PutFileOptions extends StorePathOptions, ContentSent {
  /** The whole file. May be empty. */
  readonly content: Bytes;
}

/** Which state of a file this is. The numbers exceed what a JavaScript number can hold. */
export interface FileVersion {
  /** Counts the writes to the store. */
  readonly versionNumber: bigint;
  readonly epochDataLossNumber: bigint;
  readonly epochConfigurationNumber: bigint;
}

export interface StoreFile {
  readonly kind: "file";
  /** Names joined by `/`, counted from the root, in the case they were written with. */
  readonly storePath: string;
  /** In bytes. */
  readonly fileSize: number;
  readonly modifiedDate: Date;
  readonly fileVersion: FileVersion;
}

export interface StoreFolder {
  readonly kind: "folder";
  /** Names joined by `/`, counted from the root. */
  readonly storePath: string;
  /** Files below it at any depth, mark files included. Servers count in 16 bits: 65536 reads as 0 (protocol §1.3). */
  readonly fileCount: number;
}

export type StoreEntry = StoreFile | StoreFolder;

/** A part of a listing. */
export interface ContentPage {
  readonly files: readonly StoreFile[];
  readonly folders: readonly StoreFolder[];
  /** What to ask the next page with, unchanged; undefined on the last page. */
  readonly continuationToken: string | undefined;
}

export const emptyPage: ContentPage = { files: [], folders: [], continuationToken: undefined };

/** @param isKnown Tells the tokens that have been used: one of them again would make a listing go on for ever. */
export function decodeContentPage(
  answer: Schemas["ImageStoreContent"],
  isKnown: (token: string) => boolean,
): ContentPage {
  const token = wireText("ContinuationToken", answer.ContinuationToken);
  if (!isEscaped(token)) throw new UnexpectedValue("ContinuationToken", "a text escaped for a URL", token);
  if (isKnown(token)) throw new UnexpectedValue("ContinuationToken", "one that was not used before", token);
  return {
    files: wireList("StoreFiles", answer.StoreFiles).map(decodeFile),
    folders: wireList("StoreFolders", answer.StoreFolders).map(decodeFolder),
    continuationToken: token === "" ? undefined : token,
  };
}

/** Whether a token can stand in a URL as it is, without ending its parameter there. */
export function isEscaped(token: string): boolean {
  return !/[#&\s\p{Cc}]/u.test(token);
}

/** A path from a listing. Callers join it to paths of their own, so it must not lead out of anything. */
function wireStorePath(value: unknown): string {
  const storePath = decodeStorePath(wireText("StoreRelativePath", value));
  if (storePath.split("/").some((name) => name === "" || name === "." || name === "..")) {
    throw new UnexpectedValue("StoreRelativePath", "a path inside the image store", value);
  }
  return storePath;
}

function decodeFile(file: Schemas["FileInfo"]): StoreFile {
  const version = wireObject("FileVersion", file.FileVersion);
  return {
    kind: "file",
    storePath: wireStorePath(file.StoreRelativePath),
    fileSize: wireInteger("FileSize", file.FileSize),
    modifiedDate: wireDate("ModifiedDate", file.ModifiedDate),
    fileVersion: {
      versionNumber: wireBigInt("VersionNumber", version.VersionNumber),
      epochDataLossNumber: wireBigInt("EpochDataLossNumber", version.EpochDataLossNumber),
      epochConfigurationNumber: wireBigInt("EpochConfigurationNumber", version.EpochConfigurationNumber),
    },
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
  /** The file or folder to copy. A folder must hold its mark file `_.dir`. */
  readonly source: string;
  /** Must lie apart from the source, in any case: overwriting deletes it first, which would take the source along. */
  readonly destination: string;
  /** Names of files to leave out, in any folder and any case. */
  readonly skipFiles?: readonly string[];
  /**
   * `Overwrite` deletes the destination first; `Echo` leaves a destination alone that has its mark file.
   * @default "Overwrite", applied by the server
   */
  readonly copyFlag?: CopyFlag;
  /** Documented, but no server is known to read it (protocol §1.5). */
  readonly checkMarkFile?: boolean;
}

/** Asks for a page; `isKnown` tells the tokens that would make the listing go round in a circle. */
export type GetPage = (
  token: { continuationToken?: string },
  isKnown: (token: string) => boolean,
) => Promise<ContentPage>;

/** The entries of all pages, asked for one after the other as they are needed. Every loop over it begins anew. */
export function listEntries(
  getPage: GetPage,
  abortSignal: AbortSignal | undefined,
): AsyncIterable<StoreEntry> {
  return { [Symbol.asyncIterator]: () => entriesOf(getPage, abortSignal) };
}

async function* entriesOf(
  getPage: GetPage,
  abortSignal: AbortSignal | undefined,
): AsyncGenerator<StoreEntry, void, undefined> {
  const known = new Set<string>();
  const isKnown = (token: string) => known.has(token);
  let token: { continuationToken?: string } = {};
  for (;;) {
    const { files, folders, continuationToken } = await getPage(token, isKnown);
    for (const entry of [...files, ...folders]) {
      // A request with an aborted signal is not sent and rejects with the error that says so.
      if (abortSignal?.aborted) await getPage(token, isKnown);
      yield entry;
    }
    if (continuationToken === undefined) return;
    known.add(continuationToken);
    token = { continuationToken };
  }
}

export interface FolderSize {
  /** Names joined by `/`; empty for the root. */
  readonly storePath: string;
  /** Bytes of all files below, at any depth. */
  readonly folderSize: number;
}

/** What one purpose takes of the disk. */
export interface DiskUsage {
  /** In bytes. */
  readonly usedSpace: number;
  readonly fileCount: number;
}

/** How the image store uses the disk of its primary replica. What the server does not say is undefined. */
export interface ImageStoreInfo {
  readonly diskInfo: { readonly capacity: number; readonly availableSpace: number } | undefined;
  readonly usedByMetadata: DiskUsage | undefined;
  /** Chunks of uploads that are not committed, and of committed ones whose session still lives. */
  readonly usedByStaging: DiskUsage | undefined;
  readonly usedByCopy: DiskUsage | undefined;
  readonly usedByRegister: DiskUsage | undefined;
}

export function decodeFolderSize(answer: Schemas["FolderSizeInfo"]): FolderSize {
  return {
    storePath: decodeStorePath(wireText("StoreRelativePath", answer.StoreRelativePath ?? "")),
    folderSize: wireInteger("FolderSize", answer.FolderSize),
  };
}

/**
 * The one operation that no published server source has. Its documented example is a list of one object with plain numbers
 * as counts, its schema an object with strings (swagger-facts §7): both are understood.
 */
export function decodeImageStoreInfo(
  answer: Schemas["ImageStoreInfo"] | Schemas["ImageStoreInfo"][],
): ImageStoreInfo {
  const [info, ...others] = wireList("the answer", [answer].flat());
  if (info === undefined || others.length > 0) {
    throw new UnexpectedValue("the answer", "one object, or a list of one", answer);
  }
  return {
    diskInfo: decodePart("DiskInfo", info.DiskInfo, (disk) => ({
      capacity: wireInteger("Capacity", disk.Capacity),
      availableSpace: wireInteger("AvailableSpace", disk.AvailableSpace),
    })),
    usedByMetadata: decodePart("UsedByMetadata", info.UsedByMetadata, decodeUsage),
    usedByStaging: decodePart("UsedByStaging", info.UsedByStaging, decodeUsage),
    usedByCopy: decodePart("UsedByCopy", info.UsedByCopy, decodeUsage),
    usedByRegister: decodePart("UsedByRegister", info.UsedByRegister, decodeUsage),
  };
}

function decodePart<Part extends object, Value>(
  property: string,
  part: Part | undefined,
  decode: (part: Part) => Value,
): Value | undefined {
  return part === undefined ? undefined : decode(wireObject(property, part));
}

function decodeUsage(usage: Schemas["UsageInfo"]): DiskUsage {
  return {
    usedSpace: wireInteger("UsedSpace", usage.UsedSpace),
    fileCount: wireCount("FileCount", usage.FileCount),
  };
}
