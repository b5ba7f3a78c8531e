import type { Schemas } from "@sf-image-store/types";
import { decodeStorePath } from "./store-path.js";
import { wireCount, wireInteger, wireText } from "./wire-values.js";

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
  const [info = {}] = [answer].flat();
  return {
    diskInfo: info.DiskInfo && {
      capacity: wireInteger("Capacity", info.DiskInfo.Capacity),
      availableSpace: wireInteger("AvailableSpace", info.DiskInfo.AvailableSpace),
    },
    usedByMetadata: decodeUsage(info.UsedByMetadata),
    usedByStaging: decodeUsage(info.UsedByStaging),
    usedByCopy: decodeUsage(info.UsedByCopy),
    usedByRegister: decodeUsage(info.UsedByRegister),
  };
}

function decodeUsage(usage: Schemas["UsageInfo"] | undefined): DiskUsage | undefined {
  return (
    usage && {
      usedSpace: wireInteger("UsedSpace", usage.UsedSpace),
      fileCount: wireCount("FileCount", usage.FileCount),
    }
  );
}
