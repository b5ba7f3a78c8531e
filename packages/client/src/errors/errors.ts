import type { OperationId, Schemas } from "@sf-image-store/types";
import type {
  Schemas as ApplicationSchemas,
  OperationId as ApplicationsOperationId,
} from "@sf-image-store/types/applications";

/** An operation of the image store or of `@sf-image-store/client/applications`. */
export type AnyOperationId = OperationId | ApplicationsOperationId;

/** Documented error codes. Servers also send codes that are not documented. */
export type FabricErrorCode = Schemas["FabricErrorCodes"] | ApplicationSchemas["FabricErrorCodes"];

/** Identifies the request that failed. */
export interface RequestContext {
  readonly operationId: AnyOperationId;
  /** Method and URL, as sent. */
  readonly request: string;
  /** The `X-ServiceFabricRequestId` header of the request. The cluster's traces contain it. */
  readonly requestId: string;
}

/** An error's properties for JSON, with its name and message, which `JSON.stringify` leaves out. */
export function plainValues(error: Error): object {
  return Object.assign({ name: error.name, message: error.message }, error);
}

abstract class RequestError extends Error {
  readonly operationId: AnyOperationId;
  readonly request: string;
  readonly requestId: string;

  constructor(message: string, context: RequestContext, options?: ErrorOptions) {
    super(message, options);
    this.operationId = context.operationId;
    this.request = context.request;
    this.requestId = context.requestId;
  }

  /** Plain values for logs: includes the message, leaves out the stack and the cause. */
  toJSON(): object {
    return plainValues(this);
  }
}

/** The server responded with an error. */
export class FabricError extends RequestError {
  override readonly name = "FabricError";
  /** The HTTP status. Servers do not always send the same status with the same `code`. */
  readonly status: number;
  /** Undefined if the response has no error body, for example for an unknown URL or from a proxy. */
  readonly code: FabricErrorCode | undefined;
  /** How long the `Retry-After` header asks to wait, in milliseconds. Proxies may send one; gateways do not. */
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

/** No complete response arrived: the connection failed or was lost, or a certificate was rejected. See `cause`. */
export class NetworkError extends RequestError {
  override readonly name = "NetworkError";
  /** The platform's error code, such as `ECONNREFUSED`. Undefined if the platform gives none, as in browsers. */
  readonly code: string | undefined;

  constructor(message: string, context: RequestContext, options?: ErrorOptions, code?: string) {
    super(message, context, options);
    this.code = code;
  }
}

/** The request timed out: the caller's signal, the client's limit, or the runtime's limit on a connection. */
export class TimeoutError extends RequestError {
  override readonly name = "TimeoutError";
}

/** The caller aborted `abortSignal`. The signal's reason is the `cause`. */
export class AbortError extends RequestError {
  override readonly name = "AbortError";
}

/** The `credential` returned no token, so the request was not sent. If `getToken` rejected, its error is the `cause`. */
export class CredentialError extends RequestError {
  override readonly name = "CredentialError";
}

/** The server reported success, but its response does not match the API. */
export class ProtocolError extends RequestError {
  override readonly name = "ProtocolError";
}

/** The caller's input is invalid. Nothing was sent. */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
  /** The invalid option or parameter. */
  readonly parameter: string;

  constructor(parameter: string, expectation: string, options?: ErrorOptions) {
    super(`${parameter} ${expectation}${/[.?]$/.test(expectation) ? "" : "."} Nothing was sent.`, options);
    this.parameter = parameter;
  }

  /** Plain values for logs: includes the message, leaves out the stack and the cause. */
  toJSON(): object {
    return plainValues(this);
  }
}

/*
 * The guards compare names because instanceof is false for errors from another copy of this package, a worker or another
 * realm.
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

/** More specific than `Error`, so that TypeScript does not exclude every error, such as UploadError, when a guard is false. */
type EndedError<Name extends string, Reason extends string> = Error &
  ({ readonly name: Name } | { readonly name: "UploadError" | "DeployError"; readonly reason: Reason });

/** Also true for the platform's `TimeoutError` and for an UploadError or DeployError whose `reason` is `timed-out`. */
export function isTimeoutError(error: unknown): error is EndedError<"TimeoutError", "timed-out"> {
  return isNamed(error, "TimeoutError") || hasReason(error, "timed-out");
}

