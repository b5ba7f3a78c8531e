import type { NodeImageStoreClient, NodeStoreClient } from "@sf-image-store/client/node";
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
    | "copyAndVerify"
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
    const store = await openFolder(location.folder, cli.noteChange);
    return { ...store, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}
