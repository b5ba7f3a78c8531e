import { type OptionNames, requireOptions } from "../../wire/validation.js";

/** The text of a PEM file or the bytes of any file; never a path. */
export type FileContents = string | Uint8Array;

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** A certificate with its private key, in one of the forms that tools write. */
export type ClientCertificate = (
  | {
      /** PEM text with the key, the certificate and, if need be, its chain, in any order. */
      readonly pem: FileContents;
    }
  | {
      /** The certificate in PEM, with its chain if need be, in any order. */
      readonly cert: FileContents;
      /** Its private key, in PEM. */
      readonly key: FileContents;
    }
  | {
      /** A PKCS #12 file (`.pfx`, `.p12`). */
      readonly pfx: Uint8Array;
    }
) & {
  /** Of the key or of the PKCS #12 file. @default not encrypted */
  readonly passphrase?: string;
};

/** A server is known by the common name in its certificate's subject. */
export interface ServerCommonName {
  /** Letter by letter, but for case, with or without `CN=` in front. No wildcards, and no other parts of the subject. */
  readonly name: string;
  /**
   * SHA-1 or SHA-256 thumbprints of who may have issued the certificate. Then the issuer needs no trust of its own, but it
   * must come along with the server's certificate or stand in `ca`. @default any issuer that is trusted
   */
  readonly issuerThumbprints?: readonly string[];
}

export interface ExpectContinueOptions {
  /** Bodies of at least so many bytes wait for `100 Continue`. @default 16384 */
  readonly minBytes?: number;
  /** How long they wait, at most; then they are sent all the same. 1 to 2147483647. @default 2000 */
  readonly timeoutMs?: number;
}

