import { stat } from "node:fs/promises";
import { createStoreClient, type NodeStoreClient } from "@sf-image-store/client/node";
import { createFolderBackend } from "./folder-backend.js";
import { FolderError } from "./folder-error.js";

/** Opens a folder as an image store. Throws FolderError where there is none: it is not made, as a cluster would not look there. */
export async function openFolder(folder: string): Promise<NodeStoreClient> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      throw new FolderError(`The image store is the folder ${folder}, which cannot be used from here`, error);
    },
  );
  if (!isFolder) throw new FolderError(`The image store is ${folder}`, new Error("which is no folder"));
  return createStoreClient(createFolderBackend(folder), process.platform === "win32" ? "windows" : "linux");
}
