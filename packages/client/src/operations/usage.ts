import type { Schemas } from "@sf-image-store/types";
import { decodeStorePath } from "../wire/store-path.js";
import {
  UnexpectedValue,
  wireCount,
  wireInteger,
  wireList,
  wireObject,
  wireText,
} from "../wire/wire-values.js";

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
