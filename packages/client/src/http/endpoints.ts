import {
  type EndpointFailure,
  InvalidInputError,
  isInvalidInputError,
  isTimeoutError,
  Unanswered,
} from "../errors/errors.js";
import type { Send, Sendable } from "../wire/request.js";

export type Endpoint = string | URL;

/** The endpoints in the form that URL templates are appended to, each once. Throws InvalidInputError. */
export function readEndpoints(option: Endpoint | readonly Endpoint[]): readonly [string, ...string[]] {
  const given = typeof option === "string" || option instanceof URL ? [option] : option;
  if (!Array.isArray(given)) throw new InvalidInputError("endpoint", "must be a URL or a list of URLs");
  const [first, ...more] = new Set(given.map(baseUrl));
  if (first === undefined) throw new InvalidInputError("endpoint", "must hold at least one URL");
  // A list that falls back from https to http would send in the clear what was meant to be secret.
  if (more.some((other) => new URL(other).protocol !== new URL(first).protocol)) {
    throw new InvalidInputError("endpoint", "must not mix http:// and https://");
  }
  return [first, ...more];
}

function baseUrl(endpoint: Endpoint): string {
  const url = parse(endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidInputError("endpoint", `must start with http:// or https://, not with ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidInputError("endpoint", "must not contain a user name or password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new InvalidInputError("endpoint", "must not have a query or a fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function parse(endpoint: Endpoint): URL {
  try {
    return new URL(endpoint);
  } catch {
    // The text may hold a password, so neither it nor the parser's error, which repeats it, is passed on.
    throw new InvalidInputError("endpoint", "must be a URL such as http://localhost:19080");
  }
}

/**
 * Sends requests to the endpoint that answered last, and to the next when nothing was sent there. What may have reached a
 * server is sent again only if that cannot do harm; otherwise the caller has to ask, and the next endpoint gets the question.
 *
 * @param endpoints URLs of requests begin with the first of them.
 */
export function failOver(endpoints: readonly [string, ...string[]], send: Send): Send {
  if (endpoints.length === 1) return send;
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
        // No other endpoint can help with that.
        if (isInvalidInputError(error)) throw error;
        failures.push({ endpoint, url, error });
        // Others may have moved on meanwhile, and with success.
        if (preferred === index && !isStoppedByCaller(request)) preferred = after(index);
        if (failures.length === endpoints.length || !mayBeSentAgain(request, error)) {
          throw new Unanswered(failures);
        }
      }
    }
  };
}

function mayBeSentAgain({ init: { method, signal } }: Sendable, error: unknown): boolean {
  return signal?.aborted !== true && (method === "GET" || wasNeverSent(error));
}

/** Unlike a limit of time, which tells that the endpoint does not answer. */
function isStoppedByCaller({ init: { signal } }: Sendable): boolean {
  return signal?.aborted === true && !isTimeoutError(signal.reason);
}

/** What platforms say when there was no connection, or none that they would send over. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|UND_ERR_CONNECT_TIMEOUT|ERR_SERVER_CERTIFICATE|ERR_PROXY_REFUSED|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.+|SELF_SIGNED_.+|DEPTH_ZERO_.+|UNABLE_TO_(GET|VERIFY)_.+)$/;

/**
 * Whether a request certainly failed before a byte of it was sent: then it may be sent elsewhere, whatever it does. A
 * `fetch` can say so by a property `neverSent` of its error.
 */
function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("neverSent" in error && error.neverSent === true) return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(wasNeverSent);
  if ("syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo")) return true;
  if ("code" in error && typeof error.code === "string" && beforeSending.test(error.code)) return true;
  return wasNeverSent(error.cause);
}
