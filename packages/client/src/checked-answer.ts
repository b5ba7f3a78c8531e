import { type Operation, operations } from "@sf-image-store/types";
import { rememberContext } from "./answer.js";
import { answerError, transportError } from "./error-mapping.js";
import { ProtocolError, type RequestContext } from "./errors.js";
import type { Identity } from "./identity.js";
import { contextAt } from "./request-context.js";
import { decodeServerText, repairServerJson } from "./server-json.js";

/** The answer, read to its end, for openapi-fetch to read again. Throws as `checkedText` does. */
export async function checkedAnswer(
  sent: RequestContext,
  response: Response,
  signal: AbortSignal | undefined,
  identity: Identity,
): Promise<Response> {
  const { text, context } = await checkedText(sent, response, signal, identity);
  const { status, headers } = response;
  const answer = new Response(text === "" ? null : requireJson(context, text), { status, headers });
  return rememberContext(answer, context);
}

/**
 * The text of an answer that is one of the successes that the specification lists, and which request it belongs to. Else
 * throws one of our errors.
 */
export async function checkedText(
  sent: RequestContext,
  response: Response,
  signal: AbortSignal | undefined,
  identity: Identity,
): Promise<{ readonly text: string; readonly context: RequestContext }> {
  // It may have gone to another endpoint than at first.
  const context = response.url === "" ? sent : contextAt(sent, response.url);
  if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
    const message = `${context.request} was redirected, which a gateway never does: check the endpoint.`;
    throw new ProtocolError(message, context);
  }
  const text = await readText(context, response, signal, identity);
  if (!response.ok) throw answerError(context, response, text, identity);
  if (identity.secrets.isIn(text)) {
    const message = `${context.request} was answered with the credentials that were sent: no gateway does that.`;
    throw new ProtocolError(message, context);
  }
  const operation: Operation = operations[context.operationId];
  if (!operation.success.includes(response.status)) {
    const expected = operation.success.join(" or ");
    throw new ProtocolError(
      `${context.request} was answered with ${response.status}, expected ${expected}.`,
      context,
    );
  }
  return { text, context };
}

/** Reading here, not later, gives a connection that breaks within the answer the same error as any other. */
async function readText(
  context: RequestContext,
  response: Response,
  signal: AbortSignal | undefined,
  identity: Identity,
): Promise<string> {
  try {
    return decodeServerText(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    throw transportError(context, error, signal, identity);
  }
}

/** The text of a success as JSON that openapi-fetch can parse. */
function requireJson(context: RequestContext, text: string): string {
  try {
    const json = repairServerJson(text);
    JSON.parse(json);
    return json;
  } catch (cause) {
    throw new ProtocolError(`${context.request} succeeded, but its answer is not JSON.`, context, { cause });
  }
}
