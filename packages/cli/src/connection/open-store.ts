import type { StoreClient } from "@sf-image-store/client/folder";
import { isFabricError, type NodeImageStoreClient } from "@sf-image-store/client/node";
import { UsageError } from "../errors/errors.js";
import type { Output } from "../output/output.js";
import { type Cli, loadSettings } from "./cli.js";
import { type ConnectOptions, openClient } from "./open-client.js";
import { isOnThisMachine, listOf, type ResolvedSettings, textOf } from "./settings.js";
import type { StoreLocation } from "./store-location.js";

/** What can be done with every image store, be it a service of the cluster or a folder. */
export type ImageStore = AsyncDisposable &
  Pick<
    StoreClient,
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
    const { openFolder } = await import("@sf-image-store/client/folder");
    const store = await openFolder(location.folder, cli.noteChange);
    return { ...store, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Where the packages of the cluster are: as the setting says, or else its manifest. A cluster that does not show that one
 * is taken for one with the image store service, as nearly all are. Throws UsageError for a folder that nobody here has named
 * and a cluster elsewhere tells of.
 */
export async function findStoreLocation(
  client: Pick<NodeImageStoreClient, "getClusterManifest">,
  settings: ResolvedSettings,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<StoreLocation> {
  const given = textOf(settings, "imageStore");
  const text = given ?? (await askCluster(client, output, signal));
  if (text === undefined || /^fabric:/i.test(text)) return { kind: "service" };
  const { parseConnectionString } = await import("./store-location.js");
  const location = parseConnectionString(text);
  if (given === undefined && location.kind === "folder") {
    requireThisMachine(listOf(settings, "endpoint"), location.folder);
  }
  return location;
}

/** Elsewhere, the folder is another one, or whoever answers has chosen what is written to and deleted here. */
function requireThisMachine(endpoints: readonly string[], folder: string): void {
  const elsewhere = endpoints.find((endpoint) => !isOnThisMachine(endpoint));
  if (elsewhere === undefined) return;
  throw new UsageError(
    `The image store of ${elsewhere} is the folder ${folder} on another machine. If this machine can access that folder, pass --image-store file:${folder}`,
  );
}

async function askCluster(
  client: Pick<NodeImageStoreClient, "getClusterManifest">,
  output: Output,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  let manifest: string;
  try {
    manifest = await client.getClusterManifest({ abortSignal });
  } catch (error) {
    if (!isFabricError(error)) throw error;
    output.detail(
      `Cannot read the cluster manifest (${error.status}${error.code === undefined ? "" : ` ${error.code}`}). Assuming fabric:ImageStore.`,
    );
    return undefined;
  }
  const { connectionStringOf } = await import("./store-location.js");
  const found = connectionStringOf(manifest);
  if (found === undefined)
    output.detail("The cluster manifest specifies no image store. Assuming fabric:ImageStore.");
  return found;
}
