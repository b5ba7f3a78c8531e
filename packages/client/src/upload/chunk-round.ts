import { linkedAbort } from "../async/clock.js";
import { isTransient } from "../errors/errors.js";
import type { RetryBudget } from "../http/retry.js";
import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import { readRange, sizeOf, sumOf } from "./byte-source.js";
import { maxConcurrency } from "./upload-options.js";
import { type FileUpload, newRetryBudget, SessionLostError, type UploadRun } from "./upload-run.js";
import { isIdConflict, isInvalidArgument, isReceivedBefore, isTooLarge } from "./upload-server.js";

/** The result of a round of chunks. */
export interface RoundOutcome {
  readonly acceptedBytes: number;
  /** Failures after which the server may or may not have the chunk. */
  readonly unconfirmed: readonly unknown[];
}

/**
 * Sends chunks concurrently. After the first unconfirmed chunk, starts no more chunks but waits for those in progress, so that
 * they do not have to be sent again. Any other failure stops all chunks and is thrown.
 */
export async function sendRound(
  run: UploadRun,
  file: FileUpload,
  sessionId: string,
  chunks: readonly ByteRange[],
  receivedBefore: number,
): Promise<RoundOutcome> {
  const waiting = [...chunks];
  const unconfirmed: unknown[] = [];
  let acceptedBytes = 0;
  let isStopped = false;
  const round = linkedAbort(run.signal);
  const worker = async () => {
    for (let range = waiting.shift(); range !== undefined; range = waiting.shift()) {
      const chunk = range;
      const send = async () => (isStopped ? 0 : sendChunk(run, file, sessionId, chunk, round.signal));
      const size = await run.slots.run("chunk", round.signal, send, sizeOf(chunk));
      acceptedBytes += size;
      file.tracker.received(receivedBefore + acceptedBytes);
    }
  };
  const guarded = async () => {
    try {
      await worker();
    } catch (error) {
      waiting.length = 0;
      isStopped = true;
      if (!round.signal.aborted && mayBeReceived(error)) unconfirmed.push(error);
      else round.abort(error);
    }
  };
  try {
    const count = Math.min(maxConcurrency(run.settings), chunks.length);
    await Promise.all(Array.from({ length: count }, guarded));
    round.signal.throwIfAborted();
  } finally {
    round.unlink();
  }
  return { acceptedBytes, unconfirmed };
}

/** Returns the number of accepted bytes. */
async function sendChunk(
  run: UploadRun,
  file: FileUpload,
  sessionId: string,
  range: ByteRange,
  signal: AbortSignal,
): Promise<number> {
  const { storePath, source, tracker } = file;
  const size = sizeOf(range);
  const kept = run.buffers.takeContent(source, range);
  const buffer = kept ?? run.buffers.take(size);
  const bytes = kept?.subarray(0, size) ?? (await readRange(source, range, { buffer, abortSignal: signal }));
  tracker.sent(size);
  const chunk = { storePath, sessionId, fileSize: source.size, range, bytes };
  await tracker.sending(size, (onSent) => run.server.sendChunk(chunk, signal, onSent));
  // Do not release the buffer after a failure, because the platform may still be reading it.
  run.buffers.release(buffer);
  run.gateway.hasAnswered = true;
  return size;
}

function mayBeReceived(error: unknown): boolean {
  return (
    isTransient(error) ||
    isReceivedBefore(error) ||
    isIdConflict(error) ||
    isInvalidArgument(error) ||
    isTooLarge(error)
  );
}

/** How a session changed since the server last reported it. */
export type SessionChange = "unchanged" | "more" | "lost";

/** Tracks what the server has received. Progress resets the retry budget. */
export class SessionProgress {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  /** Counts lost sessions since the upload last got further than ever before. */
  readonly #losses: RetryBudget;
  /** The bytes that the server confirmed. Undefined until the server reported the session. */
  #received: number | undefined;
  #mostReceived = 0;
  #mostAtLastLoss = 0;

  constructor(run: UploadRun, file: FileUpload) {
    this.#run = run;
    this.#file = file;
    this.#losses = newRetryBudget(run);
  }

  /** Records how many bytes of the file the server has received. */
  accepted(received: number): void {
    const { tracker, retryBudget } = this.#file;
    if (received > (this.#received ?? 0)) retryBudget.progress();
    this.#received = received;
    if (received > 0) this.#file.isSessionGone = false;
    this.#mostReceived = Math.max(this.#mostReceived, received);
    tracker.received(received);
  }

  /** Records the session that the server reported. */
  note(session: UploadSession | undefined): SessionChange {
    const received = session === undefined ? 0 : session.fileSize - sumOf(session.expectedRanges);
    const before = this.#received;
    if (before === undefined) this.#file.tracker.resumed(received);
    if (before === undefined || received >= before) {
      this.accepted(received);
      return before !== undefined && received > before ? "more" : "unchanged";
    }
    this.#received = received;
    this.#file.isSessionGone = received === 0;
    return "lost";
  }

  /**
   * Waits before starting again after a session was lost or expired (protocol §2.8, §2.9). Throws SessionLostError if the
   * retries are used up.
   */
  async waitAfterLoss(): Promise<void> {
    if (this.#mostReceived > this.#mostAtLastLoss) this.#losses.progress();
    this.#mostAtLastLoss = this.#mostReceived;
    await this.#losses.wait(new SessionLostError(), this.#run.signal);
  }
}
