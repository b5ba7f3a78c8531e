import {
  createImageStoreClient,
  createNodeFetch,
  type Fetch,
  isTimeoutError,
  type NodeImageStoreClient,
} from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { UsageError } from "../failure/usage-error.js";
import type { Output } from "../output/output.js";
import { signIn } from "../sign-in/credential.js";
import { readNodeFetchOptions } from "./node-fetch-options.js";
import { listOf, type ResolvedSettings, textOf } from "./resolve.js";
import { inWordsOfSettings } from "./words.js";

/** A client of the cluster, with connections that end with it. */
export type Connection = NodeImageStoreClient & AsyncDisposable;

export interface ConnectOptions {
  /** Told of every answer, whose content is not to be read. */
  readonly onAnswer?: ((answer: Response) => void) | undefined;
  /** How often a request that may be repeated is retried when it fails for now. @default what the client does */
  readonly maxRetries?: number | undefined;
}

/**
 * Connects by settings. Sends nothing yet, but for the question how to sign in. Throws UsageError for settings that
 * cannot work.
 */
export async function openClient(
  cli: Cli,
  settings: ResolvedSettings,
  { onAnswer, maxRetries }: ConnectOptions = {},
): Promise<Connection> {
  try {
    return await connect(cli, settings, { onAnswer, maxRetries });
  } catch (error) {
    throw inWordsOfSettings(error, settings);
  }
}

async function connect(
  cli: Cli,
  settings: ResolvedSettings,
  { onAnswer, maxRetries }: ConnectOptions,
): Promise<Connection> {
  const nodeFetch = createNodeFetch(await readNodeFetchOptions(settings, cli.environment));
  const clusterId = textOf(settings, "clusterId");
  const gatewayPlatform = platformOf(settings);
  const options = {
    endpoint: listOf(settings, "endpoint"),
    fetch: noting(
      cli,
      watched(cli.output.isAtLeast("verbose") ? told(nodeFetch, cli.output) : nodeFetch, onAnswer),
    ),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(gatewayPlatform === undefined ? {} : { gatewayPlatform }),
    ...(maxRetries === undefined ? {} : { retryOptions: { maxRetries } }),
  };
  try {
    const ask = createImageStoreClient(options).getAadMetadata;
    const identity = await signIn(settings, cli.environment, ask, cli.signal);
    const client = createImageStoreClient({ ...options, ...identity });
    return { ...client, [Symbol.asyncDispose]: () => nodeFetch.close() };
  } catch (error) {
    await nodeFetch.close();
    throw error;
  }
}

function platformOf(settings: ResolvedSettings): "windows" | "linux" | undefined {
  const platform = textOf(settings, "gatewayPlatform");
  if (platform === undefined || platform === "windows" || platform === "linux") return platform;
  throw new UsageError(`The gateway's platform must be windows or linux, not "${platform}".`);
}

/** Notes that the store may have changed, before the request is sent that may do it. */
function noting({ noteChange }: Cli, fetch: Fetch): Fetch {
  return (url, init) => {
    if (!/^(GET|HEAD)$/i.test(init.method ?? "GET")) noteChange();
    return fetch(url, init);
  };
}

function watched(fetch: Fetch, onAnswer: ((answer: Response) => void) | undefined): Fetch {
  if (onAnswer === undefined) return fetch;
  return async (url, init) => {
    const answer = await fetch(url, init);
    onAnswer(answer);
    return answer;
  };
}

/**
 * Tells every request and its answer under `--debug`; under `--verbose` those that fail, as they are tried again without a
 * word. Headers are left out but for the range: they may hold secrets.
 */
function told(fetch: Fetch, output: Output): Fetch {
  return async (url, init) => {
    const range = new Headers(init.headers).get("Content-Range");
    const what = `${init.method ?? "GET"} ${url}${range === null ? "" : ` [${range}]`}`;
    const begin = performance.now();
    const tell = (outcome: string, isFailure: boolean) => {
      const text = `${what} ${outcome} ${Math.round(performance.now() - begin)} ms`;
      if (isFailure) output.detail(text);
      else output.debug(text);
    };
    try {
      const answer = await fetch(url, init);
      tell(String(answer.status), answer.status >= 500);
      return answer;
    } catch (error) {
      const { signal } = init;
      tell("no answer,", signal?.aborted !== true || isTimeoutError(signal.reason));
      throw error;
    }
  };
}
