import { type EndpointFailure, Unanswered } from "../errors/endpoints-error.js";
import { isInvalidInputError, isTimeoutError } from "../errors/errors.js";
import type { Send, Sendable } from "../wire/sendable.js";
import { wasNeverSent } from "./never-sent.js";

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
