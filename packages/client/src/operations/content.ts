import type { ContentSent, StorePathOptions } from "../http/options.js";
import type { Bytes } from "../wire/bytes.js";
import type { Schemas } from "@sf-image-store/types";
import { decodeStorePath } from "../wire/store-path.js";
import {
  UnexpectedValue,
  wireBigInt,
  wireDate,
  wireInteger,
  wireList,
  wireObject,
  wireText,
} from "../wire/wire-values.js";

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
