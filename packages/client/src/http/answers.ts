import type { Operation } from "@sf-image-store/types";
import {
  AbortError,
  CredentialError,
  deepestCause,
  EndpointsError,
  EndpointsFailed,
  excerpt,
  FabricError,
  type FabricErrorCode,
  isInvalidInputError,
  isPermanentCode,
  NetworkError,
  ProtocolError,
  type RequestContext,
  sentence,
  TimeoutError,
} from "../errors/errors.js";
import { decodeServerText, discard, retryAfterMs } from "../wire/answer.js";
import type { Received, Send, Sendable } from "../wire/request.js";
import { type Identity, TokenFailure } from "./authentication.js";
import { AttemptTimeout, contextAt } from "./request.js";

/** What is needed to send a request and to check its response. */
export interface Exchange {
  readonly send: Send;
  readonly identity: Identity;
}

export interface CheckedAnswer {
  readonly text: string;
  /** The request of this response, which may have been sent to another endpoint. */
  readonly context: RequestContext;
  readonly response: Response;
}

/**
 * Sends a request. Throws an error of this package unless the response is a success that the specification lists. Closes the
 * connection of a wrong response, because the next response on it may also belong to another request.
 */
export async function checkedText(
  { send, identity }: Exchange,
  sent: RequestContext,
  request: Sendable & Pick<Operation, "success">,
): Promise<CheckedAnswer> {
  const { response, bytes, isTooLarge } = await received(send, sent, request, identity);
  const { url, type, status } = response;
  const context = url === "" ? sent : contextAt(sent, url);
  const refuse = (what: string) => {
    discard(response);
    return new ProtocolError(`${context.request} ${what}`, context);
  };
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    throw refuse("was redirected. Gateways never do that: check the endpoint.");
  }
  if (!response.ok) throw await answerError(context, response, decodeServerText(bytes), identity);
  if (isTooLarge) {
    const { answerBytes } = request.limits;
    throw refuse(`got more than the allowed ${answerBytes} bytes.`);
  }
  const text = decodeServerText(bytes);
  if (identity.secrets.isIn(text)) {
    throw refuse("got its own credentials back. Gateways never do that: check the endpoint.");
  }
  const { success } = request;
  if (!success.includes(status)) {
    throw refuse(`got status ${status}, expected ${success.join(" or ")}.`);
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

const certificateRefusal = "Client certificate required";

const timeoutCodes = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT",
]);

const noAdvice = { answerAdvice: () => undefined, networkAdvice: () => undefined };

/** Loads the advice when the first failure occurs. If that fails, errors are reported without advice. */
function loadAdvice(): Promise<
  Pick<typeof import("../errors/error-advice.js"), "answerAdvice" | "networkAdvice">
> {
  return import("../errors/error-advice.js").catch(() => noAdvice);
}

/** The only place that turns an error response into an error. `text` is the body, which may be empty. */
async function answerError(
  context: RequestContext,
  response: Response,
  text: string,
  { clusterId, secrets }: Identity,
): Promise<FabricError> {
  const { status, statusText } = response;
  const { code, message } = errorBody(secrets.hide(text));
  // A gateway reports a rejected client certificate only in the reason phrase.
  const isCertificateRefusal = status === 403 && statusText === certificateRefusal;
  const serverText = [code, message].filter((part) => part !== undefined).join(": ");
  const reason = serverText || (isCertificateRefusal ? statusText : "no error text");
  // A gateway sends this 404 without a body for a missing path (protocol §1.3) and for an unknown URL. Every upload to a new
  // path gets it, so there is nothing to load.
  const isMissingPath =
    status === 404 && code === undefined && context.operationId === "GetImageStoreContent";
  const hint = isMissingPath
    ? "This path does not exist."
    : (await loadAdvice()).answerAdvice({ status, code, isCertificateRefusal, clusterId });
  return new FabricError(sentence(`${context.request} failed with ${status}, ${reason}`, hint), context, {
    status,
    code,
    retryAfterMs: retryAfterMs(headerOf(response, "retry-after"), serverTime(response)),
  });
}

