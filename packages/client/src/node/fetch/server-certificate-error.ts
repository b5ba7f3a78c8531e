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
