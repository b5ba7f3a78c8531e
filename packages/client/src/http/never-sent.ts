/** What platforms say when there was no connection, or none that they would send over. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|ERR_SERVER_CERTIFICATE|ERR_PROXY_REFUSED|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.+|SELF_SIGNED_.+|DEPTH_ZERO_.+|UNABLE_TO_(GET|VERIFY)_.+)$/;

/**
 * Whether a request certainly failed before a byte of it was sent: then it may be sent elsewhere, whatever it does. A
 * `fetch` can say so by a property `neverSent` of its error.
 */
export function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("neverSent" in error && error.neverSent === true) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasNeverSent);
  if ("syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo")) return true;
  if ("code" in error && typeof error.code === "string" && beforeSending.test(error.code)) return true;
  return wasNeverSent(error.cause);
}
