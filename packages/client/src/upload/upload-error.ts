import { isFabricError, isNamed, isNetworkError, plainValues } from "../errors/errors.js";
import type { UploadProgress } from "./progress.js";

/** The source is not what it was: it ended early, cannot be read any more, or has changed. The upload was not completed. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/**
 * Why an upload ended:
 * - `aborted`: by the caller's `abortSignal`;
 * - `timed-out`: `timeoutMs` had passed;
 * - `no-progress`: failures that may pass went on for longer than `retryOptions` allow;
 * - `refused`: the server, or the way to it, will not take the file like this;
 * - `source`: the content cannot be read, or has changed;
 * - `internal`: something else, such as an error that `onProgress` threw.
 */
export type UploadFailure = "aborted" | "timed-out" | "no-progress" | "refused" | "source" | "internal";

/** What an UploadError knows of the upload. */
export interface UploadState {
  readonly reason: UploadFailure;
  /** The file that could not be uploaded; the package, when it was no single file that failed. */
  readonly storePath: string;
  /** The session with what has arrived of the file. Undefined when there is none, or none any more. */
  readonly sessionId: string | undefined;
  /** Bytes of the file that the server holds. 0 if its session was deleted: by `sessionsOnAbort`, or as a mixture. */
  readonly committedBytes: number;
  /** Bytes of the file. */
  readonly totalBytes: number;
  /** Over all files of the upload. */
  readonly totals: Omit<UploadProgress, "file">;
}

/**
 * An upload ended before everything was in the store. Nothing that has arrived is lost: the same call, with the same
 * content, continues as long as the session lives, about 30 minutes after its last new chunk (protocol §2.8).
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

  /** For logs: plain values, the cause with its code and status, no stacks. */
  toJSON(): object {
    return { ...plainValues(this), cause: described(this.cause) };
  }
}

/** One way in which the store is not what was uploaded. */
export interface Difference {
  readonly storePath: string;
  /**
   * `unchanged` is a file that still is the one from before the upload, though the server answered that it stored the new
   * one; `different-content` is a file or package whose receipt is one of other content; `unmarked` is a folder without
   * its mark file `_.dir`.
   */
  readonly kind: "missing" | "wrong-size" | "unchanged" | "different-content" | "unexpected" | "unmarked";
  /** In bytes, for files. */
  readonly expectedSize?: number;
  readonly actualSize?: number;
}

/** The store's listing is not that of what was uploaded. The upload does not count as done. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
  /** All of them. Never empty. */
  readonly differences: readonly Difference[];

  constructor(storePath: string, differences: readonly Difference[]) {
    const shown = differences.slice(0, 10).map(differenceText).join("; ");
    const more = differences.length > 10 ? `; and ${differences.length - 10} more` : "";
    super(`${storePath} is not what was to be stored: ${shown}${more}.`);
    this.differences = differences;
  }

  toJSON(): object {
    return plainValues(this);
  }
}

/** A difference in words, without a full stop. */
export function differenceText({ storePath, kind, expectedSize, actualSize }: Difference): string {
  if (kind === "wrong-size") return `${storePath} has ${actualSize} bytes instead of ${expectedSize}`;
  if (kind === "unchanged") return `${storePath} is still the file from before the upload`;
  if (kind === "different-content") return `${storePath} has different content`;
  if (kind === "unmarked") return `the folder ${storePath} has no mark file _.dir`;
  return `${storePath} is ${kind}`;
}

function message(state: UploadState, cause: unknown): string {
  const { storePath, sessionId, committedBytes, totalBytes } = state;
  const why = cause instanceof Error ? cause.message : String(cause);
  const what = `The upload of ${storePath} ended at ${committedBytes} of ${totalBytes} bytes (${state.reason}): ${why}`;
  const end = /[.!?…]$/.test(what) ? what : `${what}.`;
  if (state.reason === "source" && (sessionId === undefined || committedBytes === 0)) {
    return `${end} Upload it anew when it can be read and no longer changes.`;
  }
  if (committedBytes === 0) return `${end} Nothing of it is known to be in the store.`;
  if (sessionId === undefined) return `${end} What is in the store stays there: start the same upload again.`;
  return (
    `${end} What has arrived is kept in session ${sessionId} for about 30 minutes: ` +
    "the same upload, started again, sends only the rest."
  );
}

/** An error as plain values. */
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

/** The server lost the session of an upload more often than the upload may retry. Counts as a lack of progress. */
export class SessionLostError extends Error {
  override readonly name = "SessionLostError";

  constructor() {
    super("The server keeps losing the upload session");
  }
}
