import { InvalidInputError } from "../errors/errors.js";
import { slowestBytesPerSecond } from "../http/request.js";
import type { RetrySettings } from "../http/retry.js";
import { type RetryOptions, requireInteger, retrySettings } from "../http/retry.js";
import type { OptionNames } from "../wire/validation.js";
import type { ByteSource } from "./byte-source.js";
import type { OnProgress, UploadProgress } from "./progress.js";

const KiB = 1024;
const MiB = 1024 * KiB;

/** See the option `fingerprint`. */
export type Fingerprint = "content" | "stat" | ((source: ByteSource) => string | Promise<string>);

/** Options for uploads of files and packages. */
export interface TransferOptions {
  /**
   * The number of concurrent requests over all files, 1 to 256, or `"auto"`. `"auto"` means 8 in browsers, which open few
   * connections to a server. Clients of `@sf-image-store/client/node` begin with 8 requests and double them as long as each
   * takes no longer, up to 64; later they try more or fewer from time to time. They use fewer as soon as the server responds with
   * 429, 503 or 504, lets requests time out, or takes twice as long. @default "auto"
   */
  readonly concurrency?: number | "auto";
  /**
   * The chunk size in bytes, 1 to 268435456 (256 MiB). For chunks, an upload uses at most `chunkSize` × `concurrency` of memory,
   * or with `"auto"` 32 MiB or two chunks, whichever is more, and 16 MiB for hashing. The client reduces the chunk size if no
   * chunk gets through. @default 4194304 (4 MiB)
   */
  readonly chunkSize?: number;
  /**
   * The maximum size, in bytes, of files to send in one request without an upload session, 0 to 268435456. After an
   * interruption, the client sends such a file again from the start. Gateways on Linux support only this method, so it is used
   * for all files there. @default 262144 (256 KiB)
   */
  readonly maxSingleShotSize?: number;
  /**
   * The maximum number of bytes per second that all requests of the upload send together, 16384 (16 KiB) or more. Counts the
   * content and not the headers, on average over a second. Requests take turns: each sends small pieces at this rate, and waits
   * for its turn before its time limit starts. A `fetch` that is not from `createNodeFetch` sends a chunk or a small file at
   * once, and then the next one waits; choose a small `chunkSize` there. @default no limit
   */
  readonly maxBytesPerSecond?: number;
  readonly retryOptions?: RetryOptions;
  /** The time limit of the whole upload in milliseconds, 1 or more. @default no limit */
  readonly timeoutMs?: number;
  /** Stops the upload, which rejects within a second. The same upload can resume later. */
  readonly abortSignal?: AbortSignal;
  /** Whether to keep or delete unfinished sessions when `abortSignal` stops the upload. @default "keep" */
  readonly sessionsOnAbort?: "keep" | "delete";
  /**
   * Called at every step. If it returns a promise, the upload waits for it only at the end. If it throws or its promise rejects,
   * the upload ends.
   */
  readonly onProgress?: (progress: UploadProgress) => void;
  /**
   * How to detect that a file changed before resuming: `"content"` hashes the content, `"stat"` uses the name and modification
   * time, and a function returns any string that identifies the content. The session ID is derived from it.
   * @default "content"
   */
  readonly fingerprint?: Fingerprint;
  /**
   * Write a receipt to the store after verification: an empty file whose name is a hash of the content and the file versions.
   * With a receipt, the same upload on any machine sends nothing. Requires `verify` and the fingerprint `"content"`; ignored
   * otherwise. @default true
   */
  readonly receipt?: boolean;
}

/** Options of `uploadFile`. */
export interface UploadFileOptions extends TransferOptions {
  /** Verify the upload by reading the store's listing before and after. @default true */
  readonly verify?: boolean;
  /** The GUID of the session, instead of a derived one. Use it only for uploads of this content. */
  readonly sessionId?: string;
}

/** The result of `uploadFile`. */
export interface UploadedFile {
  readonly storePath: string;
  readonly totalBytes: number;
  /** The number of bytes sent in this run. */
  readonly sentBytes: number;
  /** The number of bytes that the server already had and that were not sent. */
  readonly resumedBytes: number;
  /** The upload session. Undefined if the file was sent in one request. */
  readonly sessionId: string | undefined;
  /** Whether the session and its chunks were deleted. If not, the server deletes them after about 30 minutes. */
  readonly sessionDeleted: boolean;
  /** Whether a receipt proved that the store already had the file with the same content, so that nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the new receipt, if any; see the option `receipt`. */
  readonly receipt: string | undefined;
  /** Why the receipt could not be written. The file is in the store nevertheless. */
  readonly receiptFailure: Error | undefined;
}

