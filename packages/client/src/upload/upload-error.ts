import { isFabricError, isNamed, isNetworkError, plainValues, sentence } from "../errors/errors.js";
import type { UploadProgress } from "./progress.js";

/** The source changed, ended early, or can no longer be read. The upload was not completed. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/**
 * Why an upload ended:
 * - `aborted`: the caller aborted `abortSignal`;
 * - `timed-out`: the upload took longer than `timeoutMs`;
 * - `no-progress`: transient failures used up the retries of `retryOptions`;
 * - `refused`: the server, a proxy or the connection rejected the upload, and a retry would not help;
 * - `source`: the content cannot be read or has changed;
 * - `internal`: any other error, such as one thrown by `onProgress`.
 */
export type UploadFailure = "aborted" | "timed-out" | "no-progress" | "refused" | "source" | "internal";

/** The state of an upload when it failed. */
export interface UploadState {
  readonly reason: UploadFailure;
  /** The file that failed, or the package if the failure is not about one file. */
  readonly storePath: string;
  /** The upload session with the received bytes of the file. Undefined if there is none. */
  readonly sessionId: string | undefined;
  /** The bytes of the file that the server has. 0 if its session was deleted. */
  readonly committedBytes: number;
  /** The size of the file in bytes. */
  readonly totalBytes: number;
  /** The totals of all files in the upload. */
  readonly totals: Omit<UploadProgress, "file">;
}

/**
 * An upload failed. The same call with the same content resumes it until the session expires, about 30 minutes after its last
 * new chunk (protocol §2.8).
 */
export class UploadError extends Error {
  override readonly name = "UploadError";
  readonly reason: UploadFailure;
  readonly storePath: string;
  readonly sessionId: string | undefined;
  readonly committedBytes: number;
  readonly totalBytes: number;
  readonly totals: Omit<UploadProgress, "file">;

  constructor(state: UploadState, cause: unknown) {
    super(message(state, cause), { cause });
    this.reason = state.reason;
    this.storePath = state.storePath;
    this.sessionId = state.sessionId;
    this.committedBytes = state.committedBytes;
    this.totalBytes = state.totalBytes;
    this.totals = state.totals;
  }

  /** Plain values for logs: includes the cause with its code and status, leaves out stacks. */
  toJSON(): object {
    return { ...plainValues(this), cause: described(this.cause) };
  }
}

/** A difference between the store and the uploaded content. */
export interface Difference {
  readonly storePath: string;
  /**
   * `unchanged`: the store still has the old file, although the server reported success; `different-content`: the receipt of
   * the file or package is for different content; `unmarked`: the folder has no mark file `_.dir`.
   */
  readonly kind: "missing" | "wrong-size" | "unchanged" | "different-content" | "unexpected" | "unmarked";
  /** The size in bytes, for files. */
  readonly expectedSize?: number;
  readonly actualSize?: number;
}

/** The store's listing does not match the uploaded content. The upload is not complete. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
  /** All differences. Never empty. */
  readonly differences: readonly Difference[];

  constructor(storePath: string, differences: readonly Difference[]) {
    const listed = differences.slice(0, 10).map(differenceText).join("; ");
    const more = differences.length > 10 ? `; and ${differences.length - 10} more` : "";
    super(`${storePath} does not match the uploaded content: ${listed}${more}.`);
    this.differences = differences;
  }

  toJSON(): object {
    return plainValues(this);
  }
}

/** A description without a trailing period. */
export function differenceText({ storePath, kind, expectedSize, actualSize }: Difference): string {
  if (kind === "wrong-size") return `${storePath} has ${actualSize} bytes instead of ${expectedSize}`;
  if (kind === "unchanged") return `${storePath} is still the old file`;
  if (kind === "different-content") return `${storePath} has different content`;
  if (kind === "unmarked") return `the folder ${storePath} has no mark file _.dir`;
  return `${storePath} is ${kind}`;
}

function message(state: UploadState, cause: unknown): string {
  const { storePath, committedBytes, totalBytes, reason } = state;
  const why = cause instanceof Error ? cause.message : String(cause);
  return sentence(
    `The upload of ${storePath} failed after ${committedBytes} of ${totalBytes} bytes (${reason}): ${why}`,
    advice(state),
  );
}

function advice({ reason, sessionId, committedBytes }: UploadState): string {
  if (reason === "source" && (sessionId === undefined || committedBytes === 0)) {
    return "Upload it again when it is readable and stable.";
  }
  if (committedBytes === 0) return "The server confirmed no bytes.";
  if (sessionId === undefined) return "Start the same upload again to send the rest.";
  return `Start the same upload again within about 30 minutes to send only the rest (session ${sessionId}).`;
}

/** Converts an error to plain values. */
function described(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  return {
    name: error.name,
    message: error.message,
    ...(isFabricError(error) ? { status: error.status, code: error.code } : {}),
    ...(isNetworkError(error) ? { code: error.code } : {}),
    ...("requestId" in error ? { requestId: error.requestId } : {}),
  };
}

export function isUploadError(error: unknown): error is UploadError {
  return isNamed(error, "UploadError");
}

export function isVerificationError(error: unknown): error is VerificationError {
  return isNamed(error, "VerificationError");
}
