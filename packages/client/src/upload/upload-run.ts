import type { Clock } from "../async/clock.js";
import { Patience } from "../async/patience.js";
import type { Limiter } from "../async/concurrency.js";
import { isFabricError } from "../errors/errors.js";
import { isTransient, isUnreachable } from "../errors/transient.js";
import type { StoreFile } from "../operations/content.js";
import type { BufferPool } from "./buffer-pool.js";
import type { EngineSource } from "./byte-source.js";
import type { BlockMemory } from "./fingerprint.js";
import type { FileTracker, ProgressTracker } from "./progress.js";
import type { TransferSettings } from "./upload-options.js";
import type { UploadServer } from "./upload-server.js";

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
  readonly patience: Patience;
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

export function newPatience({ settings, clock, random }: UploadRun): Patience {
  return new Patience(settings.retry, clock, random);
}

/** How often a file is delivered again that the server says it stored and does not list. */
const mostRedeliveries = 3;

/** Patience for deliveries that the listing does not confirm: each sends whole files. */
export function newDeliveries({ settings, clock, random }: UploadRun): Patience {
  const { retry } = settings;
  const maxRetries = Math.min(retry.maxRetries, mostRedeliveries);
  return new Patience({ ...retry, maxRetries }, clock, random);
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
