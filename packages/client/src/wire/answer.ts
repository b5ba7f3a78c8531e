import { ProtocolError, type RequestContext } from "../errors/errors.js";
import { UnexpectedValue } from "./wire-values.js";

/** A success as openapi-fetch hands it out. */
export interface Answer<Data> {
  readonly data?: Data | undefined;
  readonly response: Response;
}

/** Which request an answer belongs to, and the answer as it came: openapi-fetch hands out another Response. */
const origins = new WeakMap<Response, { readonly context: RequestContext; readonly received: Response }>();

export function rememberAnswer(answer: Response, context: RequestContext, received = answer): Response {
  origins.set(answer, { context, received });
  return answer;
}

const connections = new WeakMap<Response, () => void>();

/** For a `fetch` that can close the connection which an answer came on. */
export function rememberConnection(response: Response, close: () => void): void {
  connections.set(response, close);
}

/** Closes the connection of an answer that cannot be right, where the `fetch` that brought it can do so. */
export function discard(response: Response): void {
  connections.get(response)?.();
}

/** What an answer says, by `decode`. Less or other content than the specification promises is a ProtocolError. */
export function decodeAnswer<Data, Value>(
  { data, response }: Answer<Data>,
  decode: (data: Data & {}) => Value,
): Value {
  if (data == null) throw unexpected(response, "its answer is empty");
  try {
    return decode(data);
  } catch (cause) {
    if (!(cause instanceof UnexpectedValue)) throw cause;
    throw unexpected(response, cause.message, { cause });
  }
}

/** Like decodeAnswer, for operations that answer 204 when there is nothing to tell: undefined then. */
export function decodeAnswerIfAny<Data, Value>(
  answer: Answer<Data>,
  decode: (data: Data & {}) => Value,
): Value | undefined {
  return answer.response.status === 204 ? undefined : decodeAnswer(answer, decode);
}

/** For operations whose success has no content. Whoever sends some is not a gateway, and has done nothing. */
export function expectNoContent({ data, response }: Answer<unknown>): void {
  if (data !== undefined) throw unexpected(response, "its answer should have no content");
}

function unexpected(response: Response, what: string, options?: ErrorOptions): Error {
  const origin = origins.get(response);
  if (origin === undefined) return new Error("the answer did not come through the transport", options);
  discard(origin.received);
  return new ProtocolError(`${origin.context.request} succeeded, but ${what}.`, origin.context, options);
}
