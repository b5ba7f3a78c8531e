import { type Clock, linkedAbort, sleep } from "../async/clock.js";
import { Limiter, type MovingLevel } from "../async/concurrency.js";
import type { RateLimit } from "../async/rate-limit.js";
import {
  isCredentialError,
  isFabricError,
  isInvalidInputError,
  isMalformedAnswer,
  isTransient,
  isUnreachable,
} from "../errors/errors.js";
import { RetryBudget } from "../http/retry.js";
import type { StoreFile } from "../operations/content.js";
import type { EngineSource } from "./byte-source.js";
import { type BlockMemory, BufferPool, blockMemory } from "./fingerprint.js";
import { type FileTracker, ProgressTracker } from "./progress.js";
import {
  isUploadError,
  isVerificationError,
  SourceError,
  UploadError,
  type UploadFailure,
} from "./upload-error.js";
import { fixedAutoLevel, maxAutoBytes, maxChunks, type TransferSettings } from "./upload-options.js";
import { type StoreOperations, UploadServer } from "./upload-server.js";

/** What uploads need from the client and the platform. */
export interface UploadEnvironment {
  readonly operations: StoreOperations;
  readonly gateway: GatewayMemory;
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes the level of an upload with the concurrency `"auto"`. Without it, the level is fixed. */
  readonly newLevel?: ((clock: Clock, isPaced: () => boolean) => MovingLevel) | undefined;
}

/** Runs an upload with its shared resources and its time limit, and stops everything at the end. */
export async function runUpload<Value>(
  environment: UploadEnvironment,
  settings: TransferSettings,
  perform: (run: UploadRun) => Promise<Value>,
): Promise<Value> {
  const { operations, clock, newLevel } = environment;
  const end = linkedAbort(settings.abortSignal);
  const { timeoutMs, maxBytesPerSecond } = settings;
  const cancel =
    timeoutMs === undefined
      ? () => {}
      : clock.setTimer(timeoutMs, () => {
          end.abort(new DOMException(`The upload exceeded ${timeoutMs} ms`, "TimeoutError"));
        });
  const { concurrency, chunkSize } = settings;
  const chunks = maxChunks(settings);
  const buffers = new BufferPool(chunks);
  const progress = new ProgressTracker(settings.onProgress, (error) => end.abort(error));
  try {
    const rateLimit = await createRateLimit(maxBytesPerSecond, clock);
    return await perform({
      ...environment,
      settings,
      server: new UploadServer(operations, clock, rateLimit),
      slots:
        concurrency === "auto"
          ? new Limiter(
              newLevel?.(clock, () => rateLimit?.isFull === true) ?? fixedAutoLevel,
              maxAutoBytes(chunkSize),
            )
          : new Limiter(concurrency),
      buffers,
      blocks: blockMemory({ chunkSize, concurrency: chunks }, buffers),
      signal: end.signal,
      progress,
    });
  } finally {
    cancel();
    end.unlink();
    // Stops reads and requests that are still running after a failure.
    end.abort();
  }
}

/** Loads the limit only if it is used, so that pages need not load it. */
async function createRateLimit(rate: number | undefined, clock: Clock): Promise<RateLimit | undefined> {
  if (rate === undefined) return undefined;
  const { RateLimit } = await import("../async/rate-limit.js");
  return new RateLimit(rate, clock, sleep);
}

export function createFileUpload(
  run: UploadRun,
  storePath: string,
  source: EngineSource,
  needs: FileNeeds,
): FileUpload {
  const retryBudget = newRetryBudget(run);
  const tracker = run.progress.addFile(storePath, source.size);
  return {
    storePath,
    source,
    tracker,
    retryBudget,
    needs,
    hash: undefined,
    get sessionId() {
      return tracker.sessionId;
    },
    set sessionId(id) {
      tracker.sessionId = id;
    },
    isSessionGone: false,
    before: undefined,
    hasCompleteSession: false,
    skippedSessionIds: 0,
  };
}

/** The error that an upload rejects with. */
export function uploadError(run: UploadRun, file: FileUpload, error: unknown): unknown {
  if (isUploadError(error) || isVerificationError(error) || isInvalidInputError(error)) return error;
  const { storePath, tracker, isSessionGone } = file;
  const { totalBytes } = tracker.state;
  const committedBytes = isSessionGone ? 0 : tracker.state.committedBytes;
  const sessionId = isSessionGone ? undefined : file.sessionId;
  const reason = failureOf(run, error);
  const state = { reason, storePath, sessionId, committedBytes, totalBytes, totals: run.progress.totals };
  return new UploadError(state, run.progress.failure ?? error);
}

/** The server lost the upload session more often than the retries allow. Reported as `no-progress`. */
export class SessionLostError extends Error {
  override readonly name = "SessionLostError";

  constructor() {
    super("The server keeps losing the upload session");
  }
}

