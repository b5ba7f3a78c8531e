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