/** The server's time, which a date in `Retry-After` refers to. Falls back to the local time. */
function serverTime(response: Response): number {
  return Date.parse(headerOf(response, "date") ?? "") || Date.now();
}

/** Responses of `createNodeFetch` have a method that does not load the platform's `Headers`, which takes Node 20 ms. */
function headerOf(response: Response & { header?: (name: string) => string | null }, name: string) {
  return response.header === undefined ? response.headers.get(name) : response.header(name);
}

/** The only place that turns a failure without a response into an error. */
async function transportError(
  context: RequestContext,
  cause: unknown,
  signal: AbortSignal | undefined,
  { secrets, hasAnswered }: Identity,
): Promise<Error> {
  // A fetch may reject its own options, such as the proxy in an environment variable.
  if (isInvalidInputError(cause)) return cause;
  const known = unwrapFailures(cause);
  secrets.scrub(known);
  const last = cause instanceof EndpointsFailed ? cause.failures.at(-1) : undefined;
  const sent = last === undefined ? context : contextAt(context, last.url);
  if (signal?.aborted) return abortedError(sent, signal.reason);
  if (known instanceof TokenFailure) return credentialError(context, known, secrets.hide(known.message));
  return noResponseError(sent, known, hasAnswered);
}

function abortedError(context: RequestContext, reason: unknown): Error {
  return reason instanceof Error && reason.name === "TimeoutError"
    ? new TimeoutError(`${context.request} timed out: the caller's signal was aborted.`, context, {
        cause: reason,
      })
    : new AbortError(`${context.request} was aborted by the caller.`, context, { cause: reason });
}

function credentialError(context: RequestContext, { cause }: TokenFailure, message: string): CredentialError {
  const text = sentence(`${context.request} was not sent: ${message}`, "Check the credential.");
  return new CredentialError(text, context, cause === undefined ? {} : { cause });
}

async function noResponseError(
  context: RequestContext,
  cause: unknown,
  hasAnswered: boolean,
): Promise<Error> {
  const { code, message } = causeToReport(cause);
  if (code !== undefined && timeoutCodes.has(code)) {
    const why = cause instanceof EndpointsError || cause instanceof AttemptTimeout ? message : code;
    return new TimeoutError(sentence(`${context.request} timed out (${why})`), context, {
      cause,
    });
  }
  // There is no advice without a code. In browsers, which give no code, loading the advice could fail like the request.
  const hint = code === undefined ? undefined : (await loadAdvice()).networkAdvice(code, hasAnswered);
  return new NetworkError(
    sentence(`${context.request} got no response: ${message}`, hint),
    context,
    { cause },
    code,
  );
}

function unwrapFailures(cause: unknown): unknown {
  if (!(cause instanceof EndpointsFailed)) return cause;
  const [first, ...more] = cause.failures;
  return first !== undefined && more.length === 0 ? first.error : new EndpointsError(cause.failures);
}

/** The cause to report. Of several endpoints, prefers one with a transient failure: it decides whether to retry. */
function causeToReport(cause: unknown): { code?: string; message: string } {
  if (!(cause instanceof EndpointsError)) return deepestCause(cause);
  const codes = cause.errors.map((error) => deepestCause(error).code);
  const code = codes.findLast((one) => one === undefined || !isPermanentCode(one)) ?? codes.at(-1);
  return { ...(code === undefined ? {} : { code }), message: cause.message };
}

/** Parses `{"Error":{"Code","Message"}}`. The body may also be empty or the error page of a proxy. */
function errorBody(body: string): { code?: FabricErrorCode; message?: string } {
  try {
    const error: unknown = JSON.parse(body)?.Error;
    if (typeof error !== "object" || error === null) return { message: excerpt(body) };
    const code = "Code" in error && typeof error.Code === "string" ? error.Code : undefined;
    const message = "Message" in error && typeof error.Message === "string" ? error.Message : undefined;
    // Servers send the word Null if they have no text for a code (protocol §4.1).
    const text =
      message === undefined || message === "" || message === "Null" ? {} : { message: excerpt(message) };
    return code === undefined ? text : { code, ...text };
  } catch {
    return body.trim() === "" ? {} : { message: excerpt(body) };
  }
}
