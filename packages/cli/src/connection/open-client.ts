import type { ApplicationsClient } from "@sf-image-store/client/applications";
import {
  type ClientCertificate,
  type ClientOptions,
  createImageStoreClient,
  createNodeFetch,
  type Fetch,
  isInvalidInputError,
  isTimeoutError,
  type NodeFetchOptions,
  type NodeImageStoreClient,
} from "@sf-image-store/client/node";
import { reasonOf, UsageError } from "../errors/errors.js";
import type { Environment, Output } from "../output/output.js";
import type { Cli } from "./cli.js";
import { flagOf, isOn, listOf, type ResolvedSettings, ruleOf, type SettingName, textOf } from "./settings.js";
import { signIn } from "./sign-in.js";
import { decodeText, readSmallFile, readTextFile } from "./text-file.js";

/** A client of the cluster. Disposing it closes its connections. */
export type Connection = NodeImageStoreClient & AsyncDisposable;

export interface ConnectOptions {
  /** Called with every response. Must not read the body. */
  readonly onAnswer?: ((answer: Response) => void) | undefined;
  /** Maximum number of retries of a request that is safe to repeat. @default the client's default */
  readonly maxRetries?: number | undefined;
}

/**
 * Creates a client from settings. Sends nothing except a request for the sign-in parameters. Throws UsageError for
 * invalid settings.
 */
export async function openClient(
  cli: Cli,
  settings: ResolvedSettings,
  options: ConnectOptions = {},
): Promise<Connection> {
  const { store, close } = await connect(cli, settings, options);
  return { ...store, [Symbol.asyncDispose]: close };
}

/** The clients of a cluster, which share connections. Disposing it closes them. */
export interface Cluster extends AsyncDisposable {
  readonly store: NodeImageStoreClient;
  readonly applications: ApplicationsClient;
}

/** Like `openClient`, for commands that also manage applications. */
export async function openClusterWith(
  cli: Cli,
  settings: ResolvedSettings,
  options: ConnectOptions = {},
): Promise<Cluster> {
  const { store, clientOptions, close } = await connect(cli, settings, options);
  const { createApplicationsClient } = await import("@sf-image-store/client/applications");
  return { store, applications: createApplicationsClient(clientOptions), [Symbol.asyncDispose]: close };
}

interface Connected {
  readonly store: NodeImageStoreClient;
  /** For other clients with the same connections and identity. */
  readonly clientOptions: ClientOptions;
  close(): Promise<void>;
}

async function connect(cli: Cli, settings: ResolvedSettings, options: ConnectOptions): Promise<Connected> {
  try {
    return await signInTo(cli, settings, options);
  } catch (error) {
    throw translateOptionError(error, settings);
  }
}

async function signInTo(
  cli: Cli,
  settings: ResolvedSettings,
  { onAnswer, maxRetries }: ConnectOptions,
): Promise<Connected> {
  const endpoints = listOf(settings, "endpoint");
  const where = endpoints.length === 1 ? endpoints[0] : `${endpoints[0]} and others`;
  cli.output.status(`Connecting to ${where}`);
  const nodeFetch = createNodeFetch(await readNodeFetchOptions(settings, cli.environment));
  const clusterId = textOf(settings, "clusterId");
  const gatewayPlatform = platformOf(settings);
  const options = {
    endpoint: endpoints,
    fetch: trackingChanges(
      cli,
      observingResponses(
        cli.output.isAtLeast("verbose") ? loggingRequests(nodeFetch, cli.output) : nodeFetch,
        onAnswer,
      ),
    ),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(gatewayPlatform === undefined ? {} : { gatewayPlatform }),
    ...(maxRetries === undefined ? {} : { retryOptions: { maxRetries } }),
  };
  try {
    const ask = createImageStoreClient(options).getAadMetadata;
    const identity = await signIn(settings, cli.environment, ask, cli.signal);
    const clientOptions = { ...options, ...identity };
    const store = createImageStoreClient(clientOptions);
    return { store, clientOptions, close: () => nodeFetch.close() };
  } catch (error) {
    await nodeFetch.close();
    throw error;
  }
}

function platformOf(settings: ResolvedSettings): "windows" | "linux" | undefined {
  const platform = textOf(settings, "gatewayPlatform");
  if (platform === undefined || platform === "windows" || platform === "linux") return platform;
  throw new UsageError(`Invalid --gateway-platform "${platform}". Use windows or linux.`);
}

/** Records that the store may change, before sending a request that may change it. */
function trackingChanges({ markChanged }: Cli, fetch: Fetch): Fetch {
  return (url, init) => {
    if (!/^(GET|HEAD)$/i.test(init.method ?? "GET")) markChanged();
    return fetch(url, init);
  };
}

function observingResponses(fetch: Fetch, onAnswer: ((answer: Response) => void) | undefined): Fetch {
  if (onAnswer === undefined) return fetch;
  return async (url, init) => {
    const answer = await fetch(url, init);
    onAnswer(answer);
    return answer;
  };
}

/**
 * Logs every request under `--debug`, and failed requests, which are retried silently, under `--verbose`. Logs no
 * header except the range, because headers may contain secrets.
 */
function loggingRequests(fetch: Fetch, output: Output): Fetch {
  return async (url, init) => {
    const range = new Headers(init.headers).get("Content-Range");
    const what = `${init.method ?? "GET"} ${url}${range === null ? "" : ` [${range}]`}`;
    const begin = performance.now();
    const logRequest = (outcome: string, isFailure: boolean) => {
      const text = `${what} ${outcome} ${Math.round(performance.now() - begin)} ms`;
      if (isFailure) output.detail(text);
      else output.debug(text);
    };
    try {
      const answer = await fetch(url, init);
      logRequest(String(answer.status), answer.status >= 500);
      return answer;
    } catch (error) {
      const { signal } = init;
      logRequest("no response,", signal?.aborted !== true || isTimeoutError(signal.reason));
      throw error;
    }
  };
}

