import type { Schemas } from "@sf-image-store/types";
import { decodeStorePath } from "./store-path.js";
import {
  UnexpectedValue,
  wireBigInt,
  wireDate,
  wireInteger,
  wireList,
  wireObject,
  wireText,
} from "./wire-values.js";

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

/** @param sent The token that the page was asked with. The same one again would make a listing go on for ever. */
export function decodeContentPage(
  answer: Schemas["ImageStoreContent"],
  sent: string | undefined,
): ContentPage {
  const token = wireText("ContinuationToken", answer.ContinuationToken);
  if (token !== "" && token === sent) {
    throw new UnexpectedValue("ContinuationToken", "another one than was sent", token);
  }
  return {
    files: wireList("StoreFiles", answer.StoreFiles).map(decodeFile),
    folders: wireList("StoreFolders", answer.StoreFolders).map(decodeFolder),
    continuationToken: token === "" ? undefined : token,
  };
}

function decodeFile(file: Schemas["FileInfo"]): StoreFile {
  const version = wireObject("FileVersion", file.FileVersion);
  return {
    kind: "file",
    storePath: decodeStorePath(wireText("StoreRelativePath", file.StoreRelativePath)),
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
    storePath: decodeStorePath(wireText("StoreRelativePath", folder.StoreRelativePath)),
    fileCount: wireInteger("FileCount", folder.FileCount),
  };
}