/** Also true for the platform's `AbortError` and for an UploadError or DeployError whose `reason` is `aborted`. */
export function isAbortError(error: unknown): error is EndedError<"AbortError", "aborted"> {
  return isNamed(error, "AbortError") || hasReason(error, "aborted");
}

function hasReason(error: unknown, reason: string): boolean {
  const isOurs = isNamed(error, "UploadError") || isNamed(error, "DeployError");
  return isOurs && error instanceof Object && "reason" in error && error.reason === reason;
}

export interface EndpointFailure {
  readonly endpoint: string;
  /** The URL of the request at this endpoint. */
  readonly url: string;
  readonly error: unknown;
}

/** No endpoint responded, of the one or more that were tried. `transportError` turns this into a public error. */
export class EndpointsFailed extends Error {
  override readonly name = "EndpointsFailed";
  readonly failures: readonly EndpointFailure[];

  constructor(failures: readonly EndpointFailure[]) {
    super("no endpoint responded");
    this.failures = failures;
  }
}

/** None of several endpoints responded. `errors` has one error per endpoint, in the order of `endpoints`. */
export class EndpointsError extends AggregateError {
  override readonly name = "EndpointsError";
  readonly endpoints: readonly string[];

  constructor(failures: readonly EndpointFailure[]) {
    const parts = failures.map(({ endpoint, error }) => `${endpoint} (${deepestCause(error).message})`);
    super(
      failures.map(({ error }) => error),
      `no endpoint responded: ${parts.join(", ")}`,
    );
    this.endpoints = failures.map(({ endpoint }) => endpoint);
  }
}

/** Runtimes wrap the useful error, sometimes twice: "fetch failed", caused by "connect ECONNREFUSED …". */
export function deepestCause(error: unknown): { code?: string; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return deepestCause(error.errors[0]);
  if (!(error instanceof Error)) return { message: excerpt(String(error)) };
  if (error.cause instanceof Error) return deepestCause(error.cause);
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  // Longer than the default: the message about a rejected certificate ends with the thumbprint to compare.
  return { ...code, message: excerpt(error.message, 1000) };
}

/** Text from outside on one line, shortened. Removes control characters, because escape sequences must not reach a terminal. */
export function excerpt(text: string, maxLength = 200): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

/** Statuses of busy or restarting servers and proxies. A retry may succeed. */
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Connection errors that a retry cannot fix: rejected certificates, and servers that do not speak TLS. */
const permanentCodes = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL|EPROTO|ERR_INVALID/;

export function isPermanentCode(code: string): boolean {
  return permanentCodes.test(code);
}

/** Codes of Node.js's HTTP parser for invalid HTTP, such as two Content-Length headers or broken chunk sizes. */
function isMalformedHttpCode(code: string): boolean {
  return code.startsWith("HPE_");
}

/** Whether the same request may succeed later (protocol §4.2, column "Retry?"). */
export function isTransient(error: unknown): boolean {
  if (isFabricError(error)) return transientStatuses.has(error.status);
  if (isNetworkError(error)) return error.code === undefined || !isPermanentCode(error.code);
  // An unexpected response may belong to another request.
  return isTimeoutError(error) || isCredentialError(error) || isProtocolError(error);
}

/**
 * No server listens at the address, the server is not a gateway, or the credential returns no token. Before the first
 * response of a gateway, this is more likely a configuration mistake than an outage.
 */
export function isUnreachable(error: unknown): boolean {
  if (isCredentialError(error) || isMalformedAnswer(error)) return true;
  return isNetworkError(error) && (error.code === "ECONNREFUSED" || error.code === "ENOTFOUND");
}

/** The response is not valid HTTP or not what a gateway sends. It may belong to another request. */
export function isMalformedAnswer(error: unknown): boolean {
  if (isProtocolError(error)) return true;
  return isNetworkError(error) && error.code !== undefined && isMalformedHttpCode(error.code);
}

/** A text with a period at its end, and a hint. */
export function sentence(text: string, hint?: string): string {
  const full = /[.!?…]$/.test(text) ? text : `${text}.`;
  return hint === undefined ? full : `${full} ${hint}`;
}
