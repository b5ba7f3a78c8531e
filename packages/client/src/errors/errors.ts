import type { OperationId, Schemas } from "@sf-image-store/types";

/** Error codes by name; servers also send names that no list holds. */
export type FabricErrorCode = Schemas["FabricErrorCodes"];

/** What an error says about the request that met it. */
export interface RequestContext {
  readonly operationId: OperationId;
  /** Method and URL, as sent. */
  readonly request: string;
  /** The `X-ServiceFabricRequestId` that was sent; a cluster's own traces carry it. */
  readonly requestId: string;
}

/** An error's own values, and the message, which JSON leaves out of every error. */
export function plainValues(error: Error): object {
  return Object.assign({ name: error.name, message: error.message }, error);
}

abstract class RequestError extends Error {
  readonly operationId: OperationId;
  readonly request: string;
  readonly requestId: string;

  constructor(message: string, context: RequestContext, options?: ErrorOptions) {
    super(message, options);
    this.operationId = context.operationId;
    this.request = context.request;
    this.requestId = context.requestId;
  }

  /** For logs: plain values with the message, without stack and cause. */
  toJSON(): object {
    return plainValues(this);
  }
}

/** The server answered, and the answer is an error. */
export class FabricError extends RequestError {
  override readonly name = "FabricError";
  /** The HTTP status. Do not derive the code from it, or the reverse: servers mix them. */
  readonly status: number;
  /** Undefined when the answer had no error body, as for an unknown URL or one that a proxy gave. */
  readonly code: FabricErrorCode | undefined;
  /** How long the answer's `Retry-After` asks to wait, in milliseconds. Gateways send none; proxies may. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    context: RequestContext,
    answer: {
      readonly status: number;
      readonly code: FabricErrorCode | undefined;
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    super(message, context);
    this.status = answer.status;
    this.code = answer.code;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** No complete answer arrived: no connection, a refused certificate, a connection lost half-way. See `cause`. */
export class NetworkError extends RequestError {
  override readonly name = "NetworkError";
  /** The platform's code, such as `ECONNREFUSED`, where it has one. Browsers do not tell. */
  readonly code: string | undefined;

  constructor(message: string, context: RequestContext, options?: ErrorOptions, code?: string) {
    super(message, context, options);
    this.code = code;
  }
}

/** Time ran out on this side: the caller's signal timed out, or the runtime's own limit on a connection. */
export class TimeoutError extends RequestError {
  override readonly name = "TimeoutError";
}

/** The caller's `abortSignal` was aborted; its reason is the `cause`. */
export class AbortError extends RequestError {
  override readonly name = "AbortError";
}

/** The `credential` gave no token, so the request was not sent. What it rejected with is the `cause`. */
export class CredentialError extends RequestError {
  override readonly name = "CredentialError";
}

/** The server answered with success, but not with what the API promises; such an answer is never guessed at. */
export class ProtocolError extends RequestError {
  override readonly name = "ProtocolError";
}

/** The caller's input cannot be sent. Nothing has been. */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
  /** The option or parameter at fault. */
  readonly parameter: string;

  constructor(parameter: string, expectation: string, options?: ErrorOptions) {
    super(`${parameter} ${expectation}${/[.?]$/.test(expectation) ? "" : "."} Nothing was sent.`, options);
    this.parameter = parameter;
  }

  /** For logs: plain values with the message, without stack and cause. */
  toJSON(): object {
    return plainValues(this);
  }
}

/*
 * The guards go by name, not by class: they hold for errors from another copy of this package, from a worker or from
 * another realm, where instanceof is false.
 */
export function isNamed(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === name;
}

export function isFabricError(error: unknown): error is FabricError {
  return isNamed(error, "FabricError");
}

export function isNetworkError(error: unknown): error is NetworkError {
  return isNamed(error, "NetworkError");
}

export function isInvalidInputError(error: unknown): error is InvalidInputError {
  return isNamed(error, "InvalidInputError");
}

export function isCredentialError(error: unknown): error is CredentialError {
  return isNamed(error, "CredentialError");
}

export function isProtocolError(error: unknown): error is ProtocolError {
  return isNamed(error, "ProtocolError");
}

