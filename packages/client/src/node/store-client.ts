import {
  createStoreClient as createCoreClient,
  type StoreBackend,
  type StoreClient,
} from "../folder/store-client.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { type LocalUploads, localUploads } from "./client.js";

/** What can be done with every image store, with files and directories of this machine. */
export interface NodeStoreClient extends Omit<StoreClient, keyof LocalUploads>, LocalUploads {}

/** See `StoreBackend`: everything that a client of a cluster does, for an image store without a gateway. */
export function createStoreClient(backend: StoreBackend, platform: GatewayPlatform): NodeStoreClient {
  const client = createCoreClient(backend, platform);
  return { ...client, ...localUploads(client) };
}
