import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createReadStream } from "node:fs";
import { createSecureContext } from "node:tls";
import { completeEntra, type EntraOptions } from "../cluster/description.js";
import { parseFaults } from "../faults/fault.js";
import type { EmulatorOptions } from "../options.js";
import { readCertificates } from "../security/client-certificates.js";
import type { BearerOptions, TlsOptions } from "../security/options.js";
import { type RunCommand, type TlsFiles, UsageError } from "./options.js";

/** Where the passphrase may be, so that it stands in no list of processes. */
const passphraseVariable = "SF_IMAGE_STORE_EMULATOR_PASSPHRASE";

/** The emulator's options, with everything the command names read from its files. @throws UsageError */
export async function readSettings(
  command: RunCommand,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<EmulatorOptions> {
  const { port, host, platform, faultsFile, tls } = command;
  const { location, apiVersionMax, clusterId, sessionLifetimeMs, sweepIntervalMs } = command;
  const { imageStoreConnectionString, entraFile, corsOrigins } = command;
  const bearer = await readBearer(command);
  return {
    port,
    host,
    platform,
    ...(location === undefined ? {} : { location }),
    ...(apiVersionMax === undefined ? {} : { apiVersionMax }),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(imageStoreConnectionString === undefined ? {} : { imageStoreConnectionString }),
    ...(sessionLifetimeMs === undefined ? {} : { sessionLifetimeMs }),
    ...(sweepIntervalMs === undefined ? {} : { sweepIntervalMs }),
    ...(faultsFile === undefined ? {} : { faults: await readFaults(faultsFile) }),
    ...(tls === undefined ? {} : { tls: await readTls(tls, environment[passphraseVariable]) }),
    ...(bearer === undefined ? {} : { bearer }),
    ...(entraFile === undefined ? {} : { entra: await readEntra(entraFile) }),
    ...(corsOrigins === undefined ? {} : { corsOrigins }),
  };
}

async function readFaults(file: string) {
  const text = await readText("--faults", file);
  try {
    return parseFaults(text);
  } catch (error) {
    throw new UsageError(`--faults: ${file} cannot be used. ${reasonOf(error)}`);
  }
}

async function readEntra(file: string): Promise<EntraOptions> {
  const text = await readText("--entra", file);
  try {
    return completeEntra(JSON.parse(text));
  } catch (error) {
    throw new UsageError(`--entra: ${file} cannot be used. ${reasonOf(error).replace(/\.?$/, ".")}`);
  }
}

async function readBearer(command: RunCommand): Promise<BearerOptions | undefined> {
  const { bearerTokenFile, bearerAudience: audience } = command;
  const limit = audience === undefined ? {} : { audience };
  if (bearerTokenFile === undefined) return audience === undefined ? undefined : limit;
  const text = await readText("--bearer-token-file", bearerTokenFile);
  const tokens = text.split(/\r?\n/).filter((line) => line !== "");
  if (tokens.length === 0) throw new UsageError(`--bearer-token-file: ${bearerTokenFile} holds no token.`);
  return { ...limit, tokens };
}

/** The options for HTTPS, with every file read and tried, so that a mistake is told by the name of its option. */
async function readTls(files: TlsFiles, fromEnvironment: string | undefined): Promise<TlsOptions> {
  const passphrase =
    files.passphraseFile === undefined
      ? fromEnvironment
      : (await readText("--passphrase-file", files.passphraseFile)).replace(/\r?\n$/, "");
  const secret = passphrase === undefined ? {} : { passphrase };
  return {
    clientCertificate: files.clientCertificate,
    clientEku: files.clientEku,
    ...(await readOwn(files, secret)),
    ...(files.clientCa === undefined ? {} : { clientCa: await readClientCa(files.clientCa) }),
    ...secret,
  };
}

type Secret = Pick<TlsOptions, "passphrase">;

async function readOwn({ cert, key, pfx }: TlsFiles, secret: Secret): Promise<TlsOptions> {
  if (pfx !== undefined) {
    const data = await read("--pfx", pfx);
    attempt("--pfx", pfx, () => createSecureContext({ pfx: data, ...secret }));
    return { pfx: data };
  }
  return cert === undefined || key === undefined ? {} : readPair(cert, key, secret);
}

async function readPair(certFile: string, keyFile: string, secret: Secret): Promise<TlsOptions> {
  const cert = await read("--cert", certFile);
  const key = await read("--key", keyFile);
  // The chain may follow in the file; its first certificate is the one that the key is for.
  const own = attempt("--cert", certFile, () => new X509Certificate(cert));
  const privateKey: KeyObject = attempt("--key", keyFile, () => createPrivateKey({ key, ...secret }));
  if (!own.checkPrivateKey(privateKey)) {
    throw new UsageError(`--key: ${keyFile} is not the key of the certificate in ${certFile}.`);
  }
  attempt("--cert", certFile, () => createSecureContext({ cert, key, ...secret }));
  return { cert, key };
}

async function readClientCa(file: string): Promise<Buffer> {
  const data = await read("--client-ca", file);
  attempt("--client-ca", file, () => readCertificates(data));
  return data;
}

function attempt<T>(option: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // OpenSSL's own words for a wrong passphrase do not mention one.
    const hint = option === "--key" || option === "--pfx" ? " Is the passphrase right?" : "";
    throw new UsageError(`${option}: ${file} cannot be used. ${reasonOf(error).replace(/\.?$/, ".")}${hint}`);
  }
}

/** Far above every file that an option names. */
const mostBytes = 4 * 1024 * 1024;

/**
 * What is in the file that an option names. Text in UTF-16, as Windows PowerShell writes it, comes as UTF-8; a byte order mark
 * is left out. @throws UsageError
 */
async function read(option: string, file: string): Promise<Buffer> {
  try {
    return withoutMark(await readSmall(file));
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${file} (${reasonOf(error)}).`);
  }
}

async function readSmall(file: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of createReadStream(file)) {
    pieces.push(piece);
    size += piece.length;
    if (size > mostBytes) throw new Error(`larger than ${mostBytes / 1024 ** 2} MiB`);
  }
  return Buffer.concat(pieces);
}

/** The same as text. */
async function readText(option: string, file: string): Promise<string> {
  return (await read(option, file)).toString("utf8");
}

/** Binary certificates and PKCS #12 files begin with other bytes. */
function withoutMark(bytes: Buffer): Buffer {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return bytes.subarray(3);
  if (first === 0xff && second === 0xfe) return Buffer.from(new TextDecoder("utf-16le").decode(bytes));
  if (first === 0xfe && second === 0xff) return Buffer.from(new TextDecoder("utf-16be").decode(bytes));
  return bytes;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
