import {
  isInvalidInputError,
  type NodeImageStoreClient,
  type NodeStoreClient,
  type UploadProgress,
} from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { loadSettings } from "./load-settings.js";
import { type ConnectOptions, openClient } from "./open-client.js";
import { findStoreLocation } from "./store-location.js";

/** What can be done with every image store, be it a service of the cluster or a folder. */
export type ImageStore = AsyncDisposable &
  Pick<
    NodeStoreClient,
    | "listContent"
    | "uploadFile"
    | "uploadPackage"
    | "verifyPackage"
    | "verifyFile"
    | "deleteContent"
    | "copyContent"
    | "getFolderSize"
    | "getImageStoreInfo"
  > &
  // A folder has no upload sessions.
  Partial<Pick<NodeImageStoreClient, "getUploadSessionsByPath">>;

/** The image store of the cluster that the command line, the environment or the profile names. */
export async function openStore(cli: Cli, options: ConnectOptions = {}): Promise<ImageStore> {
  const settings = await loadSettings(cli);
  const client = await openClient(cli, settings, options);
  try {
    const location = await findStoreLocation(client, settings, cli);
    if (location.kind === "service") return client;
    cli.output.detail(`The image store is the folder ${location.folder}.`);
    const { openFolder } = await import("../file-store/open-folder.js");
    const store = await openFolder(location.folder);
    return { ...noting(cli, store), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/** Notes when something in the folder has changed. Of a cluster's store, the requests tell. */
function noting({ noteChange }: Cli, store: NodeStoreClient): NodeStoreClient {
  const change = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
      noteChange();
    } catch (error) {
      // What is refused as input has done nothing by itself.
      if (!isInvalidInputError(error)) noteChange();
      throw error;
    }
  };
  const noted = <Options extends { readonly onProgress?: (progress: UploadProgress) => void }>(
    options: Options,
  ): Options => ({
    ...options,
    onProgress: (progress) => {
      if (progress.sentBytes > 0 || progress.files.committed > 0) noteChange();
      options.onProgress?.(progress);
    },
  });
  return {
    ...store,
    deleteContent: (options) => change(store.deleteContent(options)),
    copyContent: (options) => change(store.copyContent(options)),
    uploadFile: (storePath, source, options = {}) => store.uploadFile(storePath, source, noted(options)),
    uploadPackage: (source, options = {}) => store.uploadPackage(source, noted(options)),
  };
}
