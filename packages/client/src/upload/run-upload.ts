import { linkedAbort } from "../async/abort.js";
import type { Clock } from "../async/clock.js";
import { Patience } from "../async/patience.js";
import { Limiter } from "../async/concurrency.js";
import { isCredentialError, isInvalidInputError } from "../errors/errors.js";
import { isTransient, isUnreadable } from "../errors/transient.js";
import { BufferPool } from "./buffer-pool.js";
import type { EngineSource } from "./byte-source.js";
import { blockMemory } from "./fingerprint.js";
import { ProgressTracker } from "./progress.js";
import {
  isUploadError,
  isVerificationError,
  SessionLostError,
  SourceError,
  UploadError,
  type UploadFailure,
} from "./upload-error.js";
import type { TransferSettings } from "./upload-options.js";
import type { FileNeeds, FileUpload, GatewayMemory, UploadRun } from "./upload-run.js";
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
  const patience = new Patience(run.settings.retry, run.clock, run.random);
  const tracker = run.progress.addFile(storePath, source.size);
  return {
    ...{ storePath, source, tracker, patience, needs },
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
  if ((isCredentialError(error) || isUnreadable(error)) && !gateway.hasAnswered) return "refused";
  if (isTransient(error) || error instanceof SessionLostError) return "no-progress";
  return isClientError(error) ? "refused" : "internal";
}

function isClientError(error: unknown): boolean {
  return error instanceof Error && ["FabricError", "NetworkError", "ProtocolError"].includes(error.name);
}
