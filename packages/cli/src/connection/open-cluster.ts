import type { ApplicationsClient } from "@sf-image-store/client/applications";
import { type Cli, loadSettings } from "./cli.js";
import type { Cluster } from "./open-client.js";
import { listOf } from "./settings.js";

/** Opens the cluster that the command line, the environment or the profile specifies. */
export async function openCluster(cli: Cli): Promise<Cluster> {
  const settings = await loadSettings(cli);
  // Only now, so that `--help` does not load the clients.
  const { openClusterWith } = await import("./open-client.js");
  const cluster = await openClusterWith(cli, settings);
  cli.output.status(`Waiting for ${listOf(settings, "endpoint")[0]}`);
  return cluster;
}

/** Runs the action of a command that only needs applications. */
export async function withApplications<Value>(
  cli: Cli,
  work: (applications: ApplicationsClient) => Promise<Value>,
): Promise<Value> {
  await using cluster = await openCluster(cli);
  return await work(cluster.applications);
}