/** Narrower than `Error`: where such a guard is false, that would rule out every error, an UploadError among them. */
type Ended<Name extends string, Reason extends string> = Error &
  ({ readonly name: Name } | { readonly name: "UploadError"; readonly reason: Reason });

/** Also true for a platform's own `TimeoutError`, and for an upload that ran out of time: all mean that time ran out. */
export function isTimeoutError(error: unknown): error is Ended<"TimeoutError", "timed-out"> {
  return isNamed(error, "TimeoutError") || endedFor(error, "timed-out");
}

/** Also true for a platform's own `AbortError`, and for an upload that was aborted: all mean that the caller stopped it. */
export function isAbortError(error: unknown): error is Ended<"AbortError", "aborted"> {
  return isNamed(error, "AbortError") || endedFor(error, "aborted");
}

function endedFor(error: unknown, reason: string): boolean {
  return (
    isNamed(error, "UploadError") && error instanceof Object && "reason" in error && error.reason === reason
  );
}

export interface EndpointFailure {
  readonly endpoint: string;
  /** What was asked for there. */
  readonly url: string;
  readonly error: unknown;
}

/** A request got no answer from those endpoints that it was sent to: at least one. The mapper makes an error of it. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  readonly failures: readonly EndpointFailure[];

  constructor(failures: readonly EndpointFailure[]) {
    super("no endpoint answered");
    this.failures = failures;
  }
}

/** What happened at several endpoints, none of which answered: the `errors` in the order of `endpoints`. */
export class EndpointsError extends AggregateError {
  override readonly name = "EndpointsError";
  readonly endpoints: readonly string[];

  constructor(failures: readonly EndpointFailure[]) {
    const parts = failures.map(({ endpoint, error }) => `${endpoint} (${deepestCause(error).message})`);
    super(
      failures.map(({ error }) => error),
      `no endpoint answered: ${parts.join(", ")}`,
    );
    this.endpoints = failures.map(({ endpoint }) => endpoint);
  }
}

/** Runtimes wrap the telling error, sometimes twice: "fetch failed", caused by "connect ECONNREFUSED …". */
export function deepestCause(error: unknown): { code?: string; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return deepestCause(error.errors[0]);
  if (!(error instanceof Error)) return { message: excerpt(String(error)) };
  if (error.cause instanceof Error) return deepestCause(error.cause);
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  // Longer than foreign text: what is to be compared in a refused certificate stands at the end.
  return { ...code, message: excerpt(error.message, 1000) };
}

/** Foreign text, for one line of a message. It may hold escape sequences, which must not reach a terminal. */
export function excerpt(text: string, maxLength = 200): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

/** Statuses that may be others the next time: what servers and proxies in between say when they are busy or moving. */
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A connection that will fail the same way again: certificates, or TLS that the other side does not speak. */
const settledCodes = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL|EPROTO|ERR_INVALID/;

export function isSettledCode(code: string): boolean {
  return settledCodes.test(code);
}

/** The answer was not HTTP, or its framing was broken: two lengths, chunks that are none. Parsers of Node.js say HPE_. */
function isUnreadableCode(code: string): boolean {
  return code.startsWith("HPE_");
}

/** Whether the same request may succeed later (protocol §4.2, column "Retry?"). */
export function isTransient(error: unknown): boolean {
  if (isFabricError(error)) return transientStatuses.has(error.status);
  if (isNetworkError(error)) return error.code === undefined || !isSettledCode(error.code);
  // An answer that makes no sense may be that of another request.
  return isTimeoutError(error) || isCredentialError(error) || isProtocolError(error);
}

/**
 * Nobody answers at the address at all, or not as a gateway does, or the credential gives no token: before a gateway has
 * answered once, more likely a mistake than an outage.
 */
export function isUnreachable(error: unknown): boolean {
  if (isCredentialError(error) || isUnreadable(error)) return true;
  return isNetworkError(error) && (error.code === "ECONNREFUSED" || error.code === "ENOTFOUND");
}

/** What came was no HTTP, or not in order, or not what a gateway answers: it may be the answer to another request. */
export function isUnreadable(error: unknown): boolean {
  if (isProtocolError(error)) return true;
  return isNetworkError(error) && error.code !== undefined && isUnreadableCode(error.code);
}
