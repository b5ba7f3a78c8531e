import type { OperationId } from "@sf-image-store/types";
import { hasImageStoreService, imageStoreService } from "../cluster/manifest.js";
import { FabricError } from "../fabric-error.js";
import type { ImageStore } from "../image-store.js";
import { type ClusterOptions, clusterHandlers } from "./cluster.js";
import { contentHandlers } from "./content.js";
import type { Handler, Handlers } from "./handler.js";
import { uploadSessionHandlers } from "./upload-sessions.js";
import { usageHandlers } from "./usage.js";

/** A handler for every operation, all of them working on one store. */
export function createHandlers(store: ImageStore, cluster: ClusterOptions = {}): Handlers {
  const { imageStoreConnectionString = imageStoreService } = cluster;
  const imageStore = { ...contentHandlers(store), ...uploadSessionHandlers(store), ...usageHandlers(store) };
  const isServed = hasImageStoreService(imageStoreConnectionString);
  return { ...(isServed ? imageStore : withoutService(imageStore)), ...clusterHandlers(cluster) };
}

/**
 * A cluster that keeps its packages elsewhere does not run the service that these operations are for: seen with PUT, with
 * folder sizes and by every caller (microsoft/service-fabric-cli#51, service-fabric-client-dotnet#6 and #84).
 */
function withoutService<Id extends OperationId>(
  handlers: Readonly<Record<Id, Handler>>,
): Record<Id, Handler> {
  const refusing: Record<Id, Handler> = { ...handlers };
  for (const id in refusing) {
    refusing[id] = async () => {
      throw new FabricError("FABRIC_E_SERVICE_DOES_NOT_EXIST");
    };
  }
  return refusing;
}
