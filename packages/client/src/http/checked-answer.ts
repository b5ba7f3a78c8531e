import { type Operation, operations } from "@sf-image-store/types";
import { ProtocolError, type RequestContext } from "../errors/errors.js";
import { discard, rememberAnswer } from "../wire/answer.js";
import type { Received, Send, Sendable } from "../wire/sendable.js";
import { decodeServerText, repairServerJson } from "../wire/server-json.js";
import { answerError, transportError } from "./error-mapping.js";
import type { Identity } from "./identity.js";
import { contextAt } from "./request-context.js";

/** What it takes to send a request and to judge its answer. */
export interface Exchange {
  readonly send: Send;
  readonly identity: Identity;
}

export interface CheckedAnswer {
  readonly text: string;
  /** Which request was answered: it may have gone to another endpoint than at first. */
  readonly context: RequestContext;
  readonly response: Response;
}

/** The answer for openapi-fetch, which reads JSON from a Response. Throws as `checkedText` does. */
export async function checkedAnswer(
  exchange: Exchange,
  sent: RequestContext,
  request: Sendable,
): Promise<Response> {
  const { text, context, response } = await checkedText(exchange, sent, request);
  const { status, headers } = response;
  const json = text === "" ? null : requireJson(context, response, text);
  return rememberAnswer(new Response(json, { status, headers }), context, response);
}

/**
 * Sends a request. Its answer is one of the successes that the specification lists; otherwise this throws one of our errors.
 * The connection of an answer that cannot be right is closed: the next answer on it may belong to another request, too.
 */
export async function checkedText(
  { send, identity }: Exchange,
  sent: RequestContext,
  request: Sendable,
): Promise<CheckedAnswer> {
  const { response, bytes, isTooLarge } = await received(send, sent, request, identity);
  const { url, type, status } = response;
  const context = url === "" ? sent : contextAt(sent, url);
  const refuse = (what: string) => {
    discard(response);
    return new ProtocolError(`${context.request} ${what}`, context);
  };
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    throw refuse("was redirected, which a gateway never does: check the endpoint.");
  }
  if (!response.ok) throw await answerError(context, response, decodeServerText(bytes), identity);
  if (isTooLarge) {
    const { answerBytes } = request.limits;
    throw refuse(`was answered with more than ${answerBytes} bytes, the limit for such an answer.`);
  }
  const text = decodeServerText(bytes);
  if (identity.secrets.isIn(text)) {
    throw refuse("was answered with the credentials that were sent: no gateway does that.");
  }
  const operation: Operation = operations[context.operationId];
  if (!operation.success.includes(status)) {
    throw refuse(`was answered with ${status}, expected ${operation.success.join(" or ")}.`);
  }
  return { text, context, response };
}

async function received(
  send: Send,
  context: RequestContext,
  request: Sendable,
  identity: Identity,
): Promise<Received> {
  try {
    return await send(request);
  } catch (error) {
    throw await transportError(context, error, request.init.signal ?? undefined, identity);
  }
}

/** The text of a success as JSON that openapi-fetch can parse. */
function requireJson(context: RequestContext, response: Response, text: string): string {
  try {
    const json = repairServerJson(text);
    JSON.parse(json);
    return json;
  } catch (cause) {
    discard(response);
    throw new ProtocolError(`${context.request} succeeded, but its answer is not JSON.`, context, { cause });
  }
}
