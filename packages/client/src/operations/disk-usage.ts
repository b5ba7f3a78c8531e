import type { Schemas } from "@sf-image-store/types";
import { call } from "../http/call.js";
import {
  type OperationOptions,
  operationOptionNames,
  type StorePathOptions,
  storePathOptionNames,
} from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import {
  decodeAnswer,
  UnexpectedValue,
  wireCount,
  wireInteger,
  wireList,
  wireObject,
  wireString,
} from "../wire/answer.js";
import { decodeStorePath } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import type { DiskUsage, FolderSize, ImageStoreInfo } from "./content.js";

/* Loaded by the first call, because few pages show disk usage. */

export async function getFolderSize(
  http: Transport,
  retry: Retry,
  options: Partial<StorePathOptions>,
): Promise<FolderSize> {
  requireOptions("getFolderSize", options, storePathOptionNames);
  const { storePath } = options;
  return retry(options, async () =>
    decodeAnswer(
      storePath === undefined
        ? await call(http, "GetImageStoreRootFolderSize", options, {})
        : await call(http, "GetImageStoreFolderSize", options, { path: { contentPath: storePath } }),
      decodeFolderSize,
    ),
  );
}

export async function getImageStoreInfo(
  http: Transport,
  retry: Retry,
  options: OperationOptions,
): Promise<ImageStoreInfo> {
  requireOptions("getImageStoreInfo", options, operationOptionNames);
  const answer = await retry(options, () => call(http, "GetImageStoreInfo", options, {}));
  return decodeAnswer(answer, decodeImageStoreInfo);
}

function decodeFolderSize(answer: Schemas["FolderSizeInfo"]): FolderSize {
  return {
    storePath: decodeStorePath(wireString("StoreRelativePath", answer.StoreRelativePath ?? "")),
    folderSize: wireInteger("FolderSize", answer.FolderSize),
  };
}

/**
 * No published server source contains this operation. Its documented example is a list of one object with counts as numbers,
 * its schema an object with strings (swagger-facts §7), so this accepts both.
 */
function decodeImageStoreInfo(
  answer: Schemas["ImageStoreInfo"] | Schemas["ImageStoreInfo"][],
): ImageStoreInfo {
  const [info, ...others] = wireList("the response", [answer].flat());
  if (info === undefined || others.length > 0) {
    throw new UnexpectedValue("the response", "one object, or a list of one", answer);
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
