import { isLoopback } from "@sf-image-store/types";
import { UsageError } from "../errors/errors.js";
import type { Environment } from "../output/output.js";

/** The flag, variable and profile key of a connection setting are all derived from this table. */
export interface SettingRule {
  /** The flag in commander's syntax: `--endpoint <url>`. */
  readonly flag: string;
  readonly variable: string;
  /** For `--help`, without the default and the variable. */
  readonly description: string;
  /** The value if the setting is not given, for `--help`. */
  readonly defaultText?: string;
  /** Settings of a group replace each other: --pfx on the command line overrides pem in the profile. */
  readonly group?: "client-certificate" | "server" | "token";
  /** How to parse the text of a variable. @default "text" */
  readonly kind?: "text" | "list" | "switch";
  /** Whether the value is the path of a file. */
  readonly isFile?: true;
}

/** In the order of `--help`. The keys are the names in profiles. */
export const settingRules = {
  endpoint: {
    flag: "--endpoint <url>",
    variable: "SF_ENDPOINT",
    description: "URL of the cluster's HTTP gateway; repeatable, tried in order",
    defaultText: "http://localhost:19080",
    kind: "list",
  },
  pem: {
    flag: "--pem <file>",
    variable: "SF_PEM",
    description: "PEM file with client certificate and private key",
    group: "client-certificate",
    isFile: true,
  },
  cert: {
    flag: "--cert <file>",
    variable: "SF_CERT",
    description: "PEM file with the client certificate; requires --key",
    group: "client-certificate",
    isFile: true,
  },
  key: {
    flag: "--key <file>",
    variable: "SF_KEY",
    description: "PEM file with the private key of the client certificate; requires --cert",
    group: "client-certificate",
    isFile: true,
  },
  pfx: {
    flag: "--pfx <file>",
    variable: "SF_PFX",
    description: "PKCS #12 file with client certificate and private key",
    group: "client-certificate",
    isFile: true,
  },
  passphraseFile: {
    flag: "--passphrase-file <file>",
    variable: "SF_PASSPHRASE_FILE",
    description: "file with the passphrase of the private key; or set SF_PASSPHRASE",
    group: "client-certificate",
    isFile: true,
  },
  ca: {
    flag: "--ca <file>",
    variable: "SF_CA",
    description: "PEM file with certificate authorities to trust instead of the default ones; repeatable",
    group: "server",
    kind: "list",
    isFile: true,
  },
  serverThumbprint: {
    flag: "--server-thumbprint <hex>",
    variable: "SF_SERVER_THUMBPRINT",
    description:
      "SHA-1 or SHA-256 thumbprint of the cluster certificate; repeatable, for certificate rollover",
    group: "server",
    kind: "list",
  },
  serverCommonName: {
    flag: "--server-common-name <name>",
    variable: "SF_SERVER_COMMON_NAME",
    description: "common name of the cluster certificate; repeatable",
    group: "server",
    kind: "list",
  },
  serverIssuerThumbprint: {
    flag: "--server-issuer-thumbprint <hex>",
    variable: "SF_SERVER_ISSUER_THUMBPRINT",
    description:
      "thumbprint of the issuer of the cluster certificate; requires --server-common-name; repeatable",
    group: "server",
    kind: "list",
  },
  insecure: {
    flag: "--insecure",
    variable: "SF_INSECURE",
    description: "do not verify the server certificate; for test clusters only",
    group: "server",
    kind: "switch",
  },
  aad: {
    flag: "--aad",
    variable: "SF_AAD",
    description: "sign in to Microsoft Entra ID with the Azure CLI (az login)",
    group: "token",
    kind: "switch",
  },
  tokenFile: {
    flag: "--token-file <file>",
    variable: "SF_TOKEN_FILE",
    description: "file with a Microsoft Entra ID token, read again when it changes; or set SF_TOKEN",
    group: "token",
    isFile: true,
  },
  clusterId: {
    flag: "--cluster-id <id>",
    variable: "SF_CLUSTER_ID",
    description: "fail unless the cluster has this ID",
  },
  gatewayPlatform: {
    flag: "--gateway-platform <kind>",
    variable: "SF_GATEWAY_PLATFORM",
    description: "platform of the gateway, windows or linux; required for names with % or #",
  },
  imageStore: {
    flag: "--image-store <string>",
    variable: "SF_IMAGE_STORE",
    description: "connection string of the image store",
    defaultText: "read from the cluster manifest",
  },
} as const satisfies Readonly<Record<string, SettingRule>>;