/** The result of a verification. */
export interface Verified {
  /**
   * `content`: a receipt proves that the store has the same content and that nothing was written since.
   * `sizes`: there is no valid receipt, so only paths and sizes were compared, because the API cannot read content back.
   */
  readonly proof: "content" | "sizes";
}

/** Options of `verifyFile`. */
export type VerifyOptions = Pick<
  TransferOptions,
  "concurrency" | "retryOptions" | "timeoutMs" | "abortSignal"
>;

export const verifyOptionNames: OptionNames<VerifyOptions> = {
  ...{ concurrency: true, retryOptions: true, timeoutMs: true, abortSignal: true },
};

export const transferOptionNames: OptionNames<TransferOptions> = {
  ...verifyOptionNames,
  ...{ chunkSize: true, maxSingleShotSize: true, maxBytesPerSecond: true },
  ...{ sessionsOnAbort: true, onProgress: true },
  ...{ fingerprint: true, receipt: true },
};

export const uploadFileOptionNames: OptionNames<UploadFileOptions> = {
  ...transferOptionNames,
  ...{ verify: true, sessionId: true },
};

/** Validated options with defaults. */
export interface TransferSettings {
  readonly concurrency: number | "auto";
  readonly chunkSize: number;
  readonly maxSingleShotSize: number;
  readonly maxBytesPerSecond: number | undefined;
  readonly retry: RetrySettings;
  readonly timeoutMs: number | undefined;
  readonly abortSignal: AbortSignal | undefined;
  readonly sessionsOnAbort: "keep" | "delete";
  readonly onProgress: OnProgress | undefined;
  readonly fingerprint: Fingerprint;
  readonly receipt: boolean;
}

/** Throws InvalidInputError for the first invalid option. */
export function transferSettings(options: TransferOptions): TransferSettings {
  const { retryOptions = {}, timeoutMs, sessionsOnAbort = "keep", fingerprint = "content" } = options;
  const { abortSignal, onProgress, receipt = true, maxBytesPerSecond } = options;
  requireBoolean("receipt", receipt);
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
    concurrency: requireConcurrency(options.concurrency),
    chunkSize: requireInteger("chunkSize", options.chunkSize ?? 4 * MiB, 1, 256 * MiB),
    maxSingleShotSize: requireInteger(
      "maxSingleShotSize",
      options.maxSingleShotSize ?? 256 * KiB,
      0,
      256 * MiB,
    ),
    maxBytesPerSecond:
      maxBytesPerSecond === undefined
        ? undefined
        : requireInteger(
            "maxBytesPerSecond",
            maxBytesPerSecond,
            slowestBytesPerSecond,
            Number.MAX_SAFE_INTEGER,
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

/** Throws InvalidInputError for any other value. */
export function requireBoolean(option: string, value: unknown): void {
  if (typeof value !== "boolean") throw new InvalidInputError(option, "must be true or false");
}

function requireConcurrency(concurrency: TransferOptions["concurrency"] = "auto"): number | "auto" {
  if (concurrency === "auto" || (Number.isSafeInteger(concurrency) && concurrency >= 1 && concurrency <= 256))
    return concurrency;
  throw new InvalidInputError(
    "concurrency",
    `must be "auto" or a whole number from 1 to 256, got ${concurrency}`,
  );
}

/** The level of `"auto"` if nothing moves it, as in browsers: they open at most 6 connections to a server. */
export const fixedAutoLevel = 8;

/** How many requests may ever run at the same time. */
export function maxConcurrency({ concurrency }: Pick<TransferSettings, "concurrency">): number {
  return concurrency === "auto" ? 64 : concurrency;
}

/** The memory for the content of all running requests with `"auto"`, in bytes. */
export function maxAutoBytes(chunkSize: number): number {
  return Math.max(32 * MiB, 2 * chunkSize);
}

/** How many chunks may be in memory at the same time. */
export function maxChunks(settings: Pick<TransferSettings, "concurrency" | "chunkSize">): number {
  const { chunkSize } = settings;
  const requests = maxConcurrency(settings);
  return settings.concurrency === "auto"
    ? Math.min(Math.floor(maxAutoBytes(chunkSize) / chunkSize), requests)
    : requests;
}
