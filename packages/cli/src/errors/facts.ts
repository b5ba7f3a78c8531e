import {
  type FabricError,
  isFabricError,
  isNetworkError,
  isServerCertificateError,
  isUploadError,
  type NetworkError,
  type ServerCertificateError,
  type UploadError,
} from "@sf-image-store/client/node";
import { type FailureCode, SignInError } from "./errors.js";

/** What an error and its causes reveal. */
export interface Facts {
  /** The error and its causes, outermost first. */
  readonly chain: readonly unknown[];
  readonly names: ReadonlySet<string>;
  readonly message: string;
  /** The error response of the server. */
  readonly fabric: FabricError | undefined;
  readonly network: NetworkError | undefined;
  readonly certificate: ServerCertificateError | undefined;
  readonly upload: UploadError | undefined;
  /** Error codes of the system, of TLS and of the HTTP parser, outermost first. */
  readonly systemCodes: readonly string[];
}

export function factsOf(error: unknown): Facts {
  const chain = causesOf(error, 0);
  // Its message is more helpful than that of the failed request.
  const errorWithMessage = chain.find((one) => one instanceof SignInError) ?? error;
  return {
    chain,
    names: new Set(
      chain.flatMap((one) => (one instanceof Object && "name" in one ? [String(one.name)] : [])),
    ),
    message: errorWithMessage instanceof Error ? errorWithMessage.message : String(errorWithMessage),
    fabric: chain.find(isFabricError),
    network: chain.find(isNetworkError),
    certificate: chain.find(isServerCertificateError),
    upload: chain.find(isUploadError),
    systemCodes: chain.flatMap((one) =>
      one instanceof Error && !isFabricError(one) && "code" in one && typeof one.code === "string"
        ? [one.code]
        : [],
    ),
  };
}

/** Errors can come from any code, so stop at deep or circular chains. */
function causesOf(error: unknown, depth: number): readonly unknown[] {
  if (!(error instanceof Error) || depth > 8) return error === undefined ? [] : [error];
  const several = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, ...several].flatMap((cause) => causesOf(cause, depth + 1))];
}

/** A kind of failure: how to recognize it, its exit code, and what to do. */
export interface FailureKind {
  /** Stable, for programs. */
  readonly kind: string;
  readonly code: FailureCode;
  /** What happened. The generated reference shows it. */
  readonly description: string;
  applies(facts: Facts): boolean;
  /** Replaces the error's own message where that is not helpful. */
  message?(facts: Facts): string | undefined;
  remedy?(facts: Facts): string | undefined;
}
