import { type OptionNames, requireOptions } from "../../wire/validation.js";

/** The contents of a file as a string or bytes, not its path. */
export type FileContents = string | Uint8Array;

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** A certificate with its private key. */
export type ClientCertificate = (
  | {
      /** PEM with the private key, the certificate and optionally its chain, in any order. */
      readonly pem: FileContents;
    }
  | {
      /** The certificate in PEM, optionally with its chain, in any order. */
      readonly cert: FileContents;
      /** The private key in PEM. */
      readonly key: FileContents;
    }
  | {
      /** A PKCS #12 file (`.pfx`, `.p12`). */
      readonly pfx: Uint8Array;
    }
) & {
  /** The passphrase of the private key or the PKCS #12 file. @default not encrypted */
  readonly passphrase?: string;
};

/** Identifies servers by the common name in the subject of their certificate. */
export interface ServerCommonName {
  /** The common name, with or without `CN=`. Not case-sensitive. Wildcards and other parts of the subject are not supported. */
  readonly name: string;
  /**
   * SHA-1 or SHA-256 thumbprints of allowed issuers. The issuer does not have to be trusted, but the server must send its
   * certificate, or `ca` must contain it. @default any trusted issuer
   */
  readonly issuerThumbprints?: readonly string[];
}

export interface ExpectContinueOptions {
  /** The minimum size, in bytes, of bodies that wait for `100 Continue`. @default 16384 */
  readonly minBytes?: number;
  /** How long to wait, in milliseconds, before sending the body anyway. 1 to 2147483647. @default 2000 */
  readonly timeoutMs?: number;
}

/** Options of `createNodeFetch`. */
export interface NodeFetchOptions {
  /** The certificate to present to servers that request one. @default none */
  readonly clientCertificate?: ClientCertificate;
  /** The certificate authorities to trust, in PEM, instead of Node's list. @default Node's list and `NODE_EXTRA_CA_CERTS` */
  readonly ca?: FileContents | readonly FileContents[];
  /**
   * SHA-1 or SHA-256 thumbprints of accepted server certificates. Case, colons and spaces are ignored. The issuer and the host
   * name are not checked, but the validity dates are. Before a certificate rollover, list both the old and the new thumbprint.
   * @default none
   */
  readonly serverThumbprints?: readonly string[];
  /**
   * Common names of accepted server certificates, optionally with their issuers. Replaces the host name check. Without
   * `issuerThumbprints`, the chain must lead to a trusted authority. If `serverThumbprints` is also set, a certificate has to
   * match an entry of either option. @default none
   */
  readonly serverCommonNames?: readonly (string | ServerCommonName)[];
  /**
   * Accepts any server certificate. Use it only for test clusters, because any server can then read what is sent. Prints one
   * warning. Cannot be combined with `ca`, `serverThumbprints` or `serverCommonNames`. @default false
   */
  readonly insecure?: boolean;
  /** @default "TLSv1.2" */
  readonly minTlsVersion?: TlsVersion;
  /**
   * Set `"TLSv1.2"` for gateways that request the client certificate only after they have read a request, which TLS 1.3 does
   * not support. @default "TLSv1.3"
   */
  readonly maxTlsVersion?: TlsVersion;
  /** Whether to reuse connections. Idle connections do not keep the process alive. @default true */
  readonly keepAlive?: boolean;
  /**
   * The maximum number of concurrent requests over all servers, 1 or more. Other requests wait, which counts toward their time
   * limit. @default Infinity
   */
  readonly maxSockets?: number;
  /**
   * The URL of an HTTP proxy for all requests, optionally with a user name and password, or `false` for none. Requests to
   * `https:` URLs use a tunnel, so the proxy sees neither content nor credentials.
   * @default the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, read once per server; a value
   * without a scheme means `http://`. Requests to this machine use no proxy.
   */
  readonly proxy?: string | URL | false;
  /**
   * Over TLS, large bodies wait for `100 Continue`, because a gateway that requests the client certificate after the head of a
   * request resets the connection if the body arrives first. If the time elapses, later bodies on that connection do not wait. Set `false` if a proxy never sends `100 Continue`.
   * @default see ExpectContinueOptions
   */
  readonly expectContinue?: ExpectContinueOptions | false;
  /**
   * The time limit, in milliseconds, for each step of connecting: the TCP connection and the TLS handshake. Afterwards the
   * request fails with code `ETIMEDOUT`, and a client with several endpoints tries the next one. 1 to 2147483647.
   * @default 15000, or `idleTimeoutMs` if that is less
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long, in milliseconds, no bytes may move while sending a request or receiving the content of a response. Afterwards the
   * request fails with code `ETIMEDOUT`. Does not apply while waiting for the head of a response, because a commit may take
   * minutes; use the signal for that. 1 to 2147483647. @default 120000
   */
  readonly idleTimeoutMs?: number;
}

