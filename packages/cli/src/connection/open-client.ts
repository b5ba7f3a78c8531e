import {
  type ClientCertificate,
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

/** How to reach the cluster, with the files that the settings name read. Throws UsageError. */
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
    throw new UsageError("--server-issuer-thumbprint needs --server-common-name.");
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
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key need each other.");
  if ([pem, cert, pfx].filter((path) => path !== undefined).length > 1) {
    throw new UsageError("Give the client certificate once: by --pem, by --cert and --key, or by --pfx.");
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
  // Editors end the last line; no passphrase ends in a line break.
  return (await read("passphraseFile", path, readTextFile)).replace(/\r?\n$/, "");
}

async function readPem(name: SettingName, path: string): Promise<string> {
  const bytes = await read(name, path, readSmallFile);
  // Comments between the blocks may be in the encoding of an old tool; the blocks are ASCII.
  const text = decodeText(bytes) ?? bytes.toString("latin1");
  if (text.includes("-----BEGIN ")) return text;
  // What ASN.1 begins with: PKCS #12, or DER.
  const isBinary = bytes[0] === 0x30 && bytes[1] === 0x82;
  const hint = isBinary
    ? "It is binary: pass a .pfx or .p12 file with --pfx, or convert a certificate in DER form with `openssl x509 -inform der`."
    : 'It has no line that begins with "-----BEGIN". Check the path.';
  throw new UsageError(`The file for ${flagOf(name)} is not a PEM file: ${path}. ${hint}`);
}

async function read<Content>(
  name: SettingName,
  path: string,
  reader: (path: string) => Promise<Content>,
): Promise<Content> {
  try {
    return await reader(path);
  } catch (cause) {
    throw new UsageError(`The file for ${flagOf(name)} cannot be read: ${reasonOf(cause)}.`, { cause });
  }
}

/** Which setting becomes an option of the client. */
const given: Readonly<Record<string, SettingName | "The client certificate">> = {
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

/** What the client says of its own options, in words of this command line, with the files that were meant. */
function inWordsOfSettings(error: unknown, settings: ResolvedSettings): unknown {
  if (!isInvalidInputError(error)) return error;
  const { parameter, message } = error;
  const name = given[parameter];
  if (name === undefined || !message.startsWith(parameter)) return error;
  const what = name === "The client certificate" ? name : settingText(name, settings);
  const told = `${what}${message.slice(parameter.length)}`.replace(/\?\. (?=Nothing)/, "? ");
  const isProtected = /set the passphrase/.test(message);
  const how = isProtected ? " Pass --passphrase-file, or set SF_PASSPHRASE." : "";
  return new UsageError(`${told}${how}`, { cause: error });
}

function settingText(name: SettingName, settings: ResolvedSettings): string {
  const files = ruleOf(name).isFile === true ? listOf(settings, name) : [];
  return files.length === 0 ? flagOf(name) : `${flagOf(name)} (${files.join(", ")})`;
}
