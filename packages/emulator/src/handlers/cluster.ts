import type { Schemas } from "@sf-image-store/types";
import { jsonAnswer } from "../answers.js";
import { defaultApiVersionMax } from "../api-version.js";
import { aadMetadata } from "../cluster/entra.js";
import { clusterManifest, imageStoreService } from "../cluster/manifest.js";
import type { EmulatorOptions } from "../emulator-options.js";
import { FabricError } from "../fabric-error.js";
import type { Handlers } from "./handler.js";

type ClusterHandlers = Pick<Handlers, "GetClusterManifest" | "GetClusterVersion" | "GetAadMetadata">;

/** What a cluster tells of itself. */
export type ClusterOptions = Pick<EmulatorOptions, "imageStoreConnectionString" | "apiVersionMax" | "entra">;

/** What a client asks before it can use the image store: where the packages are, how new it is, and how to sign in. */
export function clusterHandlers(options: ClusterOptions): ClusterHandlers {
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
