import {
  isCredentialError,
  isFabricError,
  isNetworkError,
  isProtocolError,
  isTimeoutError,
} from "./errors.js";

/** Statuses that may be others the next time: what servers and proxies in between say when they are busy or moving. */
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A connection that will fail the same way again: certificates, or TLS that the other side does not speak. */
const settledCodes = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL|EPROTO|ERR_INVALID/;

export function isSettledCode(code: string): boolean {
  return settledCodes.test(code);
}

/** The answer was not HTTP, or its framing was broken: two lengths, chunks that are none. Parsers of Node.js say HPE_. */
function isUnreadableCode(code: string): boolean {
  return code.startsWith("HPE_");
}

/** Whether the same request may succeed later (protocol §4.2, column "Retry?"). */
export function isTransient(error: unknown): boolean {
  if (isFabricError(error)) return transientStatuses.has(error.status);
  if (isNetworkError(error)) return error.code === undefined || !isSettledCode(error.code);
  // An answer that makes no sense may be that of another request.
  return isTimeoutError(error) || isCredentialError(error) || isProtocolError(error);
}

/**
 * Nobody answers at the address at all, or not as a gateway does, or the credential gives no token: before a gateway has
 * answered once, more likely a mistake than an outage.
 */
export function isUnreachable(error: unknown): boolean {
  if (isCredentialError(error) || isUnreadable(error)) return true;
  return isNetworkError(error) && (error.code === "ECONNREFUSED" || error.code === "ENOTFOUND");
}

/** What came was no HTTP, or not in order, or not what a gateway answers: it may be the answer to another request. */
export function isUnreadable(error: unknown): boolean {
  if (isProtocolError(error)) return true;
  return isNetworkError(error) && error.code !== undefined && isUnreadableCode(error.code);
}
