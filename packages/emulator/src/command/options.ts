import { parseArgs } from "node:util";
import { lateOnLinux, optionRules, type Rule } from "../options.js";
import { isOrigin, originSays } from "../security/web-pages.js";
import type { Platform } from "../store/store-path.js";

/** What the command line asks for. */
export type CommandLine = { readonly action: "help" } | { readonly action: "version" } | RunCommand;

/** How to run, with names of files instead of what is in them. */
export interface RunCommand {
  readonly action: "run";
  readonly port: number;
  readonly host: string;
  readonly platform: Platform;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly location?: string;
  readonly apiVersionMax?: string;
  readonly clusterId?: string;
  readonly imageStoreConnectionString?: string;
  readonly sessionLifetimeMs?: number;
  readonly sweepIntervalMs?: number;
  readonly faultsFile?: string;
  readonly tls?: TlsFiles;
  readonly bearerTokenFile?: string;
  readonly bearerAudience?: string;
  readonly entraFile?: string;
  readonly corsOrigins?: readonly string[];
}

/** Files for HTTPS. */
export interface TlsFiles {
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: string;
  readonly passphraseFile?: string;
  readonly clientCa?: string;
  readonly clientCertificate: "handshake" | "late";
  readonly clientEku: "client" | "any";
}

/** The command line cannot be understood. The message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The port of a cluster's HTTP gateway. */
const defaultPort = "19080";

const optionTypes = {
  port: { type: "string" },
  host: { type: "string" },
  location: { type: "string" },
  platform: { type: "string" },
  "api-version-max": { type: "string" },
  "cluster-id": { type: "string" },
  "image-store-connection-string": { type: "string" },
  "session-lifetime": { type: "string" },
  "sweep-interval": { type: "string" },
  faults: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  pfx: { type: "string" },
  "passphrase-file": { type: "string" },
  "client-ca": { type: "string" },
  "client-certificate": { type: "string" },
  "client-eku": { type: "string" },
  "bearer-token-file": { type: "string" },
  "bearer-audience": { type: "string" },
  entra: { type: "string" },
  "cors-origin": { type: "string", multiple: true },
  quiet: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/** Every option that is understood. */
export const optionNames: readonly string[] = Object.keys(optionTypes);

export function parseCommandLine(args: readonly string[]): CommandLine {
  const options = parseOptions(args);
  if (options.help === true) return { action: "help" };
  if (options.version === true) return { action: "version" };
  for (const [name, value] of Object.entries(options)) {
    if (value === "" || (Array.isArray(value) && value.includes("")))
      throw new UsageError(`--${name} needs a value.`);
  }
  return {
    action: "run",
    port: parsePort(options.port ?? defaultPort),
    host: options.host ?? "127.0.0.1",
    platform: oneOf("--platform", ["windows", "linux"], options.platform ?? "windows"),
    quiet: options.quiet ?? false,
    json: options.json ?? false,
    ...present({
      location: options.location,
      apiVersionMax: checked("--api-version-max", optionRules.apiVersionMax, options["api-version-max"]),
      clusterId: options["cluster-id"],
      imageStoreConnectionString: checked(
        "--image-store-connection-string",
        optionRules.imageStoreConnectionString,
        options["image-store-connection-string"],
      ),
      sessionLifetimeMs: parseSeconds("--session-lifetime", options["session-lifetime"]),
      sweepIntervalMs: parseSeconds("--sweep-interval", options["sweep-interval"]),
      faultsFile: options.faults,
      tls: tlsFiles(options),
      bearerTokenFile: options["bearer-token-file"],
      bearerAudience: options["bearer-audience"],
      entraFile: options.entra,
      corsOrigins: parseOrigins(options["cors-origin"]),
    }),
  };
}

type ParsedOptions = ReturnType<typeof parseOptions>;

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: optionTypes }).values;
  } catch (error) {
    // Some of Node's messages end with a full stop, some do not.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.replace(/\.?$/, "."));
  }
}

function tlsFiles(options: ParsedOptions): TlsFiles | undefined {
  const { cert, key, pfx } = options;
  const clientCa = options["client-ca"];
  const when = options["client-certificate"];
  const passphraseFile = options["passphrase-file"];
  const eku = options["client-eku"];
  if (when !== undefined && clientCa === undefined)
    throw new UsageError("--client-certificate needs --client-ca.");
  if (eku !== undefined && clientCa === undefined) throw new UsageError("--client-eku needs --client-ca.");
  if (cert === undefined && key === undefined && pfx === undefined) {
    if (clientCa === undefined && passphraseFile === undefined) return undefined;
    const name = clientCa === undefined ? "--passphrase-file" : "--client-ca";
    throw new UsageError(`${name} needs HTTPS: give --cert and --key, or --pfx.`);
  }
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key need each other.");
  if (cert !== undefined && pfx !== undefined)
    throw new UsageError("--pfx stands instead of --cert and --key.");
  const clientCertificate = oneOf("--client-certificate", ["handshake", "late"], when ?? "handshake");
  if (clientCertificate === "late" && options.platform === "linux")
    throw new UsageError(`--client-certificate ${lateOnLinux}.`);
  const clientEku = oneOf("--client-eku", ["client", "any"], eku ?? "client");
  return { clientCertificate, clientEku, ...present({ cert, key, pfx, clientCa, passphraseFile }) };
}

function parsePort(text: string): number {
  const { says, accepts } = optionRules.port;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (accepts(port)) return port;
  throw new UsageError(`--port must be ${says}, not "${text}".`);
}

function parseSeconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^[0-9]{1,7}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (optionRules.sessionLifetimeMs.accepts(seconds * 1000)) return seconds * 1000;
  throw new UsageError(`${name} must be a number of seconds above 0, not "${text}".`);
}

function checked(name: string, { says, accepts }: Rule, text: string | undefined): string | undefined {
  if (text === undefined || accepts(text)) return text;
  throw new UsageError(`${name} must be ${says}, not "${text}".`);
}

function parseOrigins(texts: readonly string[] | undefined): readonly string[] | undefined {
  const wrong = texts?.find((text) => !isOrigin(text));
  if (wrong === undefined) return texts;
  throw new UsageError(`--cors-origin must be ${originSays}, not "${wrong}".`);
}

function oneOf<T extends string>(name: string, allowed: readonly T[], text: string): T {
  const found = allowed.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UsageError(`${name} must be ${allowed.join(" or ")}, not "${text}".`);
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Only the members that have a value. */
function present<T extends object>(members: T): Present<T> {
  const found: Present<T> = { ...members };
  for (const name in members) if (members[name] === undefined) delete found[name];
  return found;
}
