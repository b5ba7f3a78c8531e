import { defaultShape } from "./applications/state.js";
import { imageStoreService, isManifestText } from "./cluster/description.js";
import {
  factor,
  fileName,
  integer,
  type Kind,
  listOf,
  matching,
  milliseconds,
  oneOf,
  onOff,
  text,
} from "./option-kinds.js";
import { defaultHost, defaultPageLimitBytes, type EmulatorOptions } from "./options.js";
import type { BearerOptions, TlsOptions } from "./security/options.js";
import { isOrigin } from "./security/web-pages.js";
import { defaultExpiry } from "./sessions/session-table.js";
import type { Platform } from "./store/store-path.js";
import { defaultApiVersionMax, isApiVersionMax } from "./wire/query.js";

type OptionPath = keyof EmulatorOptions | `tls.${keyof TlsOptions}` | `bearer.${keyof BearerOptions}`;

/** One option. Parsing, help, validation and the reference table in the documentation all use this record. */
export interface OptionRow<T = unknown> {
  /** Without the leading dashes. Absent if only `startEmulator` has this option. */
  readonly flag?: string;
  /** Stands for the flag's value in help. Absent for a switch. */
  readonly placeholder?: string;
  /** The option of `startEmulator` with the same effect. Absent if only the command has this option. */
  readonly option?: OptionPath;
  readonly kind: Kind<T>;
  readonly description: string;
  /** The text that the parser uses if the flag is absent. */
  readonly default?: string;
  /** Describes what happens without the option, if there is no default value. */
  readonly defaultDescription?: string;
  /** The default of `startEmulator`, if it is not the same value. */
  readonly codeDefault?: string;
  /** Flags of which at least one must be present too. */
  readonly needs?: readonly string[];
  /** Flags that cannot be combined with this one. */
  readonly excludes?: readonly string[];
  readonly group?: "HTTPS and authentication";
}

const group = "HTTPS and authentication";
const needsHttps = ["cert", "pfx"];

