import { linkedAbort } from "../async/clock.js";
import { isTransient } from "../errors/errors.js";
import type { RetryBudget } from "../http/retry.js";
import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import { readRange, sizeOf, sumOf } from "./byte-source.js";
import { SessionLostError } from "./upload-error.js";
import { type FileUpload, newRetryBudget, type UploadRun } from "./upload-run.js";
import { isIdConflict, isInvalidArgument, isReceivedBefore, isTooLarge } from "./upload-server.js";

/** What a round of chunks left open. Nothing, when all were accepted. */
export interface RoundOutcome {
  readonly acceptedBytes: number;
  /** Failures after which only the server can tell what it has. */
  readonly doubts: readonly unknown[];
}

/**
 * Sends chunks, several at a time. At the first doubt no further ones are begun, those under way are waited for: what
 * they bring need not be sent again. Any other failure stops them all and is thrown.
 */
export async function sendRound(
  run: UploadRun,
  file: FileUpload,
  sessionId: string,
  chunks: readonly ByteRange[],
  receivedBefore: number,
): Promise<RoundOutcome> {
  const waiting = [...chunks];
  const doubts: unknown[] = [];
  let acceptedBytes = 0;
  const round = linkedAbort(run.signal);
  const worker = async () => {
    while (waiting.length > 0) {
      const size = await run.slots.run("chunk", round.signal, async () => {
        const range = waiting.shift();
        return range === undefined ? 0 : sendChunk(run, file, sessionId, range, round.signal);
      });
      acceptedBytes += size;
      file.tracker.received(receivedBefore + acceptedBytes);
    }
  };
  const guarded = async () => {
    try {
      await worker();
    } catch (error) {
      waiting.length = 0;
      if (!round.signal.aborted && isDoubt(error)) doubts.push(error);
      else round.abort(error);
    }
  };
  try {
    const count = Math.min(run.settings.concurrency, chunks.length);
    await Promise.all(Array.from({ length: count }, guarded));
    round.signal.throwIfAborted();
  } finally {
    round.unlink();
  }
  return { acceptedBytes, doubts };
}

/** Returns how many bytes were accepted. */
async function sendChunk(
  run: UploadRun,
  file: FileUpload,
  sessionId: string,
  range: ByteRange,
  signal: AbortSignal,
): Promise<number> {
  const { storePath, source, tracker } = file;
  const size = sizeOf(range);
  const buffer = run.buffers.take(size);
  const bytes = await readRange(source, range, { buffer, abortSignal: signal });
  tracker.sent(size);
  const chunk = { storePath, sessionId, fileSize: source.size, range, bytes };
  await tracker.sending((onSent) => run.server.sendChunk(chunk, signal, onSent));
  // Not after a failure: who knows who still reads it.
  run.buffers.giveBack(buffer);
  run.gateway.hasAnswered = true;
  return size;
}

function isDoubt(error: unknown): boolean {
  return (
    isTransient(error) ||
    isReceivedBefore(error) ||
    isIdConflict(error) ||
    isInvalidArgument(error) ||
    isTooLarge(error)
  );
}

/** What a session holds, compared with what the server has said of it before. */
export type SessionNews = "as-known" | "more" | "lost";

/** Judges, each time the server was asked, whether the upload advances. Patience lasts as long as it does. */
export class SessionProgress {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  /** For sessions that are lost: counts how often, since more was reached than ever before. */
  readonly #losses: RetryBudget;
  /** Bytes that the session holds, as far as the server has said so. Undefined before that. */
  #received: number | undefined;
  #mostReceived = 0;
  #mostAtLastLoss = 0;

  constructor(run: UploadRun, file: FileUpload) {
    this.#run = run;
    this.#file = file;
    this.#losses = newRetryBudget(run);
  }

  /** Chunks were accepted, beyond those that the session held before. */
  accepted(received: number): void {
    const { tracker, retryBudget } = this.#file;
    if (received > (this.#received ?? 0)) retryBudget.progress();
    this.#received = received;
    if (received > 0) this.#file.isSessionGone = false;
    this.#mostReceived = Math.max(this.#mostReceived, received);
    tracker.received(received);
  }

  /** Takes what the server said when it was asked. */
  note(session: UploadSession | undefined): SessionNews {
    const received = session === undefined ? 0 : session.fileSize - sumOf(session.expectedRanges);
    const before = this.#received;
    if (before === undefined) this.#file.tracker.resumed(received);
    if (before === undefined || received >= before) {
      this.accepted(received);
      return before !== undefined && received > before ? "more" : "as-known";
    }
    this.#received = received;
    this.#file.isSessionGone = received === 0;
    return "lost";
  }

  /**
   * Waits before beginning again with a session that was lost, or has expired (protocol §2.8, §2.9). Throws
   * SessionLostError when that happens again and again.
   */
  async waitAfterLoss(): Promise<void> {
    if (this.#mostReceived > this.#mostAtLastLoss) this.#losses.progress();
    this.#mostAtLastLoss = this.#mostReceived;
    await this.#losses.wait(new SessionLostError(), this.#run.signal);
  }
}
