import { statfs } from "node:fs/promises";
import type { Schemas } from "@sf-image-store/types";
import type { ImageStore } from "../image-store.js";
import type { StoredFile } from "../store/catalog.js";
import type { StorePath } from "../store/store-path.js";
import { type Answer, jsonAnswer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import { type Handlers, requirePath } from "./handler.js";

type UsageHandlers = Pick<
  Handlers,
  "GetImageStoreRootFolderSize" | "GetImageStoreFolderSize" | "GetImageStoreInfo"
>;

/**
 * The operations for sizes. No published server source contains them. They follow the documented models, and what the models
 * leave open is our choice (protocol §1, last row).
 */
export function usageHandlers(store: ImageStore): UsageHandlers {
  return {
    GetImageStoreRootFolderSize: async () => jsonAnswer(describeSize("", store.content.below(undefined))),
    GetImageStoreFolderSize: async (request) => folderSize(store, requirePath(request)),
    GetImageStoreInfo: async () => jsonAnswer(await describeStore(store)),
  };
}

function folderSize({ content }: ImageStore, path: StorePath): Answer {
  const files = content.below(path);
  if (files.length === 0) throw new FabricError("FABRIC_E_DIRECTORY_NOT_FOUND");
  return jsonAnswer(describeSize(path.display, files));
}

function describeSize(StoreRelativePath: string, files: readonly StoredFile[]): Schemas["FolderSizeInfo"] {
  return { StoreRelativePath, FolderSize: String(bytesOf(files)) };
}

async function describeStore({ content, staging }: ImageStore): Promise<Schemas["ImageStoreInfo"]> {
  const disk = await statfs(content.root, { bigint: true });
  const staged = await staging.usage();
  const registered = content.below(content.parsePath("Store"));
  return {
    DiskInfo: {
      Capacity: String(disk.blocks * disk.bsize),
      AvailableSpace: String(disk.bavail * disk.bsize),
    },
    UsedByMetadata: describeUsage(BigInt(content.indexSize), 1),
    UsedByStaging: describeUsage(staged.bytes, staged.files),
    // A copy finishes before the next request, so none is ever in progress.
    UsedByCopy: describeUsage(0n, 0),
    UsedByRegister: describeUsage(bytesOf(registered), registered.length),
  };
}

function describeUsage(bytes: bigint, files: number): Schemas["UsageInfo"] {
  return { UsedSpace: String(bytes), FileCount: String(files) };
}

function bytesOf(files: readonly StoredFile[]): bigint {
  return files.reduce((sum, file) => sum + BigInt(file.size), 0n);
}
