import type { OperationId, Schemas } from "@sf-image-store/types";
import {
  aadMetadata,
  clusterManifest,
  hasImageStoreService,
  imageStoreService,
} from "../cluster/description.js";
import type { ImageStore } from "../image-store.js";
import type { EmulatorOptions } from "../options.js";
import { jsonAnswer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import { defaultApiVersionMax } from "../wire/query.js";
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

type ClusterHandlers = Pick<Handlers, "GetClusterManifest" | "GetClusterVersion" | "GetAadMetadata">;

/** What a cluster tells of itself. */
export type ClusterOptions = Pick<EmulatorOptions, "imageStoreConnectionString" | "apiVersionMax" | "entra">;

/** What a client asks before it can use the image store: where the packages are, how new it is, and how to sign in. */
function clusterHandlers(options: ClusterOptions): ClusterHandlers {
  const { imageStoreConnectionString = imageStoreService, entra } = options;
  const { apiVersionMax = defaultApiVersionMax } = options;
  const manifest: Schemas["ClusterManifest"] = { Manifest: clusterManifest(imageStoreConnectionString) };
  // A runtime's version has four numbers; the newest api-version may be one or two.
  const version: Schemas["ClusterVersion"] = { Version: `${apiVersionMax}.0.0.0`.split(".", 4).join(".") };
  const metadata = aadMetadata(entra);
  return {
    GetClusterManifest: async () => jsonAnswer(manifest),
    GetClusterVersion: async () => {
      // Older gateways have no template for it.
      if (Number.parseFloat(apiVersionMax) < 6.4) throw new FabricError("E_INVALIDARG");
      return jsonAnswer(version);
    },
    GetAadMetadata: async () => jsonAnswer(metadata),
  };
}
