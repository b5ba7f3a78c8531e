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

/** What is known of an error, from itself and from what caused it. */
export interface Facts {
  /** The error and its causes, outermost first. */
  readonly chain: readonly unknown[];
  readonly names: ReadonlySet<string>;
  readonly message: string;
  /** What the server said. */
  readonly fabric: FabricError | undefined;
  readonly network: NetworkError | undefined;
  readonly certificate: ServerCertificateError | undefined;
  readonly upload: UploadError | undefined;
  /** Codes of the system, of TLS and of HTTP parsing, outermost first. */
  readonly systemCodes: readonly string[];
}

export function factsOf(error: unknown): Facts {
  const chain = causesOf(error, 0);
  // The request that was not sent for it says less.
  const told = chain.find((one) => one instanceof SignInError) ?? error;
  return {
    chain,
    names: new Set(
      chain.flatMap((one) => (one instanceof Object && "name" in one ? [String(one.name)] : [])),
    ),
    message: told instanceof Error ? told.message : String(told),
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

/** Errors may be made by anybody: neither deep nor circular ones are followed for ever. */
function causesOf(error: unknown, depth: number): readonly unknown[] {
  if (!(error instanceof Error) || depth > 8) return error === undefined ? [] : [error];
  const several = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, ...several].flatMap((cause) => causesOf(cause, depth + 1))];
}

/** One kind of failure: how to know it, how the process ends with it, and what can be done. */
export interface FailureKind {
  /** Stable, for programs. */
  readonly kind: string;
  readonly code: FailureCode;
  applies(facts: Facts): boolean;
  /** What to say in place of an error's own words, where those do not help. */
  says?(facts: Facts): string | undefined;
  remedy?(facts: Facts): string | undefined;
}