/** Every option except `--help` and `--version`, in the order of the help text. */
export const optionTable = {
  port: {
    flag: "port",
    placeholder: "number",
    option: "port",
    kind: integer("a number from 0 to 65535", 0, 65_535),
    description: "TCP port to listen on; 0 picks a free port",
    default: "19080",
    codeDefault: "0",
  },
  host: {
    flag: "host",
    placeholder: "address",
    option: "host",
    kind: text,
    description: "address to listen on; a non-loopback address lets other machines connect",
    default: defaultHost,
  },
  location: {
    flag: "location",
    placeholder: "dir",
    option: "location",
    kind: text,
    description: "folder for the files, kept at exit",
    defaultDescription: "a temporary folder, removed at exit",
  },
  platform: {
    flag: "platform",
    placeholder: "kind",
    option: "platform",
    kind: oneOf<Platform>("windows", "linux"),
    description: "which gateway to emulate; linux has no upload sessions and is case-sensitive",
    default: "windows",
  },
  apiVersionMax: {
    flag: "api-version-max",
    placeholder: "version",
    option: "apiVersionMax",
    kind: matching("a version such as 6.4", isApiVersionMax),
    description:
      "newest api-version to accept, and the cluster's version; before 6.5 there are no folder sizes",
    default: defaultApiVersionMax,
  },
  clusterId: {
    flag: "cluster-id",
    placeholder: "id",
    option: "clusterId",
    kind: text,
    description: "reject requests whose ClusterId header names another cluster",
  },
  imageStoreConnectionString: {
    flag: "image-store-connection-string",
    placeholder: "string",
    option: "imageStoreConnectionString",
    kind: matching("a string such as fabric:ImageStore, without control characters", isManifestText),
    description:
      "location of the packages in the cluster manifest; another value emulates a cluster without the image store service",
    default: imageStoreService,
  },
  sessionLifetimeMs: {
    flag: "session-lifetime",
    placeholder: "seconds",
    option: "sessionLifetimeMs",
    kind: milliseconds,
    description: "how long to keep an upload session after its last new chunk",
    default: String(defaultExpiry.lifetimeMs / 1000),
  },
  sweepIntervalMs: {
    flag: "sweep-interval",
    placeholder: "seconds",
    option: "sweepIntervalMs",
    kind: milliseconds,
    description: "time between checks for expired sessions",
    default: String(defaultExpiry.sweepIntervalMs / 1000),
  },
  pageLimitBytes: {
    option: "pageLimitBytes",
    kind: integer("a whole number of bytes, at least 1", 1, Number.MAX_SAFE_INTEGER),
    description: "maximum size of one page of a listing, in estimated bytes",
    codeDefault: String(defaultPageLimitBytes),
  },
  bandwidth: {
    flag: "bandwidth",
    placeholder: "bytes",
    option: "bandwidth",
    kind: integer("a whole number of bytes per second, at least 1", 1, Number.MAX_SAFE_INTEGER),
    description: "read request bodies no faster than this many bytes per second, over all connections",
    defaultDescription: "no limit",
  },
  faults: {
    flag: "faults",
    placeholder: "file",
    option: "faults",
    kind: fileName,
    description: "JSON file of faults to inject",
  },
  fault: {
    flag: "fault",
    placeholder: "json",
    kind: listOf({ ...text, requirement: "one fault as a JSON object" }),
    description: "one fault to inject, as a JSON object; can be repeated",
  },
  upgradeDomains: {
    flag: "upgrade-domains",
    placeholder: "number",
    option: "upgradeDomains",
    kind: integer("a whole number from 1 to 100", 1, 100),
    description: "number of upgrade domains, each with one node",
    default: String(defaultShape.upgradeDomains),
  },
  upgradeSpeed: {
    flag: "upgrade-speed",
    placeholder: "factor",
    option: "upgradeSpeed",
    kind: factor,
    description: "how many times faster application upgrades run, with their health checks and timeouts",
    default: String(defaultShape.upgradeSpeed),
  },
  quiet: { flag: "quiet", kind: onOff, description: "do not log requests" },
  json: { flag: "json", kind: onOff, description: "print one JSON object per line instead of text" },
  cert: {
    flag: "cert",
    placeholder: "file",
    option: "tls.cert",
    kind: fileName,
    description: "certificate of the server, in PEM",
    needs: ["key"],
    group,
  },
  key: {
    flag: "key",
    placeholder: "file",
    option: "tls.key",
    kind: fileName,
    description: "private key of the certificate, in PEM",
    needs: ["cert"],
    group,
  },
  pfx: {
    flag: "pfx",
    placeholder: "file",
    option: "tls.pfx",
    kind: fileName,
    description: "certificate and private key in one PKCS #12 file",
    excludes: ["cert", "key"],
    group,
  },
  passphraseFile: {
    flag: "passphrase-file",
    placeholder: "file",
    option: "tls.passphrase",
    kind: fileName,
    description: "passphrase of the private key; or set SF_IMAGE_STORE_EMULATOR_PASSPHRASE",
    needs: needsHttps,
    group,
  },
  clientCa: {
    flag: "client-ca",
    placeholder: "file",
    option: "tls.clientCa",
    kind: fileName,
    description: "require client certificates issued by these authorities, in PEM",
    needs: needsHttps,
    group,
  },
  clientCertificate: {
    flag: "client-certificate",
    placeholder: "when",
    option: "tls.clientCertificate",
    kind: oneOf("handshake", "late"),
    description:
      "when to ask for the certificate; late waits for the first request's head, as gateways on Windows do",
    default: "handshake",
    needs: ["client-ca"],
    group,
  },
  clientEku: {
    flag: "client-eku",
    placeholder: "usage",
    option: "tls.clientEku",
    kind: oneOf("client", "any"),
    description:
      "required usage of client certificates; any also accepts certificates issued only for servers",
    default: "client",
    needs: ["client-ca"],
    group,
  },
  bearerTokenFile: {
    flag: "bearer-token-file",
    placeholder: "file",
    option: "bearer.tokens",
    kind: fileName,
    description: "require one of the bearer tokens in this file, one per line",
    group,
  },
  bearerAudience: {
    flag: "bearer-audience",
    placeholder: "audience",
    option: "bearer.audience",
    kind: text,
    description: "require bearer tokens for this audience; signatures are not verified",
    group,
  },
  entra: {
    flag: "entra",
    placeholder: "file",
    option: "entra",
    kind: fileName,
    description: "JSON file of the Microsoft Entra ID settings that clients read to sign in",
    group,
  },
  corsOrigins: {
    flag: "cors-origin",
    placeholder: "origin",
    option: "corsOrigins",
    kind: listOf(
      matching("the origin of a web page, such as http://localhost:5173, without a path", isOrigin),
    ),
    description: "allow web pages of this origin to use the store; repeatable",
    group,
  },
} as const satisfies Readonly<Record<string, OptionRow>>;

/** The rows of the table, in its order. */
export const optionRows: readonly OptionRow[] = Object.values(optionTable);

/** Gateways on Linux verify the client at the handshake (HttpTransport/SimpleHttpServer.cpp:73-90). */
export const lateOnLinux = "cannot be late on the platform linux: gateways on Linux ask at the handshake";
