import type { NodeImageStoreClient } from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { loadSettings } from "./load-settings.js";
import { openClient } from "./open-client.js";

/** What can be done with every image store, be it a service of the cluster or a folder. */
export type ImageStore = AsyncDisposable &
  Pick<
    NodeImageStoreClient,
    | "listContent"
    | "uploadFile"
    | "uploadPackage"
    | "verifyPackage"
    | "deleteContent"
    | "copyContent"
    | "getFolderSize"
    | "getImageStoreInfo"
  > &
  // A folder has no upload sessions.
  Partial<Pick<NodeImageStoreClient, "getUploadSessionsByPath">>;

/** The image store of the cluster that the command line, the environment or the profile names. */
export async function openStore(cli: Cli): Promise<ImageStore> {
  return openClient(cli, await loadSettings(cli));
}
