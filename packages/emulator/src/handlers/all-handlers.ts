import type { Schemas } from "@sf-image-store/types";
import type { ClusterManager } from "../applications/cluster-manager.js";
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
import type { OperationId } from "../wire/operations.js";
import { defaultApiVersionMax } from "../wire/query.js";
import { applicationHandlers } from "./applications.js";
import { contentHandlers } from "./content.js";
import type { Handler, Handlers } from "./handler.js";
import { uploadSessionHandlers } from "./upload-sessions.js";
import { usageHandlers } from "./usage.js";

/** A handler for every operation on one store. */
export function createHandlers(
  store: ImageStore,
  manager: ClusterManager,
  cluster: ClusterOptions = {},
): Handlers {
  const { imageStoreConnectionString = imageStoreService } = cluster;
  const imageStore = { ...contentHandlers(store), ...uploadSessionHandlers(store), ...usageHandlers(store) };
  const isServed = hasImageStoreService(imageStoreConnectionString);
  return {
    ...(isServed ? imageStore : withoutService(imageStore)),
    ...clusterHandlers(cluster),
    ...applicationHandlers(manager),
  };
}

/**
 * A cluster that stores packages elsewhere does not run the image store service. All of its operations then fail this way
 * (microsoft/service-fabric-cli#51, service-fabric-client-dotnet#6 and #84).
 */
function withoutService<Id extends OperationId>(
  handlers: Readonly<Record<Id, Handler>>,
): Record<Id, Handler> {
  const failing: Record<Id, Handler> = { ...handlers };
  for (const id in failing) {
    failing[id] = async () => {
      throw new FabricError("FABRIC_E_SERVICE_DOES_NOT_EXIST");
    };
  }
  return failing;
}

type ClusterHandlers = Pick<Handlers, "GetClusterManifest" | "GetClusterVersion" | "GetAadMetadata">;

/** The options that determine what the cluster reports about itself. */
export type ClusterOptions = Pick<EmulatorOptions, "imageStoreConnectionString" | "apiVersionMax" | "entra">;

/** Requests that clients send before they use the image store: manifest, version, and sign-in settings. */
function clusterHandlers(options: ClusterOptions): ClusterHandlers {
  const { imageStoreConnectionString = imageStoreService, entra } = options;
  const { apiVersionMax = defaultApiVersionMax } = options;
  const manifest: Schemas["ClusterManifest"] = { Manifest: clusterManifest(imageStoreConnectionString) };
  // The version of a runtime has four numbers. An api-version has one or two.
  const version: Schemas["ClusterVersion"] = { Version: `${apiVersionMax}.0.0.0`.split(".", 4).join(".") };
  const metadata = aadMetadata(entra);
  return {
    GetClusterManifest: async () => jsonAnswer(manifest),
    GetClusterVersion: async () => {
      // Older gateways do not have this operation.
      if (Number.parseFloat(apiVersionMax) < 6.4) throw new FabricError("E_INVALIDARG");
      return jsonAnswer(version);
    },
    GetAadMetadata: async () => jsonAnswer(metadata),
  };
}