/** Why an upload ended. */
export function failureOf({ signal, gateway, progress }: UploadRun, error: unknown): UploadFailure {
  if (progress.failure !== undefined) return "internal";
  if (signal.aborted) {
    const { reason } = signal;
    return reason instanceof Error && reason.name === "TimeoutError" ? "timed-out" : "aborted";
  }
  if (error instanceof SourceError) return "source";
  if ((isCredentialError(error) || isMalformedAnswer(error)) && !gateway.hasAnswered) return "refused";
  if (isTransient(error) || error instanceof SessionLostError) return "no-progress";
  return isClientError(error) ? "refused" : "internal";
}

function isClientError(error: unknown): boolean {
  return error instanceof Error && ["FabricError", "NetworkError", "ProtocolError"].includes(error.name);
}

/** What a client remembers about its gateway between uploads. */
export interface GatewayMemory {
  /** Whether the gateway supports upload sessions. Undefined until the first request for one. */
  hasSessions: boolean | undefined;
  /** Whether it has ever responded like a gateway. */
  hasAnswered: boolean;
  /** The size of the smallest body that a proxy rejected as too large, in bytes, if any. */
  rejectedSize: number | undefined;
}

/** What all files of an upload share. */
export interface UploadRun {
  readonly server: UploadServer;
  readonly gateway: GatewayMemory;
  readonly settings: TransferSettings;
  readonly slots: Limiter;
  readonly buffers: BufferPool;
  /** The memory for hashing. */
  readonly blocks: BlockMemory;
  readonly clock: Clock;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Aborted when the caller aborts, the time is over, or another file failed. */
  readonly signal: AbortSignal;
  readonly progress: ProgressTracker;
}

/** The state of a path before the first write. */
export interface StateBefore {
  /** Undefined if there was no file. */
  readonly file: Pick<StoreFile, "fileSize" | "fileVersion"> | undefined;
}

/** What an upload needs to know about its files. */
export interface FileNeeds {
  /** The listing has to prove the file, so `before` must be read before the first write. */
  readonly proof: boolean;
  /** The receipt needs the hash of the content. */
  readonly hash: boolean;
}

/** The upload of one file. */
export interface FileUpload {
  readonly storePath: string;
  /** Replaced after hashing by a source that can check its content. */
  source: EngineSource;
  readonly tracker: FileTracker;
  readonly retryBudget: RetryBudget;
  /** Set as soon as it is known, for errors. */
  sessionId: string | undefined;
  readonly needs: FileNeeds;
  /** The content hash of a source, in hex. Undefined until it is computed. */
  hash: { readonly source: EngineSource; readonly digest: string } | undefined;
  /** The state of the path before the first write. Undefined until it is read. */
  before: StateBefore | undefined;
  /** Whether the session was complete when it was first read in the current delivery. */
  hasCompleteSession: boolean;
  /** The number of derived session IDs to skip; see `derivedIds`. */
  skippedSessionIds: number;
  /** Whether the unfinished session was deleted or lost. */
  isSessionGone: boolean;
}

/** @param maxRetries Default: as many as the caller allows. */
export function newRetryBudget(
  { settings: { retry }, clock, random }: UploadRun,
  maxRetries = retry.maxRetries,
): RetryBudget {
  return new RetryBudget({ ...retry, maxRetries }, clock, random);
}

/** How often to send a file again if the server reported success but does not list it. */
const maxRedeliveries = 3;

/** The retries for deliveries that the listing does not confirm. Few, because each sends whole files. */
export function newDeliveryBudget(run: UploadRun): RetryBudget {
  return newRetryBudget(run, Math.min(run.settings.retry.maxRetries, maxRedeliveries));
}

/** A retry budget that lasts about `seconds` longer than usual. */
export function retryBudgetFor(run: UploadRun, seconds: number): RetryBudget {
  const { maxRetries, maxRetryDelayMs } = run.settings.retry;
  // A delay is random: on average half of its limit.
  const more = Math.ceil((seconds * 1000) / Math.max(maxRetryDelayMs / 2, 1));
  return newRetryBudget(run, maxRetries + more);
}

/** Makes an idempotent request and retries it as long as the budget allows. */
export async function withRetries<Value>(
  run: UploadRun,
  request: () => Promise<Value>,
  retryBudget = newRetryBudget(run),
): Promise<Value> {
  for (;;) {
    try {
      const value = await run.slots.run("small", run.signal, request);
      run.gateway.hasAnswered = true;
      return value;
    } catch (error) {
      await waitOrThrow(run, retryBudget, error);
    }
  }
}

/** Waits before a retry. Throws `error` if a retry would not help, or the signal's reason after an abort. */
export async function waitOrThrow(run: UploadRun, retryBudget: RetryBudget, error: unknown): Promise<void> {
  run.signal.throwIfAborted();
  if (isFabricError(error)) run.gateway.hasAnswered = true;
  if (!isTransient(error)) throw error;
  if (isUnreachable(error) && !run.gateway.hasAnswered) throw error;
  await retryBudget.wait(error, run.signal);
}
