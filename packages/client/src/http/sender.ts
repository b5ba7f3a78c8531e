import type { Clock } from "../async/clock.js";
import { InvalidInputError } from "../errors/errors.js";
import type { Send } from "../wire/sendable.js";
import { authorize } from "./authorize.js";
import { readTokens } from "./credential.js";
import { failOver } from "./fail-over.js";
import type { Identity } from "./identity.js";
import type { ClientOptions, Fetch } from "./options.js";
import { withinLimits } from "./request-limits.js";

/**
 * How requests leave: by the caller's `fetch`, with a token, to the endpoint that answers. Every attempt has its limits.
 *
 * @param endpoints those of the options; requests are made for the first of them.
 */
export function createSender(
  options: ClientOptions,
  endpoints: readonly [string, ...string[]],
  identity: Identity,
  clock: Clock,
): Send {
  if (options.fetch !== undefined && typeof options.fetch !== "function") {
    throw new InvalidInputError("fetch", "must be a function such as the platform's fetch");
  }
  const callFetch: Fetch = (url, init) => (options.fetch ?? fetch)(url, init);
  const sendOnce: Send = async ({ url, init, body, limits }) => {
    const received = await withinLimits(clock, init.signal ?? undefined, limits, (signal) =>
      callFetch(url, { ...init, signal, ...(body === undefined ? {} : { body: body() }) }),
    );
    identity.hasAnswered = true;
    return received;
  };
  const tokens = readTokens(options, endpoints, identity.secrets);
  const sendSomewhere = failOver(endpoints, sendOnce);
  return tokens === undefined ? sendSomewhere : authorize(tokens, sendSomewhere);
}
