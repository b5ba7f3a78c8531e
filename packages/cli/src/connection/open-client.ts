import {
  createImageStoreClient,
  createNodeFetch,
  type Fetch,
  type NodeImageStoreClient,
} from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { UsageError } from "../failure/usage-error.js";
import type { Output } from "../output/output.js";
import { readNodeFetchOptions } from "./node-fetch-options.js";
import { listOf, type ResolvedSettings, textOf } from "./resolve.js";

/** A client of the cluster, with connections that end with it. */
export type Connection = NodeImageStoreClient & AsyncDisposable;

/** Connects by settings. Sends nothing yet. Throws UsageError for settings that cannot work. */
export async function openClient(cli: Cli, settings: ResolvedSettings): Promise<Connection> {
  const nodeFetch = createNodeFetch(await readNodeFetchOptions(settings, cli.environment));
  const [endpoint = ""] = listOf(settings, "endpoint");
  const clusterId = textOf(settings, "clusterId");
  const gatewayPlatform = platformOf(settings);
  const client = createImageStoreClient({
    endpoint,
    fetch: cli.output.isAtLeast("debug") ? told(nodeFetch, cli.output) : nodeFetch,
    ...(clusterId === undefined ? {} : { headers: { ClusterId: clusterId } }),
    ...(gatewayPlatform === undefined ? {} : { gatewayPlatform }),
  });
  return { ...client, [Symbol.asyncDispose]: () => nodeFetch.close() };
}

function platformOf(settings: ResolvedSettings): "windows" | "linux" | undefined {
  const platform = textOf(settings, "gatewayPlatform");
  if (platform === undefined || platform === "windows" || platform === "linux") return platform;
  throw new UsageError(`The gateway's platform must be windows or linux, not "${platform}".`);
}

/** Tells every request and its answer. Headers are left out but for the range: they may hold secrets. */
function told(fetch: Fetch, output: Output): Fetch {
  return async (input, init) => {
    const request = typeof input === "string" ? { method: init?.method ?? "GET", url: input } : input;
    const range = new Headers(init?.headers ?? {}).get("Content-Range");
    const what = `${request.method} ${request.url}${range === null ? "" : ` [${range}]`}`;
    const begin = performance.now();
    try {
      const answer = await fetch(input, init);
      output.debug(`${what} ${answer.status} ${Math.round(performance.now() - begin)} ms`);
      return answer;
    } catch (error) {
      output.debug(`${what} no answer, ${Math.round(performance.now() - begin)} ms`);
      throw error;
    }
  };
}
