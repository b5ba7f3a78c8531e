import { InvalidInputError } from "../errors/errors.js";
import type { RetrySettings } from "../http/retry.js";
import { type RetryOptions, requireInteger, retrySettings } from "../http/retry.js";
import type { OptionNames } from "../wire/validation.js";
import type { ByteSource } from "./byte-source.js";
import type { OnProgress, UploadProgress } from "./progress.js";

const KiB = 1024;
const MiB = 1024 * KiB;

/** See the option `fingerprint`. */
export type Fingerprint = "content" | "stat" | ((source: ByteSource) => string | Promise<string>);

/** What uploads of files and of packages have in common. */
export interface TransferOptions {
  /** Requests under way at a time, over all files, 1 to 256. @default 8 */
  readonly concurrency?: number;
  /**
   * Bytes per chunk, 1 to 268435456 (256 MiB). Memory taken is at most this times `concurrency`, and 16 MiB for hashing.
   * On a network that lets no chunk through, smaller ones are tried. @default 4194304 (4 MiB)
   */
  readonly chunkSize?: number;
  /**
   * Files up to this many bytes go in one request, without a session, and are sent anew after a break; 0 to 268435456.
   * Gateways on Linux take nothing else, so all files go that way there. @default 262144 (256 KiB)
   */
  readonly maxSingleShotSize?: number;
  readonly retryOptions?: RetryOptions;
  /** How long the whole upload may take, in milliseconds, 1 or more. @default no limit */
  readonly timeoutMs?: number;
  /** Stops the upload, which rejects within a second. What has arrived stays, for the next upload of the same content. */
  readonly abortSignal?: AbortSignal;
  /** What becomes of unfinished sessions when `abortSignal` stops the upload. @default "keep" */
  readonly sessionsOnAbort?: "keep" | "delete";
  /**
   * Called at every step, and not waited for until the upload is done. An error that it throws, or that its promise rejects
   * with, ends the upload.
   */
  readonly onProgress?: (progress: UploadProgress) => void;
  /**
   * What the id of a session is derived from, and so what counts as the same upload when it is started again: `"content"`,
   * the bytes; `"stat"`, name and time of a file; or a function that returns any text. @default "content"
   */
  readonly fingerprint?: Fingerprint;
  /**
   * Leave a receipt in the store when the listing has proved the upload: an empty file whose name stands for the content and
   * for the versions of what was written. With it, the same upload, started again on any machine, sends nothing. Needs
   * `verify` and the fingerprint `"content"`; without them there is none. @default true
   */
  readonly receipt?: boolean;
}

/** How to upload a file. */
export interface UploadFileOptions extends TransferOptions {
  /** Compare path and size with the store's listing when done. @default true */
  readonly verify?: boolean;
  /** The GUID to use for the session, instead of a derived one. Nobody but uploads of this content may use it. */
  readonly sessionId?: string;
}

/** What became of a file. */
export interface UploadedFile {
  readonly storePath: string;
  readonly totalBytes: number;
  /** Bytes handed to the network in this run. */
  readonly sentBytes: number;
  /** Bytes that the server held before, and that were not sent. */
  readonly resumedBytes: number;
  /** The session it came through. Undefined for one request without a session. */
  readonly sessionId: string | undefined;
  /** Whether that session, with its chunks, is gone. If not, the server drops it after about 30 minutes. */
  readonly sessionDeleted: boolean;
  /** Whether a receipt proved that the file was in the store already, with the same content: then nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the receipt. Undefined without one; see the option `receipt`. */
  readonly receipt: string | undefined;
  /** Why the store did not take a receipt. The file is in the store nevertheless. */
  readonly receiptFailure: Error | undefined;
}

/** How much a comparison with the store could prove. */
export interface Verified {
  /**
   * `content`: a receipt says that what is in the store was sent from the same content, and has not been written since.
   * `sizes`: there is no such receipt, and the image store gives no content back: paths and sizes are the same.
   */
  readonly proof: "content" | "sizes";
}

/** How to compare with the store. */
export type VerifyOptions = Pick<
  TransferOptions,
  "concurrency" | "retryOptions" | "timeoutMs" | "abortSignal"
>;

export const verifyOptionNames: OptionNames<VerifyOptions> = {
  ...{ concurrency: true, retryOptions: true, timeoutMs: true, abortSignal: true },
};

export const transferOptionNames: OptionNames<TransferOptions> = {
  ...verifyOptionNames,
  ...{ chunkSize: true, maxSingleShotSize: true, sessionsOnAbort: true, onProgress: true },
  ...{ fingerprint: true, receipt: true },
};

export const uploadFileOptionNames: OptionNames<UploadFileOptions> = {
  ...transferOptionNames,
  ...{ verify: true, sessionId: true },
};

/** Options that are checked and complete. */
export interface TransferSettings {
  readonly concurrency: number;
  readonly chunkSize: number;
  readonly maxSingleShotSize: number;
  readonly retry: RetrySettings;
  readonly timeoutMs: number | undefined;
  readonly abortSignal: AbortSignal | undefined;
  readonly sessionsOnAbort: "keep" | "delete";
  readonly onProgress: OnProgress | undefined;
  readonly fingerprint: Fingerprint;
  readonly receipt: boolean;
}

/** Throws InvalidInputError for the first option that cannot be used. */
export function transferSettings(options: TransferOptions): TransferSettings {
  const { retryOptions = {}, timeoutMs, sessionsOnAbort = "keep", fingerprint = "content" } = options;
  const { abortSignal, onProgress, receipt = true } = options;
  if (typeof receipt !== "boolean") throw new InvalidInputError("receipt", "must be true or false");
  if (sessionsOnAbort !== "keep" && sessionsOnAbort !== "delete") {
    throw new InvalidInputError("sessionsOnAbort", 'must be "keep" or "delete"');
  }
  if (fingerprint !== "content" && fingerprint !== "stat" && typeof fingerprint !== "function") {
    throw new InvalidInputError("fingerprint", 'must be "content", "stat" or a function');
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new InvalidInputError("onProgress", "must be a function");
  }
  return {
    concurrency: requireInteger("concurrency", options.concurrency ?? 8, 1, 256),
    chunkSize: requireInteger("chunkSize", options.chunkSize ?? 4 * MiB, 1, 256 * MiB),
    maxSingleShotSize: requireInteger(
      "maxSingleShotSize",
      options.maxSingleShotSize ?? 256 * KiB,
      0,
      256 * MiB,
    ),
    retry: retrySettings(retryOptions, 10),
    timeoutMs:
      timeoutMs === undefined
        ? undefined
        : requireInteger("timeoutMs", timeoutMs, 1, Number.MAX_SAFE_INTEGER),
    abortSignal,
    sessionsOnAbort,
    onProgress,
    fingerprint,
    receipt,
  };
}