const optionNames: OptionNames<NodeFetchOptions> = {
  ...{ clientCertificate: true, ca: true, serverThumbprints: true, serverCommonNames: true, insecure: true },
  ...{ minTlsVersion: true, maxTlsVersion: true, keepAlive: true, maxSockets: true, proxy: true },
  ...{ expectContinue: true, connectTimeoutMs: true, idleTimeoutMs: true },
};

type EveryKey<Union> = Union extends unknown ? keyof Union : never;

const certificateNames: OptionNames<Record<EveryKey<ClientCertificate>, unknown>> = {
  ...{ pem: true, cert: true, key: true, pfx: true, passphrase: true },
};
const expectNames: OptionNames<ExpectContinueOptions> = { minBytes: true, timeoutMs: true };
const commonNameNames: OptionNames<ServerCommonName> = { name: true, issuerThumbprints: true };

/** Throws InvalidInputError for unknown options, including nested ones. */
export function requireNodeFetchOptions(options: NodeFetchOptions): void {
  requireOptions("createNodeFetch", options, optionNames);
  const { clientCertificate, expectContinue, serverCommonNames } = options;
  const within = (path: string, value: unknown, names: Readonly<Record<string, true>>) => {
    // Values that are not objects are rejected later.
    if (typeof value === "object" && value !== null) requireOptions("createNodeFetch", value, names, path);
  };
  within("clientCertificate", clientCertificate, certificateNames);
  within("expectContinue", expectContinue, expectNames);
  if (!Array.isArray(serverCommonNames)) return;
  for (const [index, name] of serverCommonNames.entries()) {
    within(`serverCommonNames[${index}]`, name, commonNameNames);
  }
}

/** A failure that the client detected, with a `code` like system errors. The `cause` of fetch's TypeError. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /**
   * - `ETIMEDOUT`: no bytes moved for too long.
   * - `ERR_CONTENT_LENGTH_MISMATCH`: the body was longer or shorter than its `content-length`.
   * - `ERR_PROXY_REFUSED`: the proxy did not open a tunnel.
   * - `ERR_REDIRECTED`: the server sent a redirect that must not be followed.
   * - `ERR_ANSWER_CUT_OFF`: the server responded before it had the whole request, and the rest of the response is lost.
   * - `ERR_UNEXPECTED_BYTES`: the server sent data that was not requested, so it is unknown which request a response belongs to.
   */
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type TransportErrorCode =
  | "ETIMEDOUT"
  | "ERR_CONTENT_LENGTH_MISMATCH"
  | "ERR_PROXY_REFUSED"
  | "ERR_REDIRECTED"
  | "ERR_ANSWER_CUT_OFF"
  | "ERR_UNEXPECTED_BYTES";

/**
 * The error that fetch rejects with, with the real error as its cause. `neverSent` is true if there was no connection, so that
 * the request may be sent to another endpoint.
 */
export function fetchFailed(cause: unknown, { neverSent = false } = {}): TypeError {
  const error = new TypeError("fetch failed", { cause });
  return neverSent ? Object.assign(error, { neverSent }) : error;
}

/** Like the error of node:http. */
export function hangUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

/** The `code` of a system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * TCP keep-alive probes detect a lost peer while a request waits for its response, which has no time limit. They start late,
 * because libuv gives up after ten probes, one second apart, and a network outage may last longer.
 */
export const keepAliveProbeMs = 30_000;

export const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbeMs,
} as const;

/** The server's certificate was rejected. Nothing was sent to the server. */
export class ServerCertificateError extends Error {
  override readonly name = "ServerCertificateError";
  readonly code = "ERR_SERVER_CERTIFICATE";
  /** The server, as `host:port`. */
  readonly server: string;
  /** Why the certificate was rejected. May contain OpenSSL's error code. */
  readonly reason: string;
  /** A description of the accepted certificates. */
  readonly expected: string;
  /** A description of the server's certificate. */
  readonly actual: string;

  constructor(server: string, { reason, expected, actual }: Refusal) {
    super(`The certificate of ${server} was rejected: ${reason}. Expected ${expected}; got ${actual}.`);
    this.server = server;
    this.reason = reason;
    this.expected = expected;
    this.actual = actual;
  }
}

export interface Refusal {
  readonly reason: string;
  readonly expected: string;
  readonly actual: string;
}

/** Compares the name, so that it also works for errors from another copy of this package. */
export function isServerCertificateError(error: unknown): error is ServerCertificateError {
  return (
    typeof error === "object" && error !== null && "name" in error && error.name === "ServerCertificateError"
  );
}
