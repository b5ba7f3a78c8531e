import { type Difference, isInvalidInputError, isVerificationError } from "@sf-image-store/client/node";
import { oneLine } from "../output/escape.js";
import type { Resume } from "../output/hints.js";
import {
  DetailedError,
  type ExitCode,
  exitCode,
  type FailureCode,
  type FailureContext,
  failureCodeOf,
  UploadsError,
} from "./errors.js";
import type { FailureKind } from "./facts.js";
import { type Facts, factsOf } from "./facts.js";
import { failureKinds } from "./kinds.js";

/** A failure in the form it is reported. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** For programs. `code` and `kind` are stable; `message` and `remedy` may change. */
  readonly document: FailureDocument;
  readonly text: string;
}

export interface FailureDocument {
  /** The name of the exit code. */
  readonly code: FailureCode;
  readonly exitCode: ExitCode;
  /** What happened, more specifically than `code`. */
  readonly kind: string;
  readonly message: string;
  readonly remedy?: string;
  readonly details: object;
}

/** Maximum number of differences in the text. JSON contains all. */
const shownDifferences = 20;

/** Explains an error: what failed, the exit code, and what to do. */
export function explain(
  error: unknown,
  { isInterrupted = false, maybeChanged = false, resume }: FailureContext = {},
): Failure {
  if (error instanceof UploadsError) {
    const code = failureCodeOf(error.worst.code, { isInterrupted, maybeChanged });
    const { message, details } = error;
    const document = { code, exitCode: exitCode[code], kind: error.worst.kind, message, details };
    return { exitCode: exitCode[code], document, text: message };
  }
  const facts = factsOf(error);
  const found = failureKinds.find(({ applies }) => applies(facts));
  // A failed upload has always sent something.
  const hasSent = maybeChanged || facts.upload !== undefined;
  const code = failureCodeOf(found?.code ?? "failed", { isInterrupted, maybeChanged: hasSent });
  const kind = isInterrupted ? "interrupted" : (found?.kind ?? "other");
  const remedy = isInterrupted ? undefined : found?.remedy?.(facts);
  const isStopped = isInterrupted && facts.names.has("AbortError") && detailsFrom(facts) === undefined;
  // After Ctrl+C, the request that was aborted is irrelevant.
  const message = isStopped ? stoppedText(hasSent, resume) : messageOf(found, facts, hasSent);
  const ending = exitCode[code];
  return {
    exitCode: ending,
    document: {
      ...{ code, exitCode: ending, kind, message },
      ...(remedy === undefined ? {} : { remedy }),
      details: { ...detailsOf(facts), ...(isStopped && resume !== undefined ? { resume } : {}) },
    },
    text: [
      textOf(facts, message),
      ...(remedy === undefined ? [] : [remedy]),
      ...diagnosisHint(facts, isInterrupted),
    ].join("\n"),
  };
}

function stoppedText(hasSent: boolean, resume: Resume | undefined): string {
  if (resume === undefined) return "Stopped.";
  return `Stopped.${hasSent ? "" : " Nothing was sent."}\nTo resume, run:\n  ${resume.command}`;
}

/** An upload's own message also says how much was uploaded and how to resume. */
function messageOf(found: FailureKind | undefined, facts: Facts, hasSent: boolean): string {
  const message = (facts.upload === undefined ? found?.message?.(facts) : undefined) ?? facts.message;
  if (found?.kind === "invalid-input") return flagText(hasSent ? withoutEnding(message) : message);
  // The client's "Nothing was sent" refers only to the rejected call.
  return hasSent ? withoutEnding(message) : message;
}

function withoutEnding(message: string): string {
  return message.replace(/\s+Nothing was sent\.$/, "");
}

/** The client's names of parameters and options mean nothing to users of the command line. */
function flagText(message: string): string {
  return message
    .replace(/^storePath (?=contains|has|must)/, "The store path ")
    .replace(": set the client's gatewayPlatform", "");
}

/** `doctor` can tell more about a failed connection. */
function diagnosisHint({ network, fabric }: Facts, isInterrupted: boolean): readonly string[] {
  const isConnection = network !== undefined || fabric?.status === 401 || fabric?.status === 403;
  return isConnection && !isInterrupted ? ["To diagnose the connection, run: sf-image-store doctor"] : [];
}

/** The details for programs. Contains no secrets, because the client's errors contain none. */
function detailsOf({ chain, fabric, network, upload, certificate, systemCodes }: Facts): object {
  const request = fabric ?? network;
  const verification = chain.find(isVerificationError);
  const input = chain.find(isInvalidInputError);
  return {
    ...(fabric === undefined ? {} : { status: fabric.status, fabricCode: fabric.code ?? null }),
    ...(request === undefined
      ? {}
      : { operation: request.operationId, request: request.request, requestId: request.requestId }),
    ...(systemCodes[0] === undefined ? {} : { systemCode: systemCodes.at(-1) }),
    ...(certificate === undefined
      ? {}
      : { server: certificate.server, expected: certificate.expected, actual: certificate.actual }),
    ...(upload === undefined
      ? {}
      : {
          reason: upload.reason,
          storePath: upload.storePath,
          sessionId: upload.sessionId ?? null,
          committedBytes: upload.committedBytes,
          totalBytes: upload.totalBytes,
          totals: upload.totals,
        }),
    ...(verification === undefined ? {} : { differences: verification.differences }),
    // In an upload error, the parameter is an internal option that the user did not pass.
    ...(input === undefined || upload !== undefined ? {} : { parameter: input.parameter }),
    ...detailsFrom({ chain }),
  };
}

function detailsFrom({ chain }: Pick<Facts, "chain">): object | undefined {
  return chain.find((one) => one instanceof DetailedError)?.details;
}

function textOf({ chain }: Facts, message: string): string {
  const differences = chain.find(isVerificationError)?.differences;
  if (differences === undefined) return message;
  const lines = differences.slice(0, shownDifferences).map((one) => `  ${differenceText(one)}`);
  const more = differences.length - shownDifferences;
  const count = differences.length === 1 ? "1 difference" : `${differences.length} differences`;
  return [
    `The image store does not match: ${count}.`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more (to see all, pass --json)`] : []),
  ].join("\n");
}

function differenceText({ storePath: path, kind, expectedSize, actualSize }: Difference): string {
  const storePath = oneLine(path);
  switch (kind) {
    case "missing":
      return `${storePath} is missing`;
    case "wrong-size":
      return `${storePath} has ${actualSize} bytes instead of ${expectedSize}`;
    case "unchanged":
      return `${storePath} is still the old file, although the server reported success`;
    case "different-content":
      return `${storePath} has different content, although names and sizes are the same`;
    case "unexpected":
      return `${storePath} is not expected here`;
    case "unmarked":
      return `${storePath} has no mark file (_.dir)`;
  }
}
