import { isFabricError } from "../errors.js";
import type { BufferPool } from "./buffer-pool.js";
import type { EngineSource } from "./byte-source.js";
import type { Clock } from "./clock.js";
import type { BlockMemory } from "./fingerprint.js";
import { Patience } from "./patience.js";
import type { FileTracker, ProgressTracker } from "./progress.js";
import type { RequestSlots } from "./request-slots.js";
import { isTransient, isUnreachable } from "./transient.js";
import type { TransferSettings } from "./upload-options.js";
import type { UploadServer } from "./upload-server.js";

/** What a client remembers of its gateway from one upload to the next. */
export interface GatewayMemory {
  /** Whether it knows upload sessions. Undefined until the first was asked for. */
  hasSessions: boolean | undefined;
  /** Whether it has ever answered. */
  hasAnswered: boolean;
}

/** What all files of one upload share. */
export interface UploadRun {
  readonly server: UploadServer;
  readonly gateway: GatewayMemory;
  readonly settings: TransferSettings;
  readonly slots: RequestSlots;
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

/** One file on its way. */
export interface FileUpload {
  readonly storePath: string;
  /** Replaced by one that knows its fingerprint, once there is one. */
  source: EngineSource;
  readonly tracker: FileTracker;
  readonly patience: Patience;
  /** Set as soon as there is one, for errors to tell. */
  sessionId: string | undefined;
  /** Whether the server was made to forget what it had of an unfinished file. */
  isDropped: boolean;
}

export function newPatience({ settings, clock, random }: UploadRun): Patience {
  return new Patience(settings.retry, clock, random);
}

/** Patience that lasts for about so many seconds more than usual. */
export function patienceFor({ settings, clock, random }: UploadRun, seconds: number): Patience {
  const { maxRetries, maxRetryDelayMs } = settings.retry;
  // A wait is random: half of its upper end, on average.
  const more = Math.ceil((seconds * 1000) / Math.max(maxRetryDelayMs / 2, 1));
  return new Patience({ ...settings.retry, maxRetries: maxRetries + more }, clock, random);
}

/** Makes a small request that may be repeated, as often as `patience` allows. */
export async function withRetries<Value>(
  run: UploadRun,
  patience: Patience,
  request: () => Promise<Value>,
): Promise<Value> {
  for (;;) {
    try {
      const value = await run.slots.run("small", run.signal, request);
      run.gateway.hasAnswered = true;
      return value;
    } catch (error) {
      await waitOrThrow(run, patience, error);
    }
  }
}

/** Waits if it may help. Throws `error` otherwise, or the signal's reason when the upload shall end. */
export async function waitOrThrow(run: UploadRun, patience: Patience, error: unknown): Promise<void> {
  run.signal.throwIfAborted();
  if (isFabricError(error)) run.gateway.hasAnswered = true;
  if (!isTransient(error)) throw error;
  if (isUnreachable(error) && !run.gateway.hasAnswered) throw error;
  await patience.wait(error, run.signal);
}
