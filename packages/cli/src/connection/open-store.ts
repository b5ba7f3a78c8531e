import type { ApplicationsClient } from "@sf-image-store/client/applications";
import type { StoreClient } from "@sf-image-store/client/folder";
import { isFabricError, type NodeImageStoreClient } from "@sf-image-store/client/node";
import { UsageError } from "../errors/errors.js";
import type { Output } from "../output/output.js";
import { type Cli, loadSettings } from "./cli.js";
import type { ConnectOptions } from "./open-client.js";
import { isLocalEndpoint, listOf, type ResolvedSettings, textOf } from "./settings.js";
import type { StoreLocation } from "./store-location.js";

/** The operations that all image stores support, in a cluster or in a folder. */
export type ImageStore = AsyncDisposable &
  Pick<
    StoreClient,
    | "listContent"
    | "uploadFile"
    | "uploadPackage"
    | "findUnchangedFiles"
    | "verifyPackage"
    | "checkNames"
    | "verifyFile"
    | "deleteContent"
    | "copyAndVerify"
    | "getFolderSize"
    | "getImageStoreInfo"
  > &
  // A folder has no upload sessions.
  Partial<Pick<NodeImageStoreClient, "getUploadSessionsByPath">>;

/** Opens the image store that the command line, the environment or the profile specifies. */
export async function openStore(cli: Cli, options: ConnectOptions = {}): Promise<ImageStore> {
  const settings = await loadSettings(cli);
  // Only now, so that `--help` does not load the client.
  const { openClient } = await import("./open-client.js");
  const client = await openClient(cli, settings, options);
  return withFolder(cli, settings, client, client);
}

/** The image store and the applications of one cluster. */
export interface ClusterWithStore extends AsyncDisposable {
  readonly store: ImageStore;
  readonly applications: ApplicationsClient;
}

/** Like `openStore`, for commands that also manage applications. */
export async function openClusterWithStore(
  cli: Cli,
  options: ConnectOptions = {},
): Promise<ClusterWithStore> {
  const settings = await loadSettings(cli);
  const { openClusterWith } = await import("./open-client.js");
  const cluster = await openClusterWith(cli, settings, options);
  const store = await withFolder(cli, settings, cluster.store, cluster);
  return {
    store,
    applications: cluster.applications,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** The image store service, or the folder that the cluster uses instead. Disposing it closes the connection. */
async function withFolder(
  cli: Cli,
  settings: ResolvedSettings,
  client: NodeImageStoreClient,
  connection: AsyncDisposable,
): Promise<ImageStore> {
  const close = async () => connection[Symbol.asyncDispose]();
  try {
    const location = await findStoreLocation(client, settings, cli);
    if (location.kind === "service") {
      cli.output.status(`Waiting for ${listOf(settings, "endpoint")[0]}`);
      return { ...client, [Symbol.asyncDispose]: close };
    }
    cli.output.detail(`The image store is the folder ${location.folder}.`);
    const { openFolder } = await import("@sf-image-store/client/folder");
    const store = await openFolder(location.folder, cli.markChanged);
    return { ...store, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Finds the image store from the setting or the cluster manifest. If the manifest cannot be read, assumes the image
 * store service, which nearly all clusters use. Throws UsageError if a cluster on another machine names a folder.
 */
export async function findStoreLocation(
  client: Pick<NodeImageStoreClient, "getClusterManifest">,
  settings: ResolvedSettings,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<StoreLocation> {
  const given = textOf(settings, "imageStore");
  const text = given ?? (await readConnectionString(client, output, signal));
  if (text === undefined || /^fabric:/i.test(text)) return { kind: "service" };
  const { parseConnectionString } = await import("./store-location.js");
  const location = parseConnectionString(text);
  if (given === undefined && location.kind === "folder") {
    requireLocalCluster(listOf(settings, "endpoint"), location.folder);
  }
  return location;
}

/** On another machine the path means another folder, or a malicious server chose it to write and delete local files. */
function requireLocalCluster(endpoints: readonly string[], folder: string): void {
  const elsewhere = endpoints.find((endpoint) => !isLocalEndpoint(endpoint));
  if (elsewhere === undefined) return;
  throw new UsageError(
    `The image store of ${elsewhere} is the folder ${folder} on another machine. If this machine can access that folder, pass --image-store file:${folder}`,
  );
}

async function readConnectionString(
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
