import type { Cli } from "../cli.js";
import { openClient } from "./open-client.js";
import type { ResolvedSettings } from "./resolve.js";
import { findStoreLocation } from "./store-location.js";

/** Asks the cluster for the root of its image store. Throws what any command would. */
export async function checkConnection(cli: Cli, settings: ResolvedSettings): Promise<void> {
  await using client = await openClient(cli, settings);
  const location = await findStoreLocation(client, settings, cli);
  if (location.kind === "service") {
    await client.getContentPage({ abortSignal: cli.signal });
    return;
  }
  const { openFolder } = await import("../file-store/open-folder.js");
  await openFolder(location.folder);
}
