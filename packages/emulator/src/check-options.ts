import { parseApiVersionMax } from "./api-version.js";
import { completeEntra } from "./cluster/entra.js";
import { isManifestText } from "./cluster/manifest.js";
import type { EmulatorOptions } from "./emulator-options.js";
import { checkCorsOrigins } from "./security/cors.js";
import type { TlsOptions } from "./security/options.js";

export interface Rule {
  readonly type: "string" | "number";
  readonly says: string;
  readonly accepts: (value: unknown) => boolean;
}

const milliseconds = {
  type: "number",
  says: "a number of milliseconds above 0",
  accepts: isAboveZero,
} as const;

const clientCertificate = {
  type: "string",
  says: "handshake or late",
  accepts: (value: unknown) => value === "handshake" || value === "late",
} as const;

const clientEku = {
  type: "string",
  says: "client or any",
  accepts: (value: unknown) => value === "client" || value === "any",
} as const;

/** The same for members of `tls`. */
const tlsRules = { clientCertificate, clientEku } as const satisfies {
  readonly [Name in keyof TlsOptions]?: Rule;
};

/** Gateways on Linux verify the client at the handshake (HttpTransport/SimpleHttpServer.cpp:73-90). */
export const lateOnLinux = "cannot be late on the platform linux: gateways on Linux ask at the handshake";

/** The options that not every value of their type will do for. */
export const optionRules = {
  port: {
    type: "number",
    says: "a number from 0 to 65535",
    accepts: (value) => isWhole(value) && value >= 0 && value <= 65_535,
  },
  platform: {
    type: "string",
    says: "windows or linux",
    accepts: (value) => value === "windows" || value === "linux",
  },
  apiVersionMax: { type: "string", says: "a version such as 6.4", accepts: isVersion },
  imageStoreConnectionString: {
    type: "string",
    says: "a text such as fabric:ImageStore, without control characters",
    accepts: (value) => typeof value === "string" && isManifestText(value),
  },
  sessionLifetimeMs: milliseconds,
  sweepIntervalMs: milliseconds,
  pageLimitBytes: {
    type: "number",
    says: "a whole number of bytes from 1",
    accepts: (value) => isWhole(value) && value >= 1,
  },
} as const satisfies { readonly [Name in keyof EmulatorOptions]?: Rule };

/**
 * Checks what the types cannot, and for callers without types what they can.
 * @throws TypeError for a value of the wrong type, RangeError for another that will not do; both name the option.
 */
export function checkOptions(options: EmulatorOptions): void {
  const values = new Map<string, unknown>(Object.entries(options));
  for (const [name, rule] of Object.entries<Rule>(optionRules)) checkOption(name, rule, values.get(name));
  const tls = new Map<string, unknown>(Object.entries(options.tls ?? {}));
  for (const [name, rule] of Object.entries<Rule>(tlsRules)) checkOption(`tls.${name}`, rule, tls.get(name));
  if (options.platform === "linux" && options.tls?.clientCertificate === "late")
    throw new RangeError(`tls.clientCertificate ${lateOnLinux}.`);
  if (options.entra !== undefined) completeEntra(options.entra);
  checkCorsOrigins(values.get("corsOrigins"));
}

function checkOption(name: string, { type, says, accepts }: Rule, value: unknown): void {
  if (value === undefined || accepts(value)) return;
  const message = `${name} must be ${says}, not ${typeof value === "string" ? `"${value}"` : String(value)}.`;
  throw typeof value === type ? new RangeError(message) : new TypeError(message);
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function isAboveZero(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function isVersion(value: unknown): boolean {
  if (typeof value !== "string") return false;
  try {
    return parseApiVersionMax(value) === value;
  } catch {
    return false;
  }
}
