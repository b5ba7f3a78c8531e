import { completeEntra, type EntraOptions } from "../cluster/entra.js";
import type { EmulatorOptions } from "../emulator-options.js";
import { parseFaults } from "../faults/validate.js";
import type { BearerOptions } from "../security/options.js";
import { readText, reasonOf } from "./files.js";
import { type RunCommand, UsageError } from "./options.js";
import { readTls } from "./tls-files.js";

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
