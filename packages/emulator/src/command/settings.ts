import { readFile } from "node:fs/promises";
import type { EmulatorOptions } from "../emulator-options.js";
import { parseFaults } from "../faults/validate.js";
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
  const bearer = await readBearer(command);
  return {
    port,
    host,
    platform,
    ...(location === undefined ? {} : { location }),
    ...(apiVersionMax === undefined ? {} : { apiVersionMax }),
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(sessionLifetimeMs === undefined ? {} : { sessionLifetimeMs }),
    ...(sweepIntervalMs === undefined ? {} : { sweepIntervalMs }),
    ...(faultsFile === undefined ? {} : { faults: await readFaults(faultsFile) }),
    ...(tls === undefined ? {} : { tls: await readTls(tls, environment[passphraseVariable]) }),
    ...(bearer === undefined ? {} : { bearer }),
  };
}

async function readFaults(file: string) {
  const text = await read("--faults", file);
  try {
    return parseFaults(text.toString("utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--faults: ${file} cannot be used. ${reason}`);
  }
}

async function readTls(files: TlsFiles, fromEnvironment: string | undefined): Promise<TlsOptions> {
  const passphrase =
    files.passphraseFile === undefined
      ? fromEnvironment
      : (await read("--passphrase-file", files.passphraseFile)).toString("utf8").replace(/\r?\n$/, "");
  return {
    clientCertificate: files.clientCertificate,
    ...(files.cert === undefined ? {} : { cert: await read("--cert", files.cert) }),
    ...(files.key === undefined ? {} : { key: await read("--key", files.key) }),
    ...(files.pfx === undefined ? {} : { pfx: await read("--pfx", files.pfx) }),
    ...(files.clientCa === undefined ? {} : { clientCa: await read("--client-ca", files.clientCa) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

async function readBearer(command: RunCommand): Promise<BearerOptions | undefined> {
  const { bearerTokenFile, bearerAudience: audience } = command;
  const limit = audience === undefined ? {} : { audience };
  if (bearerTokenFile === undefined) return audience === undefined ? undefined : limit;
  const text = (await read("--bearer-token-file", bearerTokenFile)).toString("utf8");
  const tokens = text.split(/\r?\n/).filter((line) => line !== "");
  if (tokens.length === 0) throw new UsageError(`--bearer-token-file: ${bearerTokenFile} holds no token.`);
  return { ...limit, tokens };
}

async function read(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option}: cannot read ${file} (${reason}).`);
  }
}
