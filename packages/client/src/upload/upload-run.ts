import { type Clock, linkedAbort } from "../async/clock.js";
import { Limiter } from "../async/concurrency.js";
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
  SessionLostError,
  SourceError,
  UploadError,
  type UploadFailure,
} from "./upload-error.js";
import type { TransferSettings } from "./upload-options.js";
import { type StoreOperations, UploadServer } from "./upload-server.js";

/** What uploads need of the client that makes them, and of the world. */
export interface UploadEnvironment {
  readonly operations: StoreOperations;
  readonly gateway: GatewayMemory;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Gives an upload what its files share, ends it when its time is over, and leaves nothing running. */
export async function runUpload<Value>(
  environment: UploadEnvironment,
  settings: TransferSettings,
  perform: (run: UploadRun) => Promise<Value>,
): Promise<Value> {
  const { operations, clock } = environment;
  const end = linkedAbort(settings.abortSignal);
  const { timeoutMs } = settings;
  const cancel =
    timeoutMs === undefined
      ? () => {}
      : clock.setTimer(timeoutMs, () => {
          end.abort(new DOMException(`${timeoutMs} ms have passed`, "TimeoutError"));
        });
  const buffers = new BufferPool(settings.concurrency);
  const progress = new ProgressTracker(settings.onProgress, (error) => end.abort(error));
  try {
    return await perform({
      ...environment,
      settings,
      server: new UploadServer(operations, clock),
      slots: new Limiter(settings.concurrency),
      buffers,
      blocks: blockMemory(settings, buffers),
      signal: end.signal,
      progress,
    });
  } finally {
    cancel();
    end.unlink();
    // What a failure has left behind must not read on.
    end.abort();
  }
}

export function newFile(
  run: UploadRun,
  storePath: string,
  source: EngineSource,
  needs: FileNeeds,
): FileUpload {
  const retryBudget = new RetryBudget(run.settings.retry, run.clock, run.random);
  const tracker = run.progress.addFile(storePath, source.size);
  return {
    ...{ storePath, source, tracker, retryBudget, needs },
    hash: undefined,
    ...{ sessionId: undefined, isSessionGone: false, before: undefined },
    hasCompleteSession: false,
    firstLife: 0,
  };
}

/** The one terminal error of an upload, for whatever ended it. */
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

/** What a client remembers of its gateway from one upload to the next. */
export interface GatewayMemory {
  /** Whether it knows upload sessions. Undefined until the first was asked for. */
  hasSessions: boolean | undefined;
  /** Whether it has ever answered as a gateway does. */
  hasAnswered: boolean;
  /** The smallest body that something on the way was too small for, in bytes. Undefined if there was none. */
  refusedSize: number | undefined;
}

/** What all files of one upload share. */
export interface UploadRun {
  readonly server: UploadServer;
  readonly gateway: GatewayMemory;
  readonly settings: TransferSettings;
  readonly slots: Limiter;
  readonly buffers: BufferPool;
  /** For hashing. */
  readonly blocks: BlockMemory;
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1. */
  readonly random: () => number;
  /** Aborted when the upload shall end: by the caller, by time, or because another file of it failed. */
  readonly signal: AbortSignal;
  readonly progress: ProgressTracker;
}

/** What the store listed at a path before the first write to it. */
export interface StateBefore {
  /** Undefined when there was no file. */
  readonly file: Pick<StoreFile, "fileSize" | "fileVersion"> | undefined;
}

/** What else an upload needs to know of its files. */
export interface FileNeeds {
  /** The listing must prove the file: then `before` is read before the first write. */
  readonly proof: boolean;
  /** The hash of the content is needed for a receipt, also if nothing else needs it. */
  readonly hash: boolean;
}

/** One file on its way. */
export interface FileUpload {
  readonly storePath: string;
  /** Replaced by one that knows its fingerprint, once there is one. */
  source: EngineSource;
  readonly tracker: FileTracker;
  readonly retryBudget: RetryBudget;
  /** Set as soon as there is one, for errors to tell. */
  sessionId: string | undefined;
  readonly needs: FileNeeds;
  /** The hash of the content of a source, in hex. Undefined as long as none was computed. */
  hash: { readonly source: EngineSource; readonly digest: string } | undefined;
  /** What was at the path before the first write. Undefined as long as it has not been read. */
  before: StateBefore | undefined;
  /** Whether its session held every byte when it was asked for first, in the delivery under way. */
  hasCompleteSession: boolean;
  /** The first of its derived session ids that may be used; see `derivedIds`. */
  firstLife: number;
  /** Whether the server no longer has what it had of an unfinished file: it was deleted, or lost. */
  isSessionGone: boolean;
}

export function newRetryBudget({ settings, clock, random }: UploadRun): RetryBudget {
  return new RetryBudget(settings.retry, clock, random);
}

/** How often a file is delivered again that the server says it stored and does not list. */
const mostRedeliveries = 3;

/** Patience for deliveries that the listing does not confirm: each sends whole files. */
export function newDeliveries({ settings, clock, random }: UploadRun): RetryBudget {
  const { retry } = settings;
  const maxRetries = Math.min(retry.maxRetries, mostRedeliveries);
  return new RetryBudget({ ...retry, maxRetries }, clock, random);
}

/** Patience that lasts for about so many seconds more than usual. */
export function retryBudgetFor({ settings, clock, random }: UploadRun, seconds: number): RetryBudget {
  const { maxRetries, maxRetryDelayMs } = settings.retry;
  // A wait is random: half of its upper end, on average.
  const more = Math.ceil((seconds * 1000) / Math.max(maxRetryDelayMs / 2, 1));
  return new RetryBudget({ ...settings.retry, maxRetries: maxRetries + more }, clock, random);
}

/** Makes a small request that may be repeated, as often as `patience` allows. */
export async function withRetries<Value>(
  run: UploadRun,
  retryBudget: RetryBudget,
  request: () => Promise<Value>,
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

/** Waits if it may help. Throws `error` otherwise, or the signal's reason when the upload shall end. */
export async function waitOrThrow(run: UploadRun, retryBudget: RetryBudget, error: unknown): Promise<void> {
  run.signal.throwIfAborted();
  if (isFabricError(error)) run.gateway.hasAnswered = true;
  if (!isTransient(error)) throw error;
  if (isUnreachable(error) && !run.gateway.hasAnswered) throw error;
  await retryBudget.wait(error, run.signal);
}
