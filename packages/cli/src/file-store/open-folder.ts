import { stat } from "node:fs/promises";
import {
  createStoreClient,
  isInvalidInputError,
  type NodeStoreClient,
  type StoreBackend,
} from "@sf-image-store/client/node";
import { createFolderBackend } from "./folder-backend.js";
import { FolderError } from "./folder-error.js";

/**
 * Opens a folder as an image store. Throws FolderError where there is none: it is not made, as a cluster would not look there.
 * @param onChange Called when something in the folder may have changed.
 */
export async function openFolder(folder: string, onChange = () => {}): Promise<NodeStoreClient> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      throw new FolderError(`The image store is the folder ${folder}, which cannot be used from here`, error);
    },
  );
  if (!isFolder) throw new FolderError(`The image store is ${folder}`, new Error("which is no folder"));
  const backend = noting(createFolderBackend(folder), onChange);
  return createStoreClient(backend, process.platform === "win32" ? "windows" : "linux");
}

function noting(backend: StoreBackend, onChange: () => void): StoreBackend {
  const noted =
    <Options>(change: (options: Options) => Promise<void>) =>
    async (options: Options): Promise<void> => {
      try {
        await change(options);
      } catch (error) {
        // What is refused as input has done nothing.
        if (!isInvalidInputError(error)) onChange();
        throw error;
      }
      onChange();
    };
  return {
    ...backend,
    putFile: noted(backend.putFile),
    putStream: noted(backend.putStream),
    deleteContent: noted(backend.deleteContent),
    copyContent: noted(backend.copyContent),
  };
}
