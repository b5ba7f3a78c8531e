import { type Operation, operations } from "@sf-image-store/types";
import {
  AbortError,
  CredentialError,
  deepestCause,
  EndpointsError,
  excerpt,
  FabricError,
  type FabricErrorCode,
  isInvalidInputError,
  isSettledCode,
  NetworkError,
  ProtocolError,
  type RequestContext,
  TimeoutError,
  Unanswered,
} from "../errors/errors.js";
import { decodeServerText, discard, rememberAnswer, repairServerJson, retryAfterMs } from "../wire/answer.js";
import type { Received, Send, Sendable } from "../wire/request.js";
import { type Identity, TokenFailure } from "./authentication.js";
import { contextAt, OutOfTime } from "./request.js";

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
    throw refuse("was redirected. Gateways never redirect: check the endpoint.");
  }
  if (!response.ok) throw await answerError(context, response, decodeServerText(bytes), identity);
  if (isTooLarge) {
    const { answerBytes } = request.limits;
    throw refuse(`was answered with more than ${answerBytes} bytes, its limit.`);
  }
  const text = decodeServerText(bytes);
  if (identity.secrets.isIn(text)) {
    throw refuse("got its own credentials back. Gateways never do that: check the endpoint.");
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

const certificateRefusal = "Client certificate required";

const timeoutCodes = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT",
]);

const noAdvice = { answerAdvice: () => undefined, networkAdvice: () => undefined };

/** Loaded by the first failure. An error without advice is better than the error that the advice cannot be loaded. */
function loadAdvice(): Promise<
  Pick<typeof import("../errors/error-advice.js"), "answerAdvice" | "networkAdvice">
> {
  return import("../errors/error-advice.js").catch(() => noAdvice);
}

/** The one place where an error answer becomes an error. `text` is its body as received, possibly empty. */
async function answerError(
  context: RequestContext,
  { status, headers, statusText }: Response,
  text: string,
  { clusterId, secrets }: Identity,
): Promise<FabricError> {
  const { code, message } = errorBody(secrets.hide(text));
  // A gateway refuses a client certificate by its reason phrase alone.
  const isCertificateRefusal = status === 403 && statusText === certificateRefusal;
  const told = [code, message].filter((part) => part !== undefined).join(": ");
  const said = told || (isCertificateRefusal ? statusText : "no error text");
  const { answerAdvice } = await loadAdvice();
  const hint = answerAdvice(context, { status, code, isCertificateRefusal, clusterId });
  return new FabricError(sentence(`${context.request} failed with ${status}, ${said}`, hint), context, {
    status,
    code,
    retryAfterMs: retryAfterMs(headers.get("Retry-After"), serverTime(headers)),
  });
}

/** The server's own time, for it counts dates by its own clock; ours where it does not tell. */
function serverTime(headers: Headers): number {
  const date = Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(date) ? Date.now() : date;
}

/** The one place where a failure without an answer becomes an error. */
async function transportError(
  context: RequestContext,
  cause: unknown,
  signal: AbortSignal | undefined,
  { secrets, hasAnswered }: Identity,
): Promise<Error> {
  // A fetch may find that its own options cannot be used, such as a proxy that the environment names.
  if (isInvalidInputError(cause)) return cause;
  const known = causeOf(cause);
  secrets.scrub(known);
  const last = cause instanceof Unanswered ? cause.failures.at(-1) : undefined;
  const sent = last === undefined ? context : contextAt(context, last.url);
  if (signal?.aborted) return stopped(sent, signal.reason);
  if (known instanceof TokenFailure) return credentialError(context, known, secrets.hide(known.message));
  return noAnswer(sent, known, hasAnswered);
}

function stopped(context: RequestContext, reason: unknown): Error {
  return reason instanceof Error && reason.name === "TimeoutError"
    ? new TimeoutError(`${context.request} got no answer in the time the caller gave it.`, context, {
        cause: reason,
      })
    : new AbortError(`${context.request} was aborted by the caller.`, context, { cause: reason });
}

function credentialError(context: RequestContext, { cause }: TokenFailure, message: string): CredentialError {
  const text = sentence(`${context.request} was not sent: ${message}`, "Can the credential be used here?");
  return new CredentialError(text, context, cause === undefined ? {} : { cause });
}

async function noAnswer(context: RequestContext, cause: unknown, hasAnswered: boolean): Promise<Error> {
  const { code, message } = tellingCause(cause);
  if (code !== undefined && timeoutCodes.has(code)) {
    const why = cause instanceof EndpointsError || cause instanceof OutOfTime ? message : code;
    return new TimeoutError(sentence(`${context.request} got no answer in time (${why})`), context, {
      cause,
    });
  }
  // Without a code there is no advice. That is so in browsers, where loading it might fail or hang like the request.
  const hint = code === undefined ? undefined : (await loadAdvice()).networkAdvice(code, hasAnswered);
  return new NetworkError(
    sentence(`${context.request} got no answer: ${message}`, hint),
    context,
    { cause },
    code,
  );
}

function causeOf(cause: unknown): unknown {
  if (!(cause instanceof Unanswered)) return cause;
  const [first, ...more] = cause.failures;
  return first !== undefined && more.length === 0 ? first.error : new EndpointsError(cause.failures);
}

/** Of several endpoints, one that may be back stands for all: a refused certificate says nothing about the others. */
function tellingCause(cause: unknown): { code?: string; message: string } {
  if (!(cause instanceof EndpointsError)) return deepestCause(cause);
  const codes = cause.errors.map((error) => deepestCause(error).code);
  const code = codes.findLast((one) => one === undefined || !isSettledCode(one)) ?? codes.at(-1);
  return { ...(code === undefined ? {} : { code }), message: cause.message };
}

/** The body is `{"Error":{"Code","Message"}}`, or nothing, or whatever a proxy in between had to say. */
function errorBody(text: string): { code?: FabricErrorCode; message?: string } {
  try {
    const error: unknown = JSON.parse(text)?.Error;
    if (typeof error !== "object" || error === null) return { message: excerpt(text) };
    const code = "Code" in error && typeof error.Code === "string" ? error.Code : undefined;
    const message = "Message" in error && typeof error.Message === "string" ? error.Message : undefined;
    // The server writes the word Null where it has no text for a code (protocol §4.1).
    const said =
      message === undefined || message === "" || message === "Null" ? {} : { message: excerpt(message) };
    return code === undefined ? said : { code, ...said };
  } catch {
    return text.trim() === "" ? {} : { message: excerpt(text) };
  }
}

function sentence(text: string, hint?: string): string {
  const full = /[.!?…]$/.test(text) ? text : `${text}.`;
  return hint === undefined ? full : `${full} ${hint}`;
}