/** The connection options, including the content of the files that the settings name. Throws UsageError. */
export async function readNodeFetchOptions(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<NodeFetchOptions> {
  const clientCertificate = await readClientCertificate(settings, environment);
  const ca = await Promise.all(listOf(settings, "ca").map((path) => readPem("ca", path)));
  const serverThumbprints = listOf(settings, "serverThumbprint");
  const issuerThumbprints = listOf(settings, "serverIssuerThumbprint");
  const serverCommonNames = listOf(settings, "serverCommonName").map((name) => ({
    name,
    ...(issuerThumbprints.length === 0 ? {} : { issuerThumbprints }),
  }));
  if (issuerThumbprints.length > 0 && serverCommonNames.length === 0) {
    throw new UsageError("--server-issuer-thumbprint requires --server-common-name.");
  }
  return {
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(ca.length === 0 ? {} : { ca }),
    ...(serverThumbprints.length === 0 ? {} : { serverThumbprints }),
    ...(serverCommonNames.length === 0 ? {} : { serverCommonNames }),
    ...(isOn(settings, "insecure") ? { insecure: true } : {}),
  };
}

async function readClientCertificate(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<ClientCertificate | undefined> {
  const pem = textOf(settings, "pem");
  const cert = textOf(settings, "cert");
  const key = textOf(settings, "key");
  const pfx = textOf(settings, "pfx");
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError("--cert and --key must be used together.");
  if ([pem, cert, pfx].filter((path) => path !== undefined).length > 1) {
    throw new UsageError("Specify one client certificate: use --pem, --cert with --key, or --pfx.");
  }
  const passphrase = await readPassphrase(settings, environment);
  const protection = passphrase === undefined ? {} : { passphrase };
  if (pem !== undefined) return { pem: await readPem("pem", pem), ...protection };
  if (cert !== undefined && key !== undefined) {
    return { cert: await readPem("cert", cert), key: await readPem("key", key), ...protection };
  }
  return pfx === undefined ? undefined : { pfx: await read("pfx", pfx, readSmallFile), ...protection };
}

async function readPassphrase(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<string | undefined> {
  const path = textOf(settings, "passphraseFile");
  if (path === undefined) return environment["SF_PASSPHRASE"] || undefined;
  // Editors add a newline at the end of the file. A passphrase never ends with one.
  return (await read("passphraseFile", path, readTextFile)).replace(/\r?\n$/, "");
}

async function readPem(name: SettingName, path: string): Promise<string> {
  const bytes = await read(name, path, readSmallFile);
  // Comments between the PEM blocks may have a legacy encoding. The blocks themselves are ASCII.
  const text = decodeText(bytes) ?? bytes.toString("latin1");
  if (text.includes("-----BEGIN ")) return text;
  // The start of an ASN.1 sequence: PKCS #12 or DER.
  const isBinary = bytes[0] === 0x30 && bytes[1] === 0x82;
  const hint = isBinary
    ? "The file is binary. Pass a .pfx or .p12 file with --pfx, or convert a DER certificate with `openssl x509 -inform der`."
    : 'It contains no line that starts with "-----BEGIN". Check the path.';
  throw new UsageError(`The file of ${flagOf(name)} is not in PEM format: ${path}. ${hint}`);
}

async function read<Content>(
  name: SettingName,
  path: string,
  reader: (path: string) => Promise<Content>,
): Promise<Content> {
  try {
    return await reader(path);
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new UsageError(
      isMissing
        ? `The file of ${flagOf(name)} does not exist: ${path}`
        : `Cannot read the file of ${flagOf(name)}: ${reasonOf(cause)}.`,
      { cause },
    );
  }
}

/** The setting that corresponds to an option of the client. */
const settingOfOption: Readonly<Record<string, SettingName | "The client certificate">> = {
  endpoint: "endpoint",
  clientCertificate: "The client certificate",
  "clientCertificate.pem": "pem",
  "clientCertificate.cert": "cert",
  "clientCertificate.key": "key",
  "clientCertificate.pfx": "pfx",
  ca: "ca",
  serverThumbprints: "serverThumbprint",
  serverCommonNames: "serverCommonName",
  clusterId: "clusterId",
};

/** Rewrites the client's error about one of its options in terms of flags and file names. */
function translateOptionError(error: unknown, settings: ResolvedSettings): unknown {
  if (!isInvalidInputError(error)) return error;
  const { parameter, message } = error;
  const name = settingOfOption[parameter];
  if (name === undefined || !message.startsWith(parameter)) return error;
  const what = name === "The client certificate" ? name : settingText(name, settings);
  const translated = `${what}${message.slice(parameter.length)}`.replace(/\?\. (?=Nothing)/, "? ");
  const isProtected = /set the passphrase/.test(message);
  const how = isProtected ? " Pass --passphrase-file or set SF_PASSPHRASE." : "";
  return new UsageError(`${translated}${how}${schemeHint(name, settings)}`, { cause: error });
}

/** A URL without its scheme, such as `cluster:19080`. */
function schemeHint(name: string, settings: ResolvedSettings): string {
  const bare =
    name === "endpoint"
      ? listOf(settings, "endpoint").find((url) => /^[\w.-]+(:\d+)?$/.test(url))
      : undefined;
  return bare === undefined ? "" : `\nDid you mean http://${bare} or https://${bare}?`;
}

function settingText(name: SettingName, settings: ResolvedSettings): string {
  const files = ruleOf(name).isFile === true ? listOf(settings, name) : [];
  return files.length === 0 ? flagOf(name) : `${flagOf(name)} (${files.join(", ")})`;
}