/** How to reach a cluster from Node.js. */
export interface NodeFetchOptions {
  /** Shown to servers that ask for it. @default none */
  readonly clientCertificate?: ClientCertificate;
  /** Authorities to trust, in PEM, in place of Node's own list. @default Node's list and `NODE_EXTRA_CA_CERTS` */
  readonly ca?: FileContents | readonly FileContents[];
  /**
   * SHA-1 or SHA-256 thumbprints of server certificates; case, colons and blanks do not count. A certificate with one of
   * them is accepted whoever issued it and for whatever host, but not outside its validity dates. Name the next one beside
   * the present one before a roll-over. @default none
   */
  readonly serverThumbprints?: readonly string[];
  /**
   * Common names of server certificates, as plain strings or with their issuers. Takes the place of the check of the host
   * name; without `issuerThumbprints` the chain must lead to a trusted authority. Beside `serverThumbprints`, a certificate
   * has to match one of either. @default none
   */
  readonly serverCommonNames?: readonly (string | ServerCommonName)[];
  /**
   * Accepts every server, whoever it is, and lets it read what is sent: for throw-away clusters. Prints one warning. Not
   * together with `ca`, `serverThumbprints` or `serverCommonNames`. @default false
   */
  readonly insecure?: boolean;
  /** @default "TLSv1.2" */
  readonly minTlsVersion?: TlsVersion;
  /**
   * `"TLSv1.2"` helps where a gateway wants the client certificate only after it has read a request, which TLS 1.3 cannot
   * do. @default "TLSv1.3"
   */
  readonly maxTlsVersion?: TlsVersion;
  /** Whether connections are used again. Idle ones never keep the process alive. @default true */
  readonly keepAlive?: boolean;
  /**
   * How many requests may be under way at a time, over all servers; more wait for their turn, which counts as time of the
   * request. 1 or more.
   * @default Infinity, as whoever sends decides how many at a time
   */
  readonly maxSockets?: number;
  /**
   * URL of an HTTP proxy for all requests, which may hold a user name and password; `false` for none. A request to an
   * `https:` URL goes through a tunnel, so that its proxy sees neither content nor credentials.
   * @default `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, looked up once per server, with `http://` in front of a
   * value without a scheme; none for this machine
   */
  readonly proxy?: string | URL | false;
  /**
   * Over TLS, larger bodies wait until the server asks for them: a gateway that wants the client certificate only after the
   * request's head resets a connection on which the body comes first. `false` saves the wait where something in between
   * never answers `100 Continue`. @default see ExpectContinueOptions
   */
  readonly expectContinue?: ExpectContinueOptions | false;
  /**
   * How long a server may take for each step of the connecting: to accept, and to shake hands. Then the request fails with
   * code `ETIMEDOUT`, and a client with several endpoints goes on to the next. 1 to 2147483647.
   * @default 15000, or `idleTimeoutMs` if that is less
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long nothing may move while sending, or receiving the content of an answer; then the request fails with
   * code `ETIMEDOUT`. Waiting for the head of an answer is bounded by the caller's signal alone, as a commit may take
   * minutes. 1 to 2147483647. @default 120000
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

/** Throws InvalidInputError for what is no option, also of the options that are objects themselves. */
export function requireNodeFetchOptions(options: NodeFetchOptions): void {
  requireOptions("createNodeFetch", options, optionNames);
  const { clientCertificate, expectContinue, serverCommonNames } = options;
  const within = (path: string, value: unknown, names: Readonly<Record<string, true>>) => {
    // What is no object at all is refused where it is read.
    if (typeof value === "object" && value !== null) requireOptions("createNodeFetch", value, names, path);
  };
  within("clientCertificate", clientCertificate, certificateNames);
  within("expectContinue", expectContinue, expectNames);
  if (!Array.isArray(serverCommonNames)) return;
  for (const [index, name] of serverCommonNames.entries()) {
    within(`serverCommonNames[${index}]`, name, commonNameNames);
  }
}

/** A failure found on this side, with a code as the system's own failures have one. The `cause` of fetch's TypeError. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /**
   * `ETIMEDOUT`: nothing moved for too long. `ERR_CONTENT_LENGTH_MISMATCH`: a body had more or fewer bytes than announced.
   * `ERR_PROXY_REFUSED`: the proxy made no tunnel. `ERR_REDIRECTED`: a redirect that must not be followed.
   * `ERR_ANSWER_CUT_OFF`: the rest of a long answer that came before the request was sent in full. `ERR_UNEXPECTED_BYTES`: the
   * server sent what was not asked for, so that nobody knows which request an answer belongs to.
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
 * The error that the platform's fetch rejects with; what really happened is its cause. `neverSent` is true when there was no
 * connection, so that the request may be sent elsewhere.
 */
export function fetchFailed(cause: unknown, { neverSent = false } = {}): TypeError {
  const error = new TypeError("fetch failed", { cause });
  return neverSent ? Object.assign(error, { neverSent }) : error;
}

/** The `code` of a system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * Probes show that a peer is gone while a request waits for its answer, for which there is no limit of time. They begin
 * late: libuv gives up after ten of them, a second apart, and a network may be away for longer than that.
 */
export const keepAliveProbeMs = 30_000;

export const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbeMs,
} as const;

/** A server showed a certificate that is not the one wanted. Nothing was sent to it. */
export class ServerCertificateError extends Error {
  override readonly name = "ServerCertificateError";
  readonly code = "ERR_SERVER_CERTIFICATE";
  /** Where the connection went, as `host:port`. */
  readonly server: string;
  /** What was wrong, in words or as OpenSSL's code. */
  readonly reason: string;
  /** What a certificate had to be to be accepted. */
  readonly expected: string;
  /** What the server showed. */
  readonly actual: string;

  constructor(server: string, { reason, expected, actual }: Refusal) {
    super(`The certificate of ${server} was refused: ${reason}. Expected ${expected}; got ${actual}.`);
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

/** Goes by name, so it also knows errors of another copy of this package. */
export function isServerCertificateError(error: unknown): error is ServerCertificateError {
  return (
    typeof error === "object" && error !== null && "name" in error && error.name === "ServerCertificateError"
  );
}
