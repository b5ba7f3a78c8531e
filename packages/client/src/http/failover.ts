import {
  type EndpointFailure,
  EndpointsFailed,
  isInvalidInputError,
  isTimeoutError,
} from "../errors/errors.js";
import type { Send, Sendable } from "../wire/request.js";

/**
 * Sends requests to the endpoint that responded last, and fails over to the next endpoint if the request was not sent. A
 * request that may have reached a server is sent again only if it is a GET. After other failures the caller has to read the
 * state, and the next endpoint gets that request.
 *
 * @param endpoints Request URLs start with the first one.
 */
export function failOver(endpoints: readonly [string, ...string[]], send: Send): Send {
  let preferred = 0;
  const after = (index: number) => (index + 1) % endpoints.length;
  return async (request) => {
    const path = request.url.slice(endpoints[0].length);
    const failures: EndpointFailure[] = [];
    for (let index = preferred; ; index = after(index)) {
      const endpoint = endpoints[index] ?? endpoints[0];
      const url = `${endpoint}${path}`;
      try {
        const received = await send({ ...request, url });
        preferred = index;
        return received;
      } catch (error) {
        // Invalid input fails at every endpoint.
        if (isInvalidInputError(error)) throw error;
        failures.push({ endpoint, url, error });
        // Another request may have switched to a working endpoint in the meantime.
        if (preferred === index && !isStoppedByCaller(request)) preferred = after(index);
        if (failures.length === endpoints.length || !mayBeSentAgain(request, error)) {
          throw new EndpointsFailed(failures);
        }
      }
    }
  };
}

function mayBeSentAgain({ init: { method, signal } }: Sendable, error: unknown): boolean {
  return signal?.aborted !== true && (method === "GET" || wasNeverSent(error));
}

/** A timeout does not count, because it means that the endpoint does not respond. */
function isStoppedByCaller({ init: { signal } }: Sendable): boolean {
  return signal?.aborted === true && !isTimeoutError(signal.reason);
}

/** Error codes of platforms when they could not connect or did not accept the server. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|ERR_SERVER_CERTIFICATE|ERR_PROXY_REFUSED|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.+|SELF_SIGNED_.+|DEPTH_ZERO_.+|UNABLE_TO_(GET|VERIFY)_.+)$/;

/**
 * Whether a request certainly failed before any of it was sent, so that any request may be sent to another endpoint. A
 * `fetch` can set `neverSent: true` on its error.
 */
function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("neverSent" in error && error.neverSent === true) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasNeverSent);
  if ("syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo")) return true;
  if ("code" in error && typeof error.code === "string" && beforeSending.test(error.code)) return true;
  return wasNeverSent(error.cause);
}