export type SettingName = keyof typeof settingRules;

/** The value of a setting. Secrets are paths of files, so a profile contains none. */
export type SettingValue = string | readonly string[] | true;

/** The settings from one source. */
export type GivenSettings = { readonly [Name in SettingName]?: SettingValue };

export const settingNames: readonly SettingName[] = keysOf(settingRules);

export function ruleOf(name: SettingName): SettingRule {
  return settingRules[name];
}

/** The flag without its value: `--pem`. */
export function flagOf(name: SettingName): string {
  return ruleOf(name).flag.split(" ")[0] ?? "";
}

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  const isKey = (text: string): text is Key => Object.hasOwn(table, text);
  return Object.keys(table).filter(isKey);
}

/** Reads settings from `SF_…` variables. An empty variable counts as not set. Throws UsageError. */
export function settingsOfEnvironment(environment: Environment): GivenSettings {
  const found = settingNames.flatMap((name) => {
    const { variable, kind } = ruleOf(name);
    const text = environment[variable];
    if (text === undefined || text === "") return [];
    const value = kind === "switch" ? readSwitch(variable, text) : readText(text, kind);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** Lists are separated by `;`, because endpoints contain colons and certificate names contain commas. */
function readText(text: string, kind: "text" | "list" | undefined): SettingValue {
  if (kind !== "list") return text;
  return text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function readSwitch(variable: string, text: string): true | undefined {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return undefined;
  throw new UsageError(`Invalid ${variable} "${text}". Use true or false.`);
}

/** The source of a setting, in order of precedence. */
export type Origin = "flag" | "environment" | "profile" | "default";

export interface Setting {
  readonly value: SettingValue;
  readonly origin: Origin;
}

/** All settings that apply, each with its source. */
export type ResolvedSettings = { readonly [Name in SettingName]?: Setting };

export interface Sources {
  readonly flag: GivenSettings;
  readonly environment: GivenSettings;
  readonly profile: GivenSettings;
}

const defaults: GivenSettings = { endpoint: ["http://localhost:19080"] };

/**
 * A flag overrides a variable, and a variable overrides the profile. All settings of a group come from the first
 * source that has any of them.
 */
export function resolveSettings(sources: Sources): ResolvedSettings {
  const ordered: readonly (readonly [Origin, GivenSettings])[] = [
    ["flag", sources.flag],
    ["environment", sources.environment],
    ["profile", sources.profile],
    ["default", defaults],
  ];
  const found = settingNames.flatMap((name) => {
    const alternatives = settingsInGroup(name);
    const from = ordered.find(([, given]) => alternatives.some((rival) => given[rival] !== undefined));
    const value = from?.[1][name];
    return from === undefined || value === undefined ? [] : [[name, { value, origin: from[0] }] as const];
  });
  return Object.fromEntries(found);
}

function settingsInGroup(name: SettingName): readonly SettingName[] {
  const { group } = ruleOf(name);
  return group === undefined ? [name] : settingNames.filter((other) => ruleOf(other).group === group);
}

/** The value of a setting with a single value. */
export function textOf(settings: ResolvedSettings, name: SettingName): string | undefined {
  const value = settings[name]?.value;
  return typeof value === "string" ? value : undefined;
}

export function listOf(settings: ResolvedSettings, name: SettingName): readonly string[] {
  const value = settings[name]?.value;
  if (value === undefined || value === true) return [];
  return typeof value === "string" ? [value] : value;
}

export function isOn(settings: ResolvedSettings, name: SettingName): boolean {
  return settings[name]?.value === true;
}

/** Whether requests to the endpoint stay on this machine. */
export function isLocalEndpoint(endpoint: string): boolean {
  return URL.canParse(endpoint) && isLoopback(new URL(endpoint).hostname);
}
