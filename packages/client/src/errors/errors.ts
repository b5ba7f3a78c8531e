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
