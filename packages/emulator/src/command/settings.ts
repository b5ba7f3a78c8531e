import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createReadStream } from "node:fs";
import { createSecureContext } from "node:tls";
import { completeEntra, type EntraOptions } from "../cluster/description.js";
import { checkFault, type Fault, parseFaults } from "../faults/fault.js";
import { optionTable } from "../option-table.js";
import type { EmulatorOptions } from "../options.js";
import { readCertificates } from "../security/client-certificates.js";
import type { BearerOptions, TlsOptions } from "../security/options.js";
import { type RunCommand, UsageError } from "./command-line.js";

/** The variable for the passphrase. An argument would be visible in the list of processes. */
const passphraseVariable = "SF_IMAGE_STORE_EMULATOR_PASSPHRASE";

/** Reads the files that the command line names. @throws UsageError */
export async function readSettings(
  { get }: RunCommand,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<EmulatorOptions> {
  const faults = [
    ...(await readFaults(get(optionTable.faults))),
    ...(get(optionTable.fault) ?? []).map(readFault),
  ];
  const entra = get(optionTable.entra);
  return present({
    port: get(optionTable.port),
    host: get(optionTable.host),
    location: get(optionTable.location),
    platform: get(optionTable.platform),
    apiVersionMax: get(optionTable.apiVersionMax),
    clusterId: get(optionTable.clusterId),
    imageStoreConnectionString: get(optionTable.imageStoreConnectionString),
    sessionLifetimeMs: get(optionTable.sessionLifetimeMs),
    sweepIntervalMs: get(optionTable.sweepIntervalMs),
    bandwidth: get(optionTable.bandwidth),
    corsOrigins: get(optionTable.corsOrigins),
    upgradeDomains: get(optionTable.upgradeDomains),
    upgradeSpeed: get(optionTable.upgradeSpeed),
    faults: faults.length === 0 ? undefined : faults,
    entra: entra === undefined ? undefined : await readEntra(entra),
    bearer: await readBearer(get(optionTable.bearerTokenFile), get(optionTable.bearerAudience)),
    tls: await readTls(get, environment[passphraseVariable]),
  });
}

function readFault(text: string): Fault {
  try {
    return checkFault(JSON.parse(text));
  } catch (error) {
    throw new UsageError(`--fault: ${text} is not valid. ${reasonOf(error).replace(/\.?$/, ".")}`);
  }
}

async function readFaults(file: string | undefined): Promise<readonly Fault[]> {
  if (file === undefined) return [];
  const text = await readText("--faults", file);
  try {
    return parseFaults(text);
  } catch (error) {
    throw new UsageError(`--faults: ${file} is not valid. ${reasonOf(error)}`);
  }
}

async function readEntra(file: string): Promise<EntraOptions> {
  const text = await readText("--entra", file);
  try {
    return completeEntra(JSON.parse(text));
  } catch (error) {
    throw new UsageError(`--entra: ${file} is not valid. ${reasonOf(error).replace(/\.?$/, ".")}`);
  }
}

async function readBearer(
  file: string | undefined,
  audience: string | undefined,
): Promise<BearerOptions | undefined> {
  if (file === undefined) return audience === undefined ? undefined : { audience };
  const text = await readText("--bearer-token-file", file);
  const tokens = text.split(/\r?\n/).filter((line) => line !== "");
  if (tokens.length === 0) throw new UsageError(`--bearer-token-file: ${file} contains no token.`);
  return present({ audience, tokens });
}

/** Reads and checks every file for HTTPS, so that an error can name the flag. */
async function readTls(
  get: RunCommand["get"],
  passphraseOfEnvironment: string | undefined,
): Promise<TlsOptions | undefined> {
  const passphraseFile = get(optionTable.passphraseFile);
  const passphrase =
    passphraseFile === undefined
      ? passphraseOfEnvironment
      : (await readText("--passphrase-file", passphraseFile)).replace(/\r?\n$/, "");
  const secret = present({ passphrase });
  const identity = await readIdentity(get, secret);
  const clientCa = get(optionTable.clientCa);
  if (identity === undefined) return undefined;
  return present({
    ...identity,
    ...secret,
    clientCa: clientCa === undefined ? undefined : await readClientCa(clientCa),
    clientCertificate: get(optionTable.clientCertificate),
    clientEku: get(optionTable.clientEku),
  });
}

type Secret = Pick<TlsOptions, "passphrase">;

async function readIdentity(get: RunCommand["get"], secret: Secret): Promise<TlsOptions | undefined> {
  const [cert, key, pfx] = [get(optionTable.cert), get(optionTable.key), get(optionTable.pfx)];
  if (pfx !== undefined) return readPfx(pfx, secret);
  return cert === undefined || key === undefined ? undefined : readPair(cert, key, secret);
}

async function readPfx(file: string, secret: Secret): Promise<TlsOptions> {
  const pfx = await read("--pfx", file);
  attempt("--pfx", file, () => createSecureContext({ pfx, ...secret }));
  return { pfx };
}

async function readPair(certFile: string, keyFile: string, secret: Secret): Promise<TlsOptions> {
  const cert = await read("--cert", certFile);
  const key = await read("--key", keyFile);
  // The file may contain the chain. The first certificate is the server's own.
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
    // OpenSSL's message for a wrong passphrase does not mention the passphrase.
    const hint = option === "--key" || option === "--pfx" ? " Is the passphrase right?" : "";
    throw new UsageError(`${option}: ${file} is not valid. ${reasonOf(error).replace(/\.?$/, ".")}${hint}`);
  }
}

/** No valid file is this large. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * Reads a file that an option names. Converts UTF-16, which Windows PowerShell writes, to UTF-8, and removes a byte order mark.
 * @throws UsageError
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
    if (size > maxFileBytes) throw new Error(`larger than ${maxFileBytes / 1024 ** 2} MiB`);
  }
  return Buffer.concat(pieces);
}

/** The same as text. */
async function readText(option: string, file: string): Promise<string> {
  return (await read(option, file)).toString("utf8");
}

/** Binary certificates and PKCS #12 files start with other bytes. */
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

type Present<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Leaves out the members that are undefined. */
function present<T extends object>(members: T): Partial<Present<T>> {
  const found: Partial<Present<T>> = { ...members };
  for (const name in members) if (members[name] === undefined) delete found[name];
  return found;
}
