import { authorize } from "./authorize.js";
import { readTokens } from "./credential.js";
import { InvalidInputError } from "./errors.js";
import { failOver } from "./fail-over.js";
import type { ClientOptions, Fetch } from "./options.js";
import type { Secrets } from "./secrets.js";
import { type Send, sendableOf } from "./sendable.js";

/** How requests leave: by the caller's `fetch`, with a token, to the endpoint that answers. */
export interface Sender {
  readonly sendRequest: (request: Request) => Promise<Response>;
  readonly send: Send;
}

/** @param endpoints those of the options; requests are made for the first of them. */
export function createSender(
  options: ClientOptions,
  endpoints: readonly [string, ...string[]],
  secrets: Secrets,
): Sender {
  if (options.fetch !== undefined && typeof options.fetch !== "function") {
    throw new InvalidInputError("fetch", "must be a function such as the platform's fetch");
  }
  const callFetch: Fetch = (input, init) => (options.fetch ?? fetch)(input, init);
  const sendOnce: Send = ({ url, init, body }) =>
    callFetch(url, body === undefined ? init : { ...init, body: body() });
  const tokens = readTokens(options, endpoints, secrets);
  if (tokens === undefined && endpoints.length === 1) {
    return { sendRequest: (request) => callFetch(request), send: sendOnce };
  }
  const sendSomewhere = failOver(endpoints, sendOnce);
  const send = tokens === undefined ? sendSomewhere : authorize(tokens, sendSomewhere);
  return { sendRequest: async (request) => send(await sendableOf(request)), send };
}
