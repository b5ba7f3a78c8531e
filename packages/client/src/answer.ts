import { ProtocolError, type RequestContext } from "./errors.js";
import { UnexpectedValue } from "./wire-values.js";

/** A success as openapi-fetch hands it out. */
export interface Answer<Data> {
  readonly data?: Data | undefined;
  readonly response: Response;
}

/** Which request an answer belongs to: openapi-fetch hands out the answer alone. */
const contexts = new WeakMap<Response, RequestContext>();

export function rememberContext(response: Response, context: RequestContext): Response {
  contexts.set(response, context);
  return response;
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
  const context = contexts.get(response);
  if (context === undefined) return new Error("the answer did not come through the transport", options);
  return new ProtocolError(`${context.request} succeeded, but ${what}.`, context, options);
}
