import type { Schemas } from "@sf-image-store/types";
import { jsonAnswer } from "../answers.js";
import { aadMetadata } from "../cluster/entra.js";
import { clusterManifest, imageStoreService } from "../cluster/manifest.js";
import type { EmulatorOptions } from "../emulator-options.js";
import type { Handlers } from "./handler.js";

type ClusterHandlers = Pick<Handlers, "GetClusterManifest" | "GetAadMetadata">;

/** What a cluster tells of itself. */
export type ClusterOptions = Pick<EmulatorOptions, "imageStoreConnectionString" | "entra">;

/** What a client asks before it can use the image store: where the packages are, and how to sign in. */
export function clusterHandlers(options: ClusterOptions): ClusterHandlers {
  const { imageStoreConnectionString = imageStoreService, entra } = options;
  const manifest: Schemas["ClusterManifest"] = { Manifest: clusterManifest(imageStoreConnectionString) };
  const metadata = aadMetadata(entra);
  return {
    GetClusterManifest: async () => jsonAnswer(manifest),
    GetAadMetadata: async () => jsonAnswer(metadata),
  };
}
